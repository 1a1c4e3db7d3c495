//! What a capture came to and what a person decided of it, as reading endpoints show both. What voters measured is sealed
//! and shown by none of them.

use domain::capture::{CaptureAssessment, Measure, VoterFinding, VoterState};
use domain::rows::{ReviewRow, VerificationRow, VerificationStatus, VoidRow};
use serde::Serialize;
use utoipa::ToSchema;

/// Which rules and models judged a capture, and how each check voted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssessmentBody {
    /// Which analyser judged: `ktp1`.
    engine: String,
    /// The rules of decision that it went by.
    policy_version: u32,
    /// The models that had a part in it.
    models: Vec<ModelBody>,
    /// Each check's vote: whether it is what stood before the camera, then what the document says.
    voters: Vec<VoterBody>,
}

/// A model.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelBody {
    /// The name in its manifest.
    id: String,
    /// SHA-256 of its file, in hexadecimal digits.
    sha256: String,
}

/// A check's vote. For the org's staff: a person before the camera is shown `guidance` alone.
#[derive(Debug, Serialize, ToSchema)]
pub struct VoterBody {
    /// Which check: `card_geometry`, …
    name: String,
    /// Whether it voted for it.
    passed: bool,
    /// `pass`, `fail` or `abstain`.
    state: &'static str,
    /// A code for why.
    reason: String,
    /// What was measured; `null` wherever it is not the answer of the capture itself.
    value: Option<f64>,
    /// What it was compared with.
    threshold: Option<f64>,
}

impl VoterBody {
    /// Shows a vote.
    pub fn of(finding: &VoterFinding) -> Self {
        Self {
            name: finding.name.clone(),
            passed: finding.state == VoterState::Pass,
            state: finding.state.as_str(),
            reason: finding.reason.clone(),
            value: finding.value.map(Measure::value),
            threshold: finding.threshold.map(Measure::value),
        }
    }
}

impl AssessmentBody {
    /// Shows what a row keeps of it.
    pub fn of(assessment: &CaptureAssessment) -> Self {
        let voters = assessment.anti_spoof.voters.iter().chain(&assessment.tamper.voters);
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let models = assessment.models.iter();
        Self {
            engine: assessment.engine.clone(),
            policy_version: assessment.policy_version,
            models: models.map(|of| ModelBody { id: of.name.clone(), sha256: hex(&of.sha256) }).collect(),
            voters: voters.map(VoterBody::of).collect(),
        }
    }
}

/// What a person decided of a pending verification.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewBody {
    /// `verified` or `failed`.
    to_status: &'static str,
    /// The org's own code for why.
    reason_code: String,
    /// An API key (`key_…`) or a member of staff.
    by: String,
    /// RFC 3339, UTC, milliseconds.
    created_at: String,
}

impl ReviewBody {
    /// Shows a review.
    pub fn of(row: &ReviewRow) -> Self {
        Self {
            to_status: row.to_status.as_str(),
            reason_code: row.reason_code.clone(),
            by: row.by.clone(),
            created_at: row.created_at.rfc3339(),
        }
    }
}

/// That a verification counts no more.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VoidBody {
    /// `wrong_customer`, `caller_error` or `fraud`.
    reason_code: &'static str,
    /// An API key (`key_…`) or a member of staff.
    by: String,
    /// RFC 3339, UTC, milliseconds.
    created_at: String,
}

impl VoidBody {
    /// Shows a void.
    pub fn of(row: &VoidRow) -> Self {
        Self { reason_code: row.reason.as_str(), by: row.by.clone(), created_at: row.created_at.rfc3339() }
    }
}

/// The review of a row, where it shows one: none where nobody reviews it, and within it none until a person decided.
pub fn shown_review(row: &VerificationRow, review: Option<&ReviewRow>) -> Option<Option<ReviewBody>> {
    (row.status == VerificationStatus::Pending).then(|| review.map(ReviewBody::of))
}

/// How far the row can be relied on, where a capture made it.
pub fn assurance_tier(row: &VerificationRow) -> Option<&'static str> {
    row.assessment.as_ref().map(|of| of.assurance.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::samples::Samples;

    use super::*;

    #[test]
    fn what_was_measured_is_not_shown_and_a_review_has_the_shape_of_the_contract() {
        let s = Samples::new(1);
        let row = s.captured(&s.customer(0), 2);
        let body = AssessmentBody::of(row.assessment.as_ref().expect("a capture"));
        let body = serde_json::to_value(body).expect("JSON");
        assert_eq!((&body["engine"], &body["policyVersion"]), (&json!("ktp1"), &json!(1)));
        assert_eq!(body["models"][0]["id"], "a-model");
        let voters = [("card_geometry", true), ("flash_reflectance", true), ("nik_read", false)];
        for (voter, (name, passed)) in body["voters"].as_array().expect("a list").iter().zip(voters) {
            let told = (&voter["name"], &voter["passed"], &voter["value"], &voter["threshold"]);
            assert_eq!(told, (&json!(name), &json!(passed), &json!(null), &json!(0.8)));
        }
        let review = s.review(&row, 9);
        let shown = serde_json::to_value(shown_review(&row, Some(&review))).expect("JSON");
        let expected = json!({
            "toStatus": "verified",
            "reasonCode": "looks_genuine",
            "by": review.by,
            "createdAt": review.created_at.rfc3339(),
        });
        assert_eq!(shown, expected);
        assert!(matches!(shown_review(&row, None), Some(None)), "it waits for a person");
        assert!(shown_review(&s.verification(&s.customer(0), 2), None).is_none());
    }
}
