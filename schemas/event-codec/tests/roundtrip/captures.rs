//! How any record about a capture or its review is made.

use domain::capture::{
    AssuranceTier, CaptureAssessment, CaptureVerdict, FlashColor, FusedVerdict, GuidanceCode, Measure,
    TextAgreement, TextSource, VoterFinding, VoterPanel, VoterState,
};
use domain::event::{CaptureEvidence, KtpCaptureAssessed, ShownChallenge, VerificationReviewed};
use domain::ids::{ChallengeId, KtpBundleId};
use domain::outcome::ReviewRecorded;
use domain::ports::FaceModelId;
use domain::rows::VerificationStatus;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::compliance::binding;
use super::faces::{audit_ref, enrolment_id};
use super::rechecks::declared;
use super::{
    category, customer, enrolment, event_id, fingerprint, media, sealed, source, time, verification_id,
};

fn voter() -> impl Strategy<Value = VoterFinding> {
    (any::<String>(), select(&VoterState::ALL[..]), any::<String>(), of(any::<i64>())).prop_map(
        |(name, state, reason, threshold)| VoterFinding {
            name,
            state,
            reason,
            value: None,
            threshold: threshold.map(Measure::from_millionths),
        },
    )
}

fn panel() -> impl Strategy<Value = VoterPanel> {
    (select(&FusedVerdict::ALL[..]), vec(voter(), 0..4))
        .prop_map(|(fused, voters)| VoterPanel { fused, voters })
}

fn agreement() -> impl Strategy<Value = TextAgreement> {
    let names = || vec(any::<String>(), 0..4);
    (select(&TextSource::ALL[..]), names(), names()).prop_map(|(source, agreed, disagreed)| TextAgreement {
        source,
        agreed,
        disagreed,
    })
}

fn assessment() -> impl Strategy<Value = CaptureAssessment> {
    let model = (any::<String>(), any::<[u8; 32]>()).prop_map(|(name, sha256)| FaceModelId { name, sha256 });
    let ids = (any::<[u8; 16]>(), any::<[u8; 16]>(), any::<String>(), any::<[u32; 2]>(), vec(model, 0..3));
    let words = (
        select(&CaptureVerdict::ALL[..]),
        select(&AssuranceTier::ALL[..]),
        vec(select(&GuidanceCode::ALL[..]), 0..4),
    );
    (ids, words, panel(), panel(), of(agreement()), of(sealed())).prop_map(
        |(ids, words, anti_spoof, tamper, text, values)| CaptureAssessment {
            bundle: KtpBundleId::from_bytes(ids.0),
            challenge: ChallengeId::from_bytes(ids.1),
            engine: ids.2,
            policy_version: ids.3[0],
            models: ids.4,
            verdict: words.0,
            assurance: words.1,
            anti_spoof,
            tamper,
            text,
            guidance: words.2,
            frames_stored: ids.3[1],
            values,
        },
    )
}

fn challenge() -> impl Strategy<Value = ShownChallenge> {
    (vec(select(&FlashColor::ALL[..]), 0..9), vec(any::<u32>(), 0..9), time())
        .prop_map(|(colors, hold_ms, issued_at)| ShownChallenge { colors, hold_ms, issued_at })
}

pub(crate) fn capture() -> impl Strategy<Value = KtpCaptureAssessed> {
    let ids = (event_id(), customer(), verification_id(), of(enrolment_id()), fingerprint());
    let envelopes = (of(sealed()), of(media()), of(any::<String>()), of(media()), of(any::<String>()));
    let words = (of(any::<u32>()), of(category()), vec(any::<String>(), 0..4), any::<u32>());
    (ids, assessment(), challenge(), envelopes, words, audit_ref(), of(declared())).prop_map(
        |(ids, assessment, challenge, envelopes, words, audit, fallback)| KtpCaptureAssessed {
            event_id: ids.0,
            customer: ids.1,
            verification_id: ids.2,
            enrolment_id: ids.3,
            assessment: Box::new(assessment),
            challenge,
            score: words.0,
            reason_category: words.1,
            text: envelopes.0,
            portrait: envelopes.1,
            portrait_content_type: envelopes.2,
            review_copy: envelopes.3,
            review_key_id: envelopes.4,
            signals: words.2,
            fallback,
            policy_version: words.3,
            body_fingerprint: ids.4,
            audit,
        },
    )
}

pub(crate) fn review() -> impl Strategy<Value = VerificationReviewed> {
    let ids = (event_id(), customer(), verification_id(), of(fingerprint()));
    let words = (select(&VerificationStatus::ALL[..]), any::<String>(), any::<String>(), any::<u32>());
    (ids, words, of(sealed())).prop_map(|(ids, words, note)| VerificationReviewed {
        event_id: ids.0,
        customer: ids.1,
        verification_id: ids.2,
        to_status: words.0,
        reason_code: words.1,
        note,
        by: words.2,
        policy_version: words.3,
        body_fingerprint: ids.3,
    })
}

pub(crate) fn evidence() -> impl Strategy<Value = CaptureEvidence> {
    let ids = (event_id(), verification_id(), customer(), any::<String>());
    let parts = (of(media()), of(sealed()), of(sealed()), of(binding()));
    let digests = (vec(any::<[u8; 32]>(), 0..4), vec(any::<(String, [u8; 32])>(), 0..4), any::<u32>());
    (ids, parts, digests, fingerprint(), time()).prop_map(
        |(ids, parts, digests, body_fingerprint, received_at)| CaptureEvidence {
            event_id: ids.0,
            verification_id: ids.1,
            customer: ids.2,
            frames: parts.0,
            frames_kept: digests.2,
            frame_sha256: digests.0,
            features: parts.1,
            claims: parts.2,
            raw_binding: parts.3,
            sealed_sha256: digests.1,
            body_fingerprint,
            received_at,
            api_key_id: ids.3,
        },
    )
}

pub(crate) fn recorded() -> impl Strategy<Value = ReviewRecorded> {
    let ids = (event_id(), customer(), event_id(), source(), verification_id());
    let words = (select(&VerificationStatus::ALL[..]), any::<String>());
    (ids, words, of(enrolment()), of(fingerprint()), time()).prop_map(
        |(ids, words, enrolment, body_fingerprint, created_at)| ReviewRecorded {
            id: ids.0,
            customer: ids.1,
            event_id: ids.2,
            source: ids.3,
            verification_id: ids.4,
            to_status: words.0,
            reason_code: words.1,
            enrolment,
            body_fingerprint,
            created_at,
        },
    )
}
