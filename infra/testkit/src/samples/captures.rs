//! Samples of what captures and reviews leave behind.

use domain::capture::{
    AssuranceTier, CaptureAssessment, CaptureVerdict, FusedVerdict, GuidanceCode, Measure, TextAgreement,
    TextSource, VoterFinding, VoterPanel, VoterState,
};
use domain::classify::ReasonCategory;
use domain::ids::{ChallengeId, CustomerRef, KtpBundleId};
use domain::policy::{Method, Tier};
use domain::ports::FaceModelId;
use domain::rows::{Kyc, ReviewRow, ReviewSubject, VerificationRow, VerificationStatus};

use super::{Samples, time};

fn voter(name: &str, state: VoterState) -> VoterFinding {
    VoterFinding {
        name: name.to_owned(),
        state,
        reason: "measured".to_owned(),
        value: None,
        threshold: Some(Measure::from_millionths(800_000)),
    }
}

impl Samples {
    /// What capture number `n` came to, with everything that one may have: a person decides.
    pub fn assessment(&self, n: u64) -> CaptureAssessment {
        CaptureAssessment {
            bundle: KtpBundleId::from_bytes(self.bytes16("bundle", n)),
            challenge: ChallengeId::from_bytes(self.bytes16("challenge", n)),
            engine: "ktp1".to_owned(),
            policy_version: 1,
            models: vec![FaceModelId { name: "a-model".to_owned(), sha256: self.bytes32("model", 0) }],
            verdict: CaptureVerdict::RequiresReview,
            assurance: AssuranceTier::Standard,
            anti_spoof: VoterPanel {
                fused: FusedVerdict::Live,
                voters: vec![
                    voter("card_geometry", VoterState::Pass),
                    voter("flash_reflectance", VoterState::Pass),
                ],
            },
            tamper: VoterPanel {
                fused: FusedVerdict::Unclear,
                voters: vec![voter("nik_read", VoterState::Abstain)],
            },
            text: Some(TextAgreement {
                source: TextSource::Server,
                agreed: vec!["nik".to_owned()],
                disagreed: vec!["fullName".to_owned()],
            }),
            guidance: vec![GuidanceCode::Retry],
            frames_stored: 6,
            values: Some(self.sealed(n)),
        }
    }

    /// Verification number `n`, of a captured card that is left to a person.
    pub fn captured(&self, customer: &CustomerRef, n: u64) -> VerificationRow {
        VerificationRow {
            method: Method::KtpCapture,
            status: VerificationStatus::Pending,
            score: Some(80),
            reason: None,
            reason_category: Some(ReasonCategory::Unclear),
            enrolment: None,
            enrolment_on_review: Some(self.enrolment_id(n)),
            assessment: Some(self.assessment(n)),
            tier_event: None,
            kyc_before: Kyc::default(),
            kyc_after: Kyc::default(),
            ..self.verification(customer, n)
        }
    }

    /// The review of that capture to verified, at an offset of its own, with everything that one may have.
    pub fn review(&self, captured: &VerificationRow, offset: u64) -> ReviewRow {
        let created_at = time(offset);
        ReviewRow {
            verification_id: captured.id.clone(),
            customer: captured.customer.clone(),
            event_id: self.event_id(offset),
            source: self.source(captured.source.partition.0, offset),
            to_status: VerificationStatus::Verified,
            reason_code: "looks_genuine".to_owned(),
            note: Some(self.sealed(offset)),
            by: "key_0000000000000000000000000A".to_owned(),
            body_fingerprint: Some(self.fingerprint(offset)),
            subject: ReviewSubject {
                method: captured.method,
                reason_category: captured.reason_category,
                place: captured.place(),
            },
            enrolment: captured.enrolment_on_review.clone(),
            tier_event: Some(self.tier_event_id(offset)),
            kyc_before: Kyc::default(),
            kyc_after: Kyc {
                tier: Tier::Standard,
                last_verified_at: Some(created_at),
                expires_at: Some(created_at.plus_months(12)),
            },
            created_at,
        }
    }
}
