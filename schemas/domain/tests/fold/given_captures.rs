//! Builders of captures and reviews.

use domain::capture::{
    AssuranceTier, CaptureAssessment, CaptureVerdict, FlashColor, FusedVerdict, VoterPanel,
};
use domain::classify::ReasonCategory;
use domain::event::{AuditRef, Event, Fingerprint, KtpCaptureAssessed, ShownChallenge, VerificationReviewed};
use domain::fold::Fact;
use domain::ids::{ChallengeId, EnrolmentId, EventId, KtpBundleId};
use domain::rows::VerificationStatus;
use domain::sealed::SealedMedia;

use crate::given::{at, customer, fact, sealed, source, verification};

/// What a captured card came to; `n` names its challenge and so its verification, `body` tells bundles apart.
#[derive(Clone, Copy)]
pub(crate) struct Capture {
    pub(crate) n: u8,
    pub(crate) body: u8,
    pub(crate) verdict: CaptureVerdict,
    pub(crate) policy: u32,
    /// It contradicts itself.
    pub(crate) without_reason: bool,
}

/// One that passed.
pub(crate) fn capture(n: u8) -> Capture {
    Capture { n, body: n, verdict: CaptureVerdict::Passed, policy: 1, without_reason: false }
}

/// Of the portrait of that capture.
pub(crate) fn captured_enrolment(n: u8) -> EnrolmentId {
    EnrolmentId::from_bytes([0x80 + n; 16])
}

impl Capture {
    pub(crate) fn at(self, offset: u64) -> Fact {
        fact(offset, offset as i64, Event::KtpCaptureAssessed(self.event()))
    }

    pub(crate) fn event(self) -> KtpCaptureAssessed {
        let panel = |fused| VoterPanel { fused, voters: Vec::new() };
        let has_portrait = self.verdict != CaptureVerdict::Failed;
        let is_pending = self.verdict == CaptureVerdict::RequiresReview;
        let category = match self.verdict {
            CaptureVerdict::Passed => None,
            CaptureVerdict::Failed => Some(ReasonCategory::Spoof),
            CaptureVerdict::RequiresReview => Some(ReasonCategory::Unclear),
        };
        KtpCaptureAssessed {
            event_id: EventId::from_bytes([0x80 + self.n; 16]),
            customer: customer(),
            verification_id: verification(self.n),
            enrolment_id: has_portrait.then(|| captured_enrolment(self.n)),
            assessment: Box::new(CaptureAssessment {
                bundle: KtpBundleId::from_bytes([self.n; 16]),
                challenge: ChallengeId::from_bytes([self.n; 16]),
                engine: "ktp1".to_owned(),
                policy_version: 1,
                models: Vec::new(),
                verdict: self.verdict,
                assurance: AssuranceTier::Standard,
                anti_spoof: panel(FusedVerdict::Live),
                tamper: panel(FusedVerdict::Authentic),
                text: None,
                guidance: Vec::new(),
                frames_stored: 6,
                values: Some(sealed(8)),
            }),
            challenge: ShownChallenge {
                colors: vec![FlashColor::Red, FlashColor::White],
                hold_ms: vec![350, 400],
                issued_at: at(-9_000),
            },
            score: Some(80),
            reason_category: category.filter(|_| !self.without_reason),
            text: Some(sealed(9)),
            portrait: has_portrait.then(|| SealedMedia::Inline(sealed(10))),
            portrait_content_type: has_portrait.then(|| "image/jpeg".to_owned()),
            review_copy: is_pending.then(|| SealedMedia::Inline(sealed(11))),
            review_key_id: is_pending.then(|| "a-key".to_owned()),
            signals: Vec::new(),
            fallback: None,
            policy_version: self.policy,
            body_fingerprint: Fingerprint([self.body; 32]),
            audit: AuditRef { source: source(0), value_sha256: [0; 32] },
        }
    }
}

/// What a person decided; `n` names the review, `of` the capture's verification.
#[derive(Clone, Copy)]
pub(crate) struct Review {
    pub(crate) n: u8,
    pub(crate) of: u8,
    pub(crate) to_status: VerificationStatus,
    pub(crate) reason_code: &'static str,
}

/// One to verified.
pub(crate) fn review(n: u8, of: u8) -> Review {
    Review { n, of, to_status: VerificationStatus::Verified, reason_code: "looks_genuine" }
}

impl Review {
    pub(crate) fn at(self, offset: u64) -> Fact {
        let event = VerificationReviewed {
            event_id: EventId::from_bytes([0xA0 + self.n; 16]),
            customer: customer(),
            verification_id: verification(self.of),
            to_status: self.to_status,
            reason_code: self.reason_code.to_owned(),
            note: Some(sealed(12)),
            by: "rina".to_owned(),
            policy_version: 1,
            body_fingerprint: Some(Fingerprint([self.n; 32])),
        };
        fact(offset, offset as i64, Event::VerificationReviewed(event))
    }
}
