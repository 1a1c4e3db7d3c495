//! What happens in a simulation: registrations, verdicts, references, matches, captures, reviews, voids, retries, reused keys with another body,
//! records that cannot be applied, erasures, releases.

use bytes::Bytes;
use domain::capture::{ChallengePurpose, FlashColor};
use domain::classify::{CLASSIFIER_VERSION, ReasonCategory};
use domain::event::{
    AuditRef, CustomerErased, CustomerRegistered, CustomerReleased, DukcapilVerdictReceived, Event,
    FaceMatchDecided, FaceReferenceAdded, Fingerprint, FlashChallengeIssued, MatchReference, Offset,
    Partition, RiskLevel, SIMILARITY_CONTENT_TYPE, Source, TopicId,
};
use domain::ids::{ChallengeId, EnrolmentId, EventId, VerificationId};
use domain::ports::{FaceModelId, NewRecord};
use domain::raw_answer::{RawReading, RawShape};
use domain::rows::FaceSource;
use domain::sealed::{Field, Purposes, Sealed, SealedMedia};
use domain::time::Timestamp;
use event_codec::Meta;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use vault::SealContext;

use crate::captures;
use crate::rechecks;
use crate::voids;
use crate::world::{Customer, World};

/// Events of one simulation.
const EVENTS: std::ops::RangeInclusive<usize> = 5..=40;

/// Few, so that the same idempotency key comes again and again.
const IDEMPOTENCY_KEYS: u8 = 6;

const META: Meta<'static> = Meta { time: Timestamp::EPOCH, traceparent: None };

pub(crate) fn write(world: &mut World, rng: &mut ChaCha8Rng) -> Vec<NewRecord> {
    let mut script = Vec::new();
    for customer in &world.customers {
        // Some customers never get as far as their registration: their verdicts are poison.
        if rng.random_range(0..10) > 0 {
            script.push(encode(world, &registered(customer)));
        }
    }
    for _ in 0..rng.random_range(EVENTS) {
        let customer = &world.customers[rng.random_range(0..world.customers.len())];
        let record = match rng.random_range(0..40) {
            0 => encode(world, &registered(customer)),
            1 | 2 => broken(world, customer, rng),
            3 => encode(world, &erased(customer, rng)),
            4..=6 => encode(world, &released(customer, rng)),
            7 => NewRecord {
                key: Bytes::from_static(b"nobody"),
                headers: Vec::new(),
                value: Bytes::from_static(b"\0nothing"),
            },
            8..=12 => encode(world, &reference(customer, rng)),
            13..=16 => encode(world, &face_match(customer, rng)),
            17..=20 => encode(world, &captures::capture(customer, rng)),
            21..=23 => encode(world, &captures::review(customer, rng)),
            24..=26 => encode(world, &challenge(customer, rng)),
            27..=29 => encode(world, &rechecks::failure(customer, rng)),
            30 => encode(world, &rechecks::closing(customer, rng)),
            31..=33 => encode(world, &voids::void(customer, rng)),
            _ => encode(world, &verdict(customer, rng)),
        };
        script.push(record);
    }
    script
}

fn encode(world: &World, event: &Event) -> NewRecord {
    world.codec.event(event, &META).expect("an event of ours")
}

pub(crate) fn seal(customer: &Customer, event_id: &EventId, field: Field, content_type: &str) -> Sealed {
    let context = SealContext { event_id, field, content_type };
    customer.keys.seal(&context, b"synthetic").expect("keys that are there")
}

fn registered(customer: &Customer) -> Event {
    let event_id = customer.keys.row().registration_event_id.clone();
    Event::CustomerRegistered(CustomerRegistered {
        full_name: seal(customer, &event_id, Field::FullName, "text/plain"),
        external_id: None,
        event_id,
        customer: customer.id.clone(),
        body_fingerprint: Fingerprint([0; 32]),
    })
}

/// One of a few idempotency keys, as a name of the customer's in that endpoint; now and then with another body.
pub(crate) fn named(customer: &Customer, endpoint: u8, rng: &mut ChaCha8Rng) -> ([u8; 16], u8) {
    let key = rng.random_range(0..IDEMPOTENCY_KEYS);
    let body = key * 2 + u8::from(rng.random_range(0..5) == 0);
    let mut name = customer.id.customer.as_str().as_bytes()[4..20].to_owned();
    (name[14], name[15]) = (endpoint, key);
    (name.try_into().expect("16 bytes"), body)
}

pub(crate) fn audit() -> AuditRef {
    let source = Source { topic_id: TopicId([2; 16]), partition: Partition(0), offset: Offset(0) };
    AuditRef { source, value_sha256: [0; 32] }
}

/// A reference that came by itself; now and then one that claims to be the registry's, which cannot be applied.
fn reference(customer: &Customer, rng: &mut ChaCha8Rng) -> Event {
    let (name, body) = named(customer, 1, rng);
    let event_id = EventId::from_bytes(name);
    let lies = rng.random_range(0..12) == 0;
    Event::FaceReferenceAdded(FaceReferenceAdded {
        customer: customer.id.clone(),
        enrolment_id: EnrolmentId::from_bytes(name),
        face_source: if lies { FaceSource::Dukcapil } else { FaceSource::OnboardingSelfie },
        photo: SealedMedia::Inline(seal(customer, &event_id, Field::Photo, "image/png")),
        photo_content_type: "image/png".to_owned(),
        body_fingerprint: Fingerprint([body; 32]),
        audit: audit(),
        event_id,
    })
}

/// A match against any kind of reference, whether or not one stands: that was decided before.
fn face_match(customer: &Customer, rng: &mut ChaCha8Rng) -> Event {
    let (of_verdict, _) = named(customer, 0, rng);
    let (name, body) = named(customer, 2, rng);
    let event_id = EventId::from_bytes(name);
    let matched = body % 3 != 0;
    let noticed = body % 5 == 0;
    Event::FaceMatchDecided(FaceMatchDecided {
        customer: customer.id.clone(),
        verification_id: VerificationId::from_bytes(name),
        matched,
        risk_level: RiskLevel::Medium,
        threshold_milli: 450,
        model: FaceModelId { name: "a-model".to_owned(), sha256: [body; 32] },
        liveness: (body % 4 == 0).then(|| VerificationId::from_bytes([body; 16])),
        score: u32::from(body % 11) * 10,
        similarity: seal(customer, &event_id, Field::MatchSimilarity, SIMILARITY_CONTENT_TYPE),
        reference: MatchReference {
            // Half of them against a verdict's photo, so that voids of it take them too.
            enrolment_id: EnrolmentId::from_bytes(if body % 2 == 0 { of_verdict } else { [body; 16] }),
            face_source: FaceSource::ALL[usize::from(body % 4)],
            enrolled_at: Timestamp::EPOCH,
        },
        signals: if noticed { vec!["probe_equals_reference".to_owned()] } else { Vec::new() },
        reason_category: (!matched).then_some(ReasonCategory::NoMatch),
        policy_version: rng.random_range(1..=3),
        body_fingerprint: Fingerprint([body; 32]),
        audit: audit(),
        event_id,
    })
}

/// A challenge, now and then the same again, and more of them than may be within ten minutes; now and then one whose colours
/// have no times, which cannot be applied.
fn challenge(customer: &Customer, rng: &mut ChaCha8Rng) -> Event {
    let (name, body) = named(customer, 3, rng);
    let uneven = rng.random_range(0..12) == 0;
    Event::FlashChallengeIssued(FlashChallengeIssued {
        event_id: EventId::from_bytes(name),
        customer: customer.id.clone(),
        challenge_id: ChallengeId::from_bytes(name),
        purpose: ChallengePurpose::ALL[usize::from(body % 2)],
        colors: vec![FlashColor::Red, FlashColor::White, FlashColor::Blue],
        hold_ms: if uneven { vec![350] } else { vec![350, 400, 450] },
        issued_at: Timestamp::from_millis(i64::from(body) * 60_000),
        ttl_ms: 90_000,
    })
}

/// Of an earlier build, of one that noticed nothing, and of one that did: the same for ever under one name and body.
fn raw_reading(body: u8) -> Option<RawReading> {
    let words: &[&str] = match body % 3 {
        0 => return None,
        1 => &[],
        _ => &["photo_in_raw", "valid_but_mismatch_minor"],
    };
    let signals = words.iter().map(|word| (*word).to_owned()).collect();
    Some(RawReading { shape: Some(RawShape::Elements), signals, quota_counter: Some(7), classifier: 1 })
}

/// A verdict named by one of a few idempotency keys.
fn verdict(customer: &Customer, rng: &mut ChaCha8Rng) -> Event {
    let (name, body) = named(customer, 0, rng);
    let valid = body % 3 != 0;
    let event_id = EventId::from_bytes(name);
    Event::DukcapilVerdictReceived(DukcapilVerdictReceived {
        customer: customer.id.clone(),
        verification_id: VerificationId::from_bytes(name),
        enrolment_id: valid.then(|| EnrolmentId::from_bytes(name)),
        valid,
        photo: valid.then(|| SealedMedia::Inline(seal(customer, &event_id, Field::Photo, "image/jpeg"))),
        photo_content_type: valid.then(|| "image/jpeg".to_owned()),
        // The photo is nothing to the projections here: what else a valid one brings decides whether it needs a key.
        reason: (!valid || body % 2 == 0).then(|| seal(customer, &event_id, Field::Reason, "text/plain")),
        reason_category: (!valid).then_some(ReasonCategory::Mismatch),
        classifier_version: CLASSIFIER_VERSION,
        body_fingerprint: Fingerprint([body; 32]),
        policy_version: rng.random_range(1..=2),
        audit: audit(),
        raw_reading: raw_reading(body),
        event_id,
    })
}

/// A verdict that cannot be applied: not Avro, a reason with a flipped bit, or under another's key. Where there is no
/// reason the photo's bit is flipped, and nobody here looks at it.
fn broken(world: &World, customer: &Customer, rng: &mut ChaCha8Rng) -> NewRecord {
    let mut event = verdict(customer, rng);
    let Event::DukcapilVerdictReceived(verdict) = &mut event else { unreachable!("a verdict was made") };
    match rng.random_range(0..3) {
        0 => NewRecord { value: Bytes::from_static(b"\0\0\0"), ..encode(world, &event) },
        1 => {
            let flip = |sealed: &Sealed| {
                let mut bytes = sealed.as_bytes().to_vec();
                let last = bytes.len() - 1;
                bytes[last] ^= 1;
                Sealed::from_envelope(bytes.into())
            };
            if let Some(reason) = &verdict.reason {
                verdict.reason = Some(flip(reason));
            } else if let Some(SealedMedia::Inline(photo)) = &verdict.photo {
                verdict.photo = Some(SealedMedia::Inline(flip(photo)));
            }
            encode(world, &event)
        }
        _ => {
            let other = &world.customers[rng.random_range(0..world.customers.len())];
            NewRecord { key: other.id.record_key().into(), ..encode(world, &event) }
        }
    }
}

fn erased(customer: &Customer, rng: &mut ChaCha8Rng) -> Event {
    Event::CustomerErased(CustomerErased {
        event_id: EventId::from_bytes(rng.random()),
        customer: customer.id.clone(),
        purposes: Purposes::from_bits(rng.random_range(1..8)),
    })
}

fn released(customer: &Customer, rng: &mut ChaCha8Rng) -> Event {
    Event::CustomerReleased(CustomerReleased {
        event_id: EventId::from_bytes(rng.random()),
        customer: customer.id.clone(),
    })
}
