//! The second projection: every reference gets its vector, whatever happens on the way, and the first projection is
//! never held up by it.

use std::sync::Arc;

use domain::event::{CustomerErased, Event, Offset};
use domain::ids::{EnrolmentId, EventId};
use domain::outcome::Outcome;
use domain::ports::{
    FaceCause, FaceModelFault, FaceModelId, FaceReader, FaceReaderError, FaceVectorRow, Topic,
};
use domain::rows::{EPOCH_LIMIT, Epoch, WriteTimestamp};
use domain::sealed::{Purpose, Purposes};
use projector::due_photos;
use serde_json::Value;
use testkit::byte_reader::{BREAKS, ByteReader, NO_FACE, TWO_FACES};
use testkit::keys_away::{AwayKeyRows, RowsAway};
use testkit::patience::PHOTOS_READ_WITHIN;
use vault::{FacePlace, UnsealError, Vault};

use crate::cli::projector;
use crate::world::{Running, World, until, until_within};

impl World {
    fn read_with(&self, vault: Vault, reader: &Arc<ByteReader>) -> Running {
        self.project_reading(vault, "one", Some(Arc::clone(reader) as Arc<dyn FaceReader>))
    }

    /// How many photos are due with the model; none before its first position.
    async fn due(&self, model: &FaceModelId) -> Option<u64> {
        let all = due_photos(&self.ports().ports, &*self.face_vectors()).await.expect("counted");
        let of = all.into_iter().find(|of| of.model == *model)?;
        assert!(!of.total().1, "everything was counted");
        Some(of.total().0)
    }

    /// Until no photo is due, and every partition is read to its end.
    pub(crate) async fn faces_read(&self, model: &FaceModelId) {
        until_within(PHOTOS_READ_WITHIN, "every photo is read", async || {
            let all = due_photos(&self.ports().ports, &*self.face_vectors()).await.expect("counted");
            all.iter().any(|of| {
                of.model == *model && of.partitions.iter().all(|of| of.next >= of.end && of.held.is_empty())
            })
        })
        .await;
        assert_eq!(self.due(model).await, Some(0));
    }

    pub(crate) async fn rows(&self, customer: usize) -> Vec<FaceVectorRow> {
        self.face_vectors().of_customer(self.customers[customer].customer(), None).await.expect("read")
    }

    async fn erase(&self, customer: usize, purpose: Purpose) {
        let purposes = Purposes::NONE.with(purpose);
        let customer = self.customers[customer].customer().clone();
        let event_id = EventId::from_bytes(self.name("erasure"));
        self.append(&Event::CustomerErased(CustomerErased {
            event_id,
            customer: customer.clone(),
            purposes,
        }))
        .await;
        self.vault.destroy(&customer, purposes).await.expect("destroyed");
    }

    /// Whether the row's vector is what the reader makes of that photo.
    fn is_of(&self, customer: usize, row: &FaceVectorRow, reader: &ByteReader, photo: &[u8]) -> bool {
        let keys = &self.customers[customer];
        let sealed = row.vector.as_ref().expect("a vector");
        let opened = keys.open_face_vector(FacePlace::of(row), sealed).expect("opens").expect("not erased");
        let crop = keys.open_face_crop(FacePlace::of(row), row.crop.as_ref().expect("a crop"));
        crop.expect("opens").expect("not erased");
        keys.photo_tag(photo) == Ok(row.photo_tag)
            && opened.cosine(&reader.vector(photo)).is_some_and(|cosine| cosine > 0.9999)
    }
}

fn reader(name: &str) -> Arc<ByteReader> {
    Arc::new(ByteReader::new(name, 1))
}

fn enrolment(event: &Event) -> EnrolmentId {
    event.reference_photo().expect("a reference").enrolment.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_reference_photo_gets_a_vector_or_a_cause() {
    let world = World::new(3).await;
    let reader = reader("a-model");
    let plain = world.verdict_with_photo(0, b"a photo");
    let source = world.append(&plain).await;
    world.append(&world.verdict_with_photo(1, &[NO_FACE, b"!"].concat())).await;
    world.append(&world.verdict_with_photo(1, &[TWO_FACES, b"!"].concat())).await;
    world.append(&world.verdict(2, false)).await;
    world.append_garbage(world.customers[2].customer()).await;
    let running = world.read_with(world.vault.clone(), &reader);
    world.faces_read(reader.model()).await;

    let [row] = &world.rows(0).await[..] else { panic!("one reference") };
    assert!(world.is_of(0, row, &reader, b"a photo"));
    assert_eq!(
        (&row.enrolment, row.event_id.clone(), row.source),
        (&enrolment(&plain), plain.event_id().clone(), source)
    );
    assert_eq!((&row.model, row.quality, row.cause), (reader.model(), Some(750), None));
    let causes: Vec<_> = world.rows(1).await.iter().map(|row| (row.cause, row.vector.is_some())).collect();
    assert_eq!(causes, [(Some(FaceCause::SeveralFaces), true), (Some(FaceCause::NoFace), false)]);
    assert_eq!(world.rows(2).await, [], "a declined verdict makes no reference");

    // And it goes on with what comes.
    world.append(&world.verdict_with_photo(0, b"another photo")).await;
    until("it is read", async || world.rows(0).await.len() == 2).await;
    assert!(world.is_of(0, &world.rows(0).await[0], &reader, b"another photo"));
    running.stop().await;
}

/// What is put in another's place does not open: neither the envelope alone nor the whole row.
#[tokio::test(flavor = "multi_thread")]
async fn two_customers_references_swapped_in_the_store_are_refused() {
    let world = World::new(2).await;
    let reader = reader("a-model");
    for (customer, photo) in [(0, &b"one"[..]), (0, b"two"), (1, b"three")] {
        world.append(&world.verdict_with_photo(customer, photo)).await;
    }
    let running = world.read_with(world.vault.clone(), &reader);
    world.faces_read(reader.model()).await;
    running.stop().await;
    let (of_first, of_second) = (world.rows(0).await, world.rows(1).await);
    let [two, one] = &of_first[..] else { panic!("two references") };
    let [three] = &of_second[..] else { panic!("one reference") };

    let vectors = world.face_vectors();
    let first = world.customers[0].customer();
    let swaps = [
        (
            "another customer's envelopes",
            FaceVectorRow { vector: three.vector.clone(), crop: three.crop.clone(), ..two.clone() },
        ),
        ("another customer's row", FaceVectorRow { customer: first.clone(), ..three.clone() }),
        (
            "the same customer's other envelopes",
            FaceVectorRow { vector: one.vector.clone(), crop: one.crop.clone(), ..two.clone() },
        ),
        ("the same customer's other row", FaceVectorRow { enrolment: two.enrolment.clone(), ..one.clone() }),
        (
            "another model's",
            FaceVectorRow { model: FaceModelId { sha256: [2; 32], ..two.model.clone() }, ..two.clone() },
        ),
    ];
    for ((what, swapped), n) in swaps.into_iter().zip(0..) {
        // Above every timestamp there is, so that it is the first row of all.
        let at = WriteTimestamp::upsert(Epoch(EPOCH_LIMIT - 1), Offset(n));
        vectors.put(at, &swapped).await.expect("an intruder's write");
        let stored = vectors.of_customer(first, None).await.expect("read").swap_remove(0);
        assert_eq!(stored, swapped);
        let keys = &world.customers[0];
        let vector = keys.open_face_vector(FacePlace::of(&stored), stored.vector.as_ref().expect("there"));
        assert_eq!(vector, Err(UnsealError::Tampered), "{what}");
        let crop = keys.open_face_crop(FacePlace::of(&stored), stored.crop.as_ref().expect("there"));
        assert_eq!(crop, Err(UnsealError::Tampered), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_customer_has_no_vectors_and_a_new_model_makes_none() {
    let world = World::new(2).await;
    let first = reader("a-model");
    for customer in [0, 1, 0] {
        world.append(&world.verdict_with_photo(customer, b"a photo")).await;
    }
    let running = world.read_with(world.vault.clone(), &first);
    world.faces_read(first.model()).await;
    assert_eq!((world.rows(0).await.len(), world.rows(1).await.len()), (2, 1));
    world.erase(0, Purpose::Biometric).await;
    // What is erased for another purpose says nothing of faces.
    world.erase(1, Purpose::Evidence).await;
    until("the vectors are gone", async || world.rows(0).await.is_empty()).await;
    world.faces_read(first.model()).await;
    assert_eq!(world.rows(1).await.len(), 1);
    running.stop().await;

    let second = reader("another-model");
    let running = world.read_with(world.vault.clone(), &second);
    world.faces_read(second.model()).await;
    assert_eq!(world.rows(0).await, []);
    assert_eq!(world.rows(1).await.len(), 2, "of both models");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_org_whose_key_is_away_waits_alone_and_over_restarts() {
    let mut world = World::new(2).await;
    let other = world.new_org(2).await;
    let reader = reader("a-model");
    let rows = Arc::new(AwayKeyRows::new(world.key_rows()));
    rows.set(&other, Some(RowsAway::Missing));
    for round in 1..=2 {
        let running = world.read_with(world.asking_vault(Some(rows.clone())), &reader);
        for customer in 0..4 {
            world.append(&world.verdict_with_photo(customer, b"a photo")).await;
        }
        until("the others are read", async || {
            world.rows(0).await.len() == round && world.rows(1).await.len() == round
        })
        .await;
        until("only they are due", async || world.due(reader.model()).await == Some(2 * round as u64)).await;
        assert_eq!((world.rows(2).await.len(), world.rows(3).await.len()), (0, 0));
        running.stop().await;
    }
    rows.set(&other, None);
    let running = world.read_with(world.asking_vault(Some(rows.clone())), &reader);
    world.faces_read(reader.model()).await;
    for customer in 0..4 {
        assert_eq!(world.rows(customer).await.len(), 2, "customer {customer}");
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_fails_is_waited_for_and_nothing_else_waits_with_it() {
    let world = World::new(4).await;
    let reader = reader("a-model");
    reader.fail(Some(FaceReaderError::Model(FaceModelFault {
        model: "a-model".into(),
        words: "broken".into(),
    })));
    let running = world.read_with(world.vault.clone(), &reader);
    for customer in 0..4 {
        world.append(&world.verdict_with_photo(customer, b"a photo")).await;
    }
    // The first projection is not held up by it.
    world.caught_up().await;
    let verified = world.outcomes().await.into_values();
    assert_eq!(verified.filter(|outcome| matches!(outcome, Outcome::VerificationCreated(_))).count(), 4);
    until("it was tried", async || reader.photos_read() >= 4).await;
    assert_eq!(world.rows(0).await, []);
    reader.fail(Some(FaceReaderError::Full));
    let tried = reader.photos_read();
    until("a full reader is asked again", async || reader.photos_read() > tried).await;
    reader.fail(None);
    world.faces_read(reader.model()).await;
    for customer in 0..4 {
        assert_eq!(world.rows(customer).await.len(), 1);
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_no_reader_survives_stops_nobody_behind_it() {
    let world = World::new(1).await;
    let reader = reader("a-model");
    world.append(&world.verdict_with_photo(0, &[BREAKS, b"!"].concat())).await;
    world.append(&world.verdict_with_photo(0, b"a photo")).await;
    let running = world.read_with(world.vault.clone(), &reader);
    world.faces_read(reader.model()).await;
    let causes: Vec<_> = world.rows(0).await.iter().map(|row| row.cause).collect();
    assert_eq!(causes, [None, Some(FaceCause::Undecodable)]);
    running.stop().await;
}

/// The verdict stands; its reference never has a vector.
#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_is_not_what_was_sealed_is_nobodys_reference() {
    let world = World::new(2).await;
    let reader = reader("a-model");
    let mut moved = world.verdict_with_photo(0, b"a photo");
    let (Event::DukcapilVerdictReceived(verdict), Event::DukcapilVerdictReceived(other)) =
        (&mut moved, world.verdict_with_photo(1, b"another's photo"))
    else {
        panic!("verdicts");
    };
    verdict.photo = other.photo;
    world.append(&moved).await;
    world.append(&world.verdict_with_photo(1, b"a photo")).await;
    let running = world.read_with(world.vault.clone(), &reader);
    world.faces_read(reader.model()).await;
    let [row] = &world.rows(0).await[..] else { panic!("one reference") };
    assert_eq!((row.cause, &row.vector, &row.crop), (Some(FaceCause::NotAuthentic), &None, &None));
    assert_eq!(Ok(row.photo_tag), world.customers[0].photo_tag(b""), "no photo's");
    assert_eq!(world.rows(1).await.len(), 1);
    running.stop().await;
}

/// Each photo may be read twice, and comes to one row.
#[tokio::test(flavor = "multi_thread")]
async fn killed_and_begun_again_it_comes_to_the_same() {
    const PHOTOS: usize = 120;
    let world = World::new(6).await;
    let reader = reader("a-model");
    for n in 0..PHOTOS {
        world.append(&world.verdict_with_photo(n % 6, format!("photo {n}").as_bytes())).await;
    }
    for part in 1..6 {
        let running = world.read_with(world.vault.clone(), &reader);
        let wanted = reader.photos_read() + PHOTOS / 8;
        until("some are read", async || {
            reader.photos_read() >= wanted || world.due(reader.model()).await == Some(0)
        })
        .await;
        if part % 2 == 0 { running.stop().await } else { running.kill() }
    }
    let running = world.read_with(world.vault.clone(), &reader);
    world.faces_read(reader.model()).await;
    for customer in 0..6 {
        let rows = world.rows(customer).await;
        assert_eq!(rows.len(), PHOTOS / 6);
        for (row, n) in rows.iter().rev().zip(0..) {
            let photo = format!("photo {}", n * 6 + customer);
            assert!(world.is_of(customer, row, &reader, photo.as_bytes()), "{photo}");
        }
    }
    running.stop().await;
}

/// Another model begins at the log's start; what the one before made stays.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_model_makes_its_vectors_beside_the_old_ones() {
    let world = World::new(2).await;
    let old = reader("a-model");
    for n in 0..10 {
        world.append(&world.verdict_with_photo(n % 2, format!("photo {n}").as_bytes())).await;
    }
    let running = world.read_with(world.vault.clone(), &old);
    world.faces_read(old.model()).await;
    running.stop().await;
    let before: Vec<_> = [world.rows(0).await, world.rows(1).await].concat();

    // The same name, another file.
    let new = Arc::new(ByteReader::new("a-model", 2));
    let running = world.read_with(world.vault.clone(), &new);
    world.append(&world.verdict_with_photo(0, b"photo 10")).await;
    world.faces_read(new.model()).await;
    let after: Vec<_> = [world.rows(0).await, world.rows(1).await].concat();
    assert!(before.iter().all(|row| after.contains(row)), "the old ones stay as they were");
    let made: Vec<_> = after.iter().filter(|row| row.model == *new.model()).collect();
    assert_eq!((before.len(), made.len()), (10, 11));
    assert_eq!(world.due(old.model()).await, Some(1), "the old one has not seen the last photo");
    running.stop().await;
    assert!(world.all(Topic::DeadLetters).await.is_empty());

    // So the program says too, which has no model.
    let folder = world.folder.path().to_str().expect("a path");
    let ran = projector(&["status", "--data-dir", folder, "--json"]).await;
    let said: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let due = [0, 1].map(|at| (said["faces"][at]["model"].clone(), said["faces"][at]["due"].clone()));
    let wanted = [(old.model(), 1), (new.model(), 0)];
    assert_eq!(due, wanted.map(|(model, due)| (model.to_string().into(), due.into())), "{ran:?}");
    let ran = projector(&["status", "--data-dir", folder]).await;
    assert!(ran.stdout.contains("photos due") && ran.stdout.contains(&old.model().to_string()), "{ran:?}");
}
