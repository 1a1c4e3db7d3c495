//! Samples of what is recorded about captures and their review.

use bytes::Bytes;
use domain::capture::{
    AssuranceTier, CaptureAssessment, CaptureVerdict, FlashColor, FusedVerdict, GuidanceCode, Measure,
    TextAgreement, TextSource, VoterFinding, VoterPanel, VoterState,
};
use domain::classify::ReasonCategory;
use domain::event::{
    AuditRecord, AuditRef, CaptureEvidence, Event, Fingerprint, KtpCaptureAssessed, RawBinding,
    ShownChallenge, VerificationReviewed,
};
use domain::ids::{ApiKeyId, ChallengeId, EnrolmentId, EvidenceSecretId, KtpBundleId, VerificationId};
use domain::outcome::{EnrolmentSummary, Outcome, ReviewRecorded};
use domain::ports::FaceModelId;
use domain::rows::{FaceSource, VerificationStatus};
use domain::sealed::SealedMedia;

use super::{Any, at, event, sealed, source, who};

fn captured() -> VerificationId {
    VerificationId::from_bytes([29; 16])
}

fn portrait() -> EnrolmentId {
    EnrolmentId::from_bytes([30; 16])
}

fn voter(name: &str, state: VoterState, reason: &str, threshold: Option<i64>) -> VoterFinding {
    VoterFinding {
        name: name.into(),
        state,
        reason: reason.into(),
        value: None,
        threshold: threshold.map(Measure::from_millionths),
    }
}

fn assessment() -> CaptureAssessment {
    CaptureAssessment {
        bundle: KtpBundleId::from_bytes([31; 16]),
        challenge: ChallengeId::from_bytes([32; 16]),
        engine: "ktp1".into(),
        policy_version: 1,
        models: vec![FaceModelId { name: "ppocr-v6".into(), sha256: [0xC2; 32] }],
        verdict: CaptureVerdict::RequiresReview,
        assurance: AssuranceTier::Standard,
        anti_spoof: VoterPanel {
            fused: FusedVerdict::Unclear,
            voters: vec![
                voter("card_geometry", VoterState::Pass, "found", Some(80_000)),
                voter("flash_reflectance", VoterState::Abstain, "too_few_frames", None),
            ],
        },
        tamper: VoterPanel {
            fused: FusedVerdict::Tampered,
            voters: vec![voter("nik_read", VoterState::Fail, "nik_disagrees", Some(-1))],
        },
        text: Some(TextAgreement {
            source: TextSource::Client,
            agreed: vec!["nik".into()],
            disagreed: vec!["fullName".into(), "birthDate".into()],
        }),
        guidance: vec![GuidanceCode::ScreenBrighter, GuidanceCode::Retry],
        frames_stored: 5,
        values: Some(sealed(0xAA, 96)),
    }
}

fn bare_assessment() -> CaptureAssessment {
    let none = |fused| VoterPanel { fused, voters: Vec::new() };
    CaptureAssessment {
        models: Vec::new(),
        verdict: CaptureVerdict::Failed,
        assurance: AssuranceTier::Low,
        anti_spoof: none(FusedVerdict::Spoof),
        tamper: none(FusedVerdict::Unclear),
        text: None,
        guidance: Vec::new(),
        frames_stored: 0,
        values: None,
        ..assessment()
    }
}

pub(super) fn events() -> Vec<(&'static str, Any)> {
    let assessed = KtpCaptureAssessed {
        event_id: event(40),
        customer: who(),
        verification_id: captured(),
        enrolment_id: Some(portrait()),
        assessment: Box::new(assessment()),
        challenge: ShownChallenge {
            colors: vec![FlashColor::Red, FlashColor::White, FlashColor::Cyan],
            hold_ms: vec![350, 400, 650],
            issued_at: at(-9_000),
        },
        score: Some(70),
        reason_category: Some(ReasonCategory::Unclear),
        text: Some(sealed(0xAB, 200)),
        portrait: Some(SealedMedia::Inline(sealed(0xAC, 300))),
        portrait_content_type: Some("image/jpeg".into()),
        review_copy: Some(SealedMedia::Inline(sealed(0xAD, 300))),
        review_key_id: Some("rk1".into()),
        signals: vec!["client_clock_skew".into()],
        fallback: None,
        policy_version: 1,
        body_fingerprint: Fingerprint([0xF6; 32]),
        audit: AuditRef { source: source(52), value_sha256: [0xD9; 32] },
    };
    let failed = KtpCaptureAssessed {
        enrolment_id: None,
        assessment: Box::new(bare_assessment()),
        challenge: ShownChallenge { colors: Vec::new(), hold_ms: Vec::new(), issued_at: at(-9_000) },
        score: None,
        reason_category: None,
        text: None,
        portrait: None,
        portrait_content_type: None,
        review_copy: None,
        review_key_id: None,
        signals: Vec::new(),
        ..assessed.clone()
    };
    let reviewed = VerificationReviewed {
        event_id: event(41),
        customer: who(),
        verification_id: captured(),
        to_status: VerificationStatus::Verified,
        reason_code: "looks_genuine".into(),
        note: Some(sealed(0xAE, 80)),
        by: ApiKeyId::from_bytes([8; 16]).to_string(),
        policy_version: 1,
        body_fingerprint: Some(Fingerprint([0xF7; 32])),
    };
    let sent_back = VerificationReviewed {
        to_status: VerificationStatus::Failed,
        reason_code: "retake".into(),
        note: None,
        by: "rina".into(),
        body_fingerprint: None,
        ..reviewed.clone()
    };
    [
        ("KtpCaptureAssessed.v1", Event::KtpCaptureAssessed(assessed)),
        ("KtpCaptureAssessed.v1.least", Event::KtpCaptureAssessed(failed)),
        ("VerificationReviewed.v1", Event::VerificationReviewed(reviewed)),
        ("VerificationReviewed.v1.least", Event::VerificationReviewed(sent_back)),
    ]
    .map(|(name, value)| (name, Any::Event(value)))
    .into()
}

pub(super) fn audit() -> Vec<(&'static str, Any)> {
    let kept = CaptureEvidence {
        event_id: event(40),
        verification_id: captured(),
        customer: who(),
        frames: Some(SealedMedia::Inline(sealed(0xAF, 300))),
        frames_kept: 2,
        frame_sha256: vec![[0xDA; 32], [0xDB; 32], [0xDC; 32]],
        features: Some(sealed(0xB4, 120)),
        claims: Some(sealed(0xB5, 90)),
        raw_binding: Some(RawBinding {
            evidence_key_id: EvidenceSecretId::from_bytes([18; 16]).to_string(),
            encapsulation: Bytes::new(),
            shared_at: Some(source(46)),
        }),
        sealed_sha256: vec![("ktp_text".into(), [0xDD; 32]), ("ktp_frames".into(), [0xDE; 32])],
        body_fingerprint: Fingerprint([0xF6; 32]),
        received_at: at(1),
        api_key_id: ApiKeyId::from_bytes([8; 16]).to_string(),
    };
    let bare = CaptureEvidence {
        frames: None,
        frames_kept: 0,
        frame_sha256: Vec::new(),
        features: None,
        claims: None,
        raw_binding: None,
        sealed_sha256: Vec::new(),
        ..kept.clone()
    };
    [("CaptureEvidence.v1", kept), ("CaptureEvidence.v1.least", bare)]
        .map(|(name, value)| (name, Any::Audit(AuditRecord::CaptureEvidence(value))))
        .into()
}

pub(super) fn outcomes() -> Vec<(&'static str, Any)> {
    let verified = ReviewRecorded {
        id: event(42),
        customer: who(),
        event_id: event(41),
        source: source(53),
        verification_id: captured(),
        to_status: VerificationStatus::Verified,
        reason_code: "looks_genuine".into(),
        enrolment: Some(EnrolmentSummary {
            id: portrait(),
            source: FaceSource::KtpExtract,
            fallback_stub: true,
        }),
        body_fingerprint: Some(Fingerprint([0xF7; 32])),
        created_at: at(8),
    };
    let sent_back = ReviewRecorded {
        to_status: VerificationStatus::Failed,
        reason_code: "retake".into(),
        enrolment: None,
        body_fingerprint: None,
        ..verified.clone()
    };
    [("ReviewRecorded.v1", verified), ("ReviewRecorded.v1.least", sent_back)]
        .map(|(name, value)| (name, Any::Outcome(Outcome::ReviewRecorded(value))))
        .into()
}
