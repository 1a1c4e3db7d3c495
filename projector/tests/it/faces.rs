//! References that came by themselves and matches: projected, repeated, rebuilt, erased.

use domain::event::{
    AuditRef, CustomerErased, Event, FaceMatchDecided, FaceReferenceAdded, Fingerprint, MatchReference,
    Offset, Partition, RiskLevel, SIMILARITY_CONTENT_TYPE, Source, TopicId,
};
use domain::ids::{EnrolmentId, EventId, VerificationId};
use domain::outcome::Outcome;
use domain::policy::Tier;
use domain::ports::FaceModelId;
use domain::rows::{FaceSource, RowKey, ViewRow};
use domain::sealed::{Field, Purpose, SealedMedia};
use domain::time::Timestamp;

use crate::world::{World, quick, seal};

fn audit() -> AuditRef {
    let source = Source { topic_id: TopicId([2; 16]), partition: Partition(0), offset: Offset(0) };
    AuditRef { source, value_sha256: [0; 32] }
}

fn reference(world: &World, name: [u8; 16], body: u8) -> Event {
    let (keys, event_id) = (&world.customers[0], EventId::from_bytes(name));
    Event::FaceReferenceAdded(FaceReferenceAdded {
        customer: keys.customer().clone(),
        enrolment_id: EnrolmentId::from_bytes(name),
        face_source: FaceSource::OnboardingSelfie,
        photo: SealedMedia::Inline(seal(keys, &event_id, Field::Photo, "image/png")),
        photo_content_type: "image/png".to_owned(),
        body_fingerprint: Fingerprint([body; 32]),
        audit: audit(),
        event_id,
    })
}

fn matched(world: &World, name: [u8; 16]) -> Event {
    let (keys, event_id) = (&world.customers[0], EventId::from_bytes(name));
    Event::FaceMatchDecided(FaceMatchDecided {
        customer: keys.customer().clone(),
        verification_id: VerificationId::from_bytes(name),
        matched: true,
        risk_level: RiskLevel::Medium,
        threshold_milli: 450,
        model: FaceModelId { name: "a-model".to_owned(), sha256: [7; 32] },
        liveness: None,
        score: 80,
        similarity: seal(keys, &event_id, Field::MatchSimilarity, SIMILARITY_CONTENT_TYPE),
        reference: MatchReference {
            enrolment_id: EnrolmentId::from_bytes(name),
            face_source: FaceSource::Dukcapil,
            enrolled_at: Timestamp::EPOCH,
        },
        signals: vec!["probe_equals_reference".to_owned()],
        reason_category: None,
        policy_version: 1,
        body_fingerprint: Fingerprint([9; 32]),
        audit: audit(),
        event_id,
    })
}

/// How many verifications, enrolments, references, tier changes and signals there are of the customer.
async fn rows(world: &World) -> [usize; 5] {
    let inspection = world.ports().inspection;
    let customer = world.customers[0].customer().clone();
    let rows = inspection.rows_of(world.live().await, &[customer]).await.expect("rows").remove(0);
    let mut counts = [0; 5];
    for (_, row) in rows {
        let at = match row {
            ViewRow::Verification(_) => 0,
            ViewRow::Enrolment(_) => 1,
            ViewRow::Reference(_) => 2,
            ViewRow::TierEvent(_) => 3,
            ViewRow::Signal(_) => 4,
            _ => continue,
        };
        counts[at] += 1;
    }
    counts
}

async fn tier(world: &World) -> Tier {
    let key = [RowKey::State(world.customers[0].customer().clone())];
    let projection = world.ports().ports.projection;
    let row = projection.load(world.live().await, &key).await.expect("loaded").pop().flatten();
    let Some(ViewRow::State(state)) = row else { panic!("a state") };
    state.kyc.tier
}

#[tokio::test(flavor = "multi_thread")]
async fn references_and_matches_are_projected_repeated_rebuilt_and_erased() {
    let world = World::new(1).await;
    let (selfie, decided) = (world.name("selfie"), world.name("match"));
    let running = world.project("one");
    world.append(&world.verdict(0, true)).await;
    world.append(&reference(&world, selfie, 1)).await;
    world.append(&matched(&world, decided)).await;
    world.caught_up().await;
    assert_eq!((rows(&world).await, tier(&world).await), ([2, 2, 1, 2, 1], Tier::Premium));
    running.stop().await;

    // To one that must ask the store what stands: the same again, and another body under that id.
    let running = world.project("two");
    world.append(&reference(&world, selfie, 1)).await;
    world.append(&reference(&world, selfie, 2)).await;
    world.append(&matched(&world, decided)).await;
    world.caught_up().await;
    let ports = world.ports();
    let books = ports.ports.projection.books(world.live().await).await.expect("books").remove(0).books;
    assert_eq!((books.read, books.applied, books.duplicate, books.conflict), (7, 4, 2, 1));
    let report = world.rebuild(quick()).await.expect("rebuilt");
    let comparison = report.comparison.expect("compared");
    assert_eq!((comparison.different, comparison.old), (0, comparison.new), "{:?}", comparison.shown);
    assert_eq!((rows(&world).await, tier(&world).await), ([2, 2, 1, 2, 1], Tier::Premium));

    let customer = world.customers[0].customer().clone();
    let purposes = [Purpose::Biometric].into_iter().collect();
    let event_id = EventId::from_bytes(world.name("erasure"));
    world.append(&Event::CustomerErased(CustomerErased { event_id, customer, purposes })).await;
    world.append(&reference(&world, world.name("selfie"), 3)).await;
    world.append(&matched(&world, world.name("match"))).await;
    world.append(&reference(&world, selfie, 1)).await;
    world.caught_up().await;
    running.stop().await;
    assert_eq!((rows(&world).await, tier(&world).await), ([2, 0, 1, 2, 1], Tier::Premium));
    let books = ports.ports.projection.books(world.live().await).await.expect("books").remove(0).books;
    assert_eq!((books.read, books.applied, books.refused, books.duplicate), (11, 5, 2, 3));
    let outcomes = world.outcomes().await;
    let enrolled = outcomes.values().filter(|outcome| matches!(outcome, Outcome::FaceEnrolled(_)));
    assert_eq!(enrolled.count(), 2, "one of the verdict, one of the selfie, whoever was told again");
}
