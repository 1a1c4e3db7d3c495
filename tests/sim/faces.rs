//! The second projection by a seed: whatever fails, crashes or is done twice, at the end every reference photo of the log
//! has the row that it comes to, and no erased customer has one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::event::Source;
use domain::ids::EnrolmentId;
use domain::orgs::Suite;
use domain::ports::{EventLog as _, FaceCause, FaceModelFault, FaceReaderError, FaceVectors as _, Topic};
use domain::sealed::{Field, Purpose};
use projector::due_photos;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use testkit::byte_reader::ByteReader;
use testkit::faults::{FaultRates, NO_FAULTS};
use testkit::memory::{MemoryFaceVectors, MemoryLog, MemoryViews};
use tokio::task::JoinSet;
use tokio::time::Instant;
use vault::{FacePlace, SealContext};

use crate::world::{CATCH_UP_MAX, World};
use crate::{PROJECTORS_MAX, every_seed, script};

/// Fewer than of the first projection's: what may happen to it is less.
const SEEDS: u64 = 1_000;

#[test]
fn any_faults_leave_each_reference_with_what_its_photo_comes_to() {
    every_seed(SEEDS, |seed| Box::pin(simulate(seed)));
}

async fn simulate(seed: u64) -> u64 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let log = MemoryLog::with_zombies(rng.random_range(1..=3));
    let (views, vectors) = (MemoryViews::default(), MemoryFaceVectors::default());
    let reader = Arc::new(ByteReader::new("a-model", 1));
    let keys_go = rng.random_range(0..3) == 0;
    let mut world = World::new(&mut rng, keys_go).await;
    let script = script::write(&mut world, &mut rng);
    let rates = FaultRates {
        fail_before: rng.random_range(0..60),
        fail_after: rng.random_range(0..60),
        crash: rng.random_range(0..40),
    };
    let mut projectors = JoinSet::new();
    let mut ended = 0;
    for record in script {
        if keys_go && rng.random_range(0..6) == 0 {
            world.keys_go(&mut rng);
        }
        if rng.random_range(0..6) == 0 {
            reader.fail(fault(&mut rng));
        }
        log.append(Topic::Events, record).await.expect("the log beneath has no faults");
        while projectors.try_join_next().is_some() {
            ended += 1;
        }
        if projectors.is_empty() || projectors.len() < PROJECTORS_MAX && rng.random_range(0..8) == 0 {
            let faces = Some((&vectors, &reader));
            projectors.spawn(world.project_reading(&log, &views, rng.random(), rates, false, faces));
        }
        if rng.random_range(0..25) == 0 {
            projectors.abort_all();
        }
        tokio::time::sleep(Duration::from_millis(rng.random_range(0..40))).await;
    }
    tokio::time::sleep(Duration::from_millis(rng.random_range(0..200))).await;
    projectors.abort_all();
    while projectors.join_next().await.is_some() {
        ended += 1;
    }
    world.keys_come();
    reader.fail(None);
    catch_up(&world, &log, &views, (&vectors, &reader), rng.random()).await;
    compare(&world, &log, &vectors, &reader).await;
    ended
}

fn fault(rng: &mut ChaCha8Rng) -> Option<FaceReaderError> {
    match rng.random_range(0..4) {
        0 => Some(FaceReaderError::Full),
        1 => {
            Some(FaceReaderError::Model(FaceModelFault { model: "a-model".into(), words: "a fault".into() }))
        }
        _ => None,
    }
}

/// Without faults, until every photo is read.
async fn catch_up(
    world: &World,
    log: &MemoryLog,
    views: &MemoryViews,
    faces: (&MemoryFaceVectors, &Arc<ByteReader>),
    seed: u64,
) {
    let began = Instant::now();
    let ports = world.faultless(log, views);
    let mut projector = tokio::spawn(world.project_reading(log, views, seed, NO_FAULTS, true, Some(faces)));
    loop {
        let due = due_photos(&ports, faces.0).await.expect("counted");
        let ends = log.offsets(Topic::Events).await.expect("no faults");
        // A partition without a record has no position.
        let wanted = ends.iter().any(|range| range.end.0 > 0);
        let read =
            due.iter().all(|of| of.partitions.iter().all(|of| of.next >= of.end && of.held.is_empty()));
        if read && (!due.is_empty() || !wanted) {
            break;
        }
        assert!(began.elapsed() < CATCH_UP_MAX, "the photos of a partition stand still");
        tokio::select! {
            ended = &mut projector => panic!("the projector ended: {ended:?}"),
            () = tokio::time::sleep(Duration::from_millis(1)) => {}
        }
    }
    projector.abort();
    let _ = projector.await;
}

/// What each photo of the log comes to, worked out from the log alone.
async fn compare(world: &World, log: &MemoryLog, vectors: &MemoryFaceVectors, reader: &ByteReader) {
    for customer in &world.customers {
        let mut wanted: BTreeMap<Source, (EnrolmentId, Option<FaceCause>)> = BTreeMap::new();
        for record in log.all(Topic::Events) {
            if record.key != customer.id.record_key().as_bytes() {
                continue;
            }
            let Ok(event) = world.codec.decode_event(&record) else { continue };
            if *event.customer() != customer.id {
                continue;
            }
            if event.as_erasure().is_some_and(|erased| erased.purposes.contains(Purpose::Biometric)) {
                wanted.clear();
            }
            let Some(photo) = event.reference_photo().filter(|_| event.is_consistent()) else { continue };
            let place = SealContext {
                event_id: event.event_id(),
                field: Field::Photo,
                content_type: photo.content_type,
            };
            let opened = customer.keys.open(&place, photo.media.inline().expect("in the event"));
            let cause = opened.is_err().then_some(FaceCause::NotAuthentic);
            wanted.insert(record.source, (photo.enrolment.clone(), cause));
        }
        let rows = vectors.of_customer(&customer.id, None).await.expect("read");
        let found: BTreeMap<_, _> =
            rows.iter().map(|row| (row.source, (row.enrolment.clone(), row.cause))).collect();
        assert_eq!(found, wanted);
        assert_eq!(rows.len(), wanted.len());
        for row in rows.iter().filter(|row| row.cause.is_none()) {
            let sealed = row.vector.as_ref().expect("a vector");
            let opened = customer.keys.open_face_vector(FacePlace::of(row), sealed);
            let cosine = opened.expect("opens").expect("not destroyed").cosine(&reader.vector(b"synthetic"));
            assert!(cosine.is_some_and(|cosine| cosine > 0.9999), "{cosine:?}");
            assert_eq!(vault::suite_of_envelope(sealed), Some(Suite::Aes256GcmSiv));
        }
    }
}
