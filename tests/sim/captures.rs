//! Captured cards and their reviews in a simulation: of few challenges, so that a second bundle and a second review come
//! again and again, and a review now and then before its capture or of something else.

use domain::capture::{
    AssuranceTier, CaptureAssessment, CaptureVerdict, FlashColor, FusedVerdict, VoterPanel,
};
use domain::classify::ReasonCategory;
use domain::event::{
    Event, Fingerprint, KTP_TEXT_CONTENT_TYPE, KtpCaptureAssessed, ShownChallenge, VOTER_VALUES_CONTENT_TYPE,
    VerificationReviewed,
};
use domain::ids::{ChallengeId, EnrolmentId, EventId, KtpBundleId, VerificationId, derived};
use domain::rows::VerificationStatus;
use domain::sealed::{Field, SealedMedia};
use domain::time::Timestamp;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use crate::rechecks::declared;
use crate::script::{audit, named, seal};
use crate::world::Customer;

/// Where its verification is among the customer's names.
const CAPTURES: u8 = 3;

pub(crate) fn capture(customer: &Customer, rng: &mut ChaCha8Rng) -> Event {
    let (name, body) = named(customer, CAPTURES, rng);
    let event_id = EventId::from_bytes(name);
    let verdict = CaptureVerdict::ALL[usize::from(body % 3)];
    // Now and then one that failed and yet has a portrait, which cannot be applied.
    let lies = rng.random_range(0..12) == 0;
    let has_portrait = lies || (verdict != CaptureVerdict::Failed && body % 4 != 3);
    let panel = |fused| VoterPanel { fused, voters: Vec::new() };
    let photo = || SealedMedia::Inline(seal(customer, &event_id, Field::Photo, "image/jpeg"));
    Event::KtpCaptureAssessed(KtpCaptureAssessed {
        customer: customer.id.clone(),
        verification_id: VerificationId::from_bytes(name),
        enrolment_id: has_portrait.then(|| EnrolmentId::from_bytes(name)),
        assessment: Box::new(CaptureAssessment {
            bundle: KtpBundleId::from_bytes([body; 16]),
            challenge: ChallengeId::from_bytes(name),
            engine: "ktp1".to_owned(),
            policy_version: 1,
            models: Vec::new(),
            verdict,
            assurance: AssuranceTier::Low,
            anti_spoof: panel(FusedVerdict::Live),
            tamper: panel(FusedVerdict::Unclear),
            text: None,
            guidance: Vec::new(),
            frames_stored: 0,
            values: Some(seal(customer, &event_id, Field::VoterValues, VOTER_VALUES_CONTENT_TYPE)),
        }),
        challenge: ShownChallenge {
            colors: vec![FlashColor::Red],
            hold_ms: vec![400],
            issued_at: Timestamp::EPOCH,
        },
        score: None,
        reason_category: (verdict != CaptureVerdict::Passed).then_some(ReasonCategory::Unclear),
        text: Some(seal(customer, &event_id, Field::KtpText, KTP_TEXT_CONTENT_TYPE)),
        portrait: has_portrait.then(photo),
        portrait_content_type: has_portrait.then(|| "image/jpeg".to_owned()),
        review_copy: None,
        review_key_id: None,
        signals: if body % 5 == 0 { vec!["client_clock_skew".to_owned()] } else { Vec::new() },
        fallback: (body % 3 == 1).then(|| declared(name, rng)),
        policy_version: rng.random_range(1..=3),
        body_fingerprint: Fingerprint([body; 32]),
        audit: audit(),
        event_id,
    })
}

/// Of a capture's verification, or now and then of a verdict's, which nobody reviews.
pub(crate) fn review(customer: &Customer, rng: &mut ChaCha8Rng) -> Event {
    let endpoint = if rng.random_range(0..8) == 0 { 0 } else { CAPTURES };
    let (of, _) = named(customer, endpoint, rng);
    let (name, body) = named(customer, 4, rng);
    // The name of a review has its verification in it: no event id is of two.
    let of_name =
        name.into_iter().fold(0, |all: u64, byte| all.wrapping_mul(257).wrapping_add(u64::from(byte)));
    let of_id = VerificationId::from_bytes(of);
    let event_id = EventId::from_bytes(derived(EventId::PREFIX, of_id.as_str(), of_name));
    let verified = body % 2 == 0;
    Event::VerificationReviewed(VerificationReviewed {
        customer: customer.id.clone(),
        verification_id: of_id,
        to_status: if verified { VerificationStatus::Verified } else { VerificationStatus::Failed },
        reason_code: if verified { "looks_genuine" } else { "retake" }.to_owned(),
        note: (body % 3 == 0).then(|| seal(customer, &event_id, Field::ReviewNote, "text/plain")),
        by: "rina".to_owned(),
        policy_version: rng.random_range(1..=3),
        body_fingerprint: (body % 5 != 0).then_some(Fingerprint([body; 32])),
        event_id,
    })
}
