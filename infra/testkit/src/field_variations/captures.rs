//! What captures and reviews leave behind, each once for every field with that field changed.

use domain::capture::{
    AssuranceTier, CaptureAssessment, CaptureVerdict, FusedVerdict, GuidanceCode, Measure, TextAgreement,
    TextSource, VoterFinding, VoterPanel, VoterState,
};
use domain::classify::ReasonCategory;
use domain::event::{Offset, Partition};
use domain::ids::{ChallengeId, KtpBundleId};
use domain::policy::{Method, Tier};
use domain::ports::{FaceModelId, RowPlace};
use domain::rows::{Kyc, ReviewRow, ReviewSubject, VerificationStatus};

use super::{FINGERPRINT, Other, late, sealed};

impl Other<'_> {
    pub(super) fn assessments(&self) -> Vec<CaptureAssessment> {
        let of = self.0.assessment(0);
        let panels = panels(of.anti_spoof.clone());
        let agreement = of.text.clone().expect("a sample has one");
        let texts = each_field!(
            agreement,
            TextAgreement {
                source: TextSource::Client,
                agreed: vec!["nik".to_owned(), "birthDate".to_owned()],
                disagreed: Vec::new(),
            }
        );
        let mut all = each_field!(
            of.clone(),
            CaptureAssessment {
                bundle: KtpBundleId::from_bytes([9; 16]),
                challenge: ChallengeId::from_bytes([9; 16]),
                engine: "ktp2".to_owned(),
                policy_version: 2,
                models: Vec::new(),
                verdict: CaptureVerdict::Passed,
                assurance: AssuranceTier::Low,
                anti_spoof: panels[1].clone(),
                tamper: panels[0].clone(),
                text: None,
                guidance: GuidanceCode::ALL.to_vec(),
                frames_stored: 7,
                values: None,
            }
        );
        all.push(CaptureAssessment { verdict: CaptureVerdict::Failed, ..of.clone() });
        let other_model = FaceModelId { name: "other".to_owned(), sha256: [9; 32] };
        all.push(CaptureAssessment { models: vec![other_model], ..of.clone() });
        all.push(CaptureAssessment { values: Some(sealed()), ..of.clone() });
        all.extend(
            texts.into_iter().skip(1).map(|text| CaptureAssessment { text: Some(text), ..of.clone() }),
        );
        all.extend(
            panels.into_iter().skip(2).map(|panel| CaptureAssessment { anti_spoof: panel, ..of.clone() }),
        );
        all
    }

    pub(super) fn reviews(&self) -> Vec<ReviewRow> {
        let s = self.0;
        let row = s.review(&s.captured(&s.customer(0), 0), 1);
        let places = each_field!(
            row.subject.place,
            RowPlace { created_at: late(), partition: Partition(9), offset: Offset(9) }
        );
        let subjects = each_field!(
            row.subject.clone(),
            ReviewSubject { method: Method::FaceLiveness, reason_category: None, place: places[1] }
        );
        let mut rows = each_field!(
            row.clone(),
            ReviewRow {
                verification_id: s.verification_id(9),
                customer: self.customer(),
                event_id: s.event_id(9),
                source: self.source(),
                to_status: VerificationStatus::Failed,
                reason_code: "retake".to_owned(),
                note: None,
                by: "rina".to_owned(),
                body_fingerprint: Some(FINGERPRINT),
                subject: subjects[1].clone(),
                enrolment: None,
                tier_event: None,
                kyc_before: Kyc { tier: Tier::Premium, ..row.kyc_before },
                kyc_after: Kyc { tier: Tier::Premium, ..row.kyc_after },
                created_at: late(),
            }
        );
        rows.push(ReviewRow { body_fingerprint: None, ..row.clone() });
        rows.push(ReviewRow { note: Some(sealed()), ..row.clone() });
        rows.extend(subjects.into_iter().skip(2).map(|subject| ReviewRow { subject, ..row.clone() }));
        rows.extend(places.into_iter().skip(2).map(|place| ReviewRow {
            subject: ReviewSubject { place, ..row.subject.clone() },
            ..row.clone()
        }));
        let other = Some(ReasonCategory::Spoof);
        let subject = ReviewSubject { reason_category: other, ..row.subject.clone() };
        rows.push(ReviewRow { subject, ..row });
        rows
    }
}

/// The panel, with each of its fields changed, and with each of a voter's.
fn panels(panel: VoterPanel) -> Vec<VoterPanel> {
    let mut all = each_field!(panel.clone(), VoterPanel { fused: FusedVerdict::Spoof, voters: Vec::new() });
    let voters = each_field!(
        panel.voters[0].clone(),
        VoterFinding {
            name: "other".to_owned(),
            state: VoterState::Fail,
            reason: "other".to_owned(),
            value: Measure::of(0.5),
            threshold: None,
        }
    );
    all.extend(voters.into_iter().skip(1).map(|voter| {
        let mut changed = panel.clone();
        changed.voters[0] = voter;
        changed
    }));
    all
}
