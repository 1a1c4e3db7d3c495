//! The answers to a verdict: 200, 202, and the dry run's (contract §2).

use actix_web::http::StatusCode;
use domain::ids::{EnrolmentId, VerificationId};
use domain::outcome::VerificationCreated;
use domain::policy::Tier;
use domain::ports::VerificationView;
use domain::rows::{EnrolmentRow, FaceSource, VerificationStatus};
use serde::Serialize;
use utoipa::ToSchema;

use super::command::VerdictNames;
use crate::serving::errors::ApiError;
use crate::writes::answer::WriteAnswer;

/// The answer to a verdict that is in its log and not projected yet: no embedding exists.
pub(super) fn accepted_answer(names: &VerdictNames, valid: bool) -> Result<WriteAnswer, ApiError> {
    let enrolment = valid.then(|| EnrolmentBody::new(&names.enrolment, FaceSource::Dukcapil, true));
    let body = VerdictAnswer::new(&names.verification, status_of(valid), score_of(valid), enrolment);
    WriteAnswer::accepted(format!("/api/identity/verifications/{}", names.verification), &body)
}

/// The answer of a verdict's row.
pub(super) fn row_answer(
    view: &VerificationView,
    enrolment: Option<&EnrolmentRow>,
    is_stub: bool,
) -> Result<WriteAnswer, ApiError> {
    let row = &view.row;
    let enrolment = enrolment.map(|row| EnrolmentBody::new(&row.id, row.face_source, is_stub));
    let body = VerdictAnswer::new(&row.id, row.status, row.score, enrolment);
    WriteAnswer::projected(StatusCode::OK, &body)
}

/// The answer of a verdict's outcome.
pub(super) fn outcome_answer(outcome: &VerificationCreated, is_stub: bool) -> Result<WriteAnswer, ApiError> {
    let enrolment = outcome.enrolment.as_ref();
    let enrolment = enrolment.map(|enrolment| EnrolmentBody::new(&enrolment.id, enrolment.source, is_stub));
    let body = VerdictAnswer::new(&outcome.verification_id, outcome.status, outcome.score, enrolment);
    WriteAnswer::projected(StatusCode::OK, &body)
}

/// The body of 200 and 202.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "verification": {"id": "ver_2D1M0PMS3AYF2Q2GXBWDF1KTY7", "status": "verified", "score": 100},
    "enrolment": {"id": "fe_4C1M0PMS3AYF2Q2GXBWDF1KTY7", "source": "dukcapil", "fallbackStub": false}
}))]
pub struct VerdictAnswer<'a> {
    verification: VerificationSummary<'a>,
    /// `null` for a declined verdict.
    enrolment: Option<EnrolmentBody<'a>>,
}

impl<'a> VerdictAnswer<'a> {
    fn new(
        id: &'a VerificationId,
        status: VerificationStatus,
        score: Option<u32>,
        enrolment: Option<EnrolmentBody<'a>>,
    ) -> Self {
        let verification = VerificationSummary { id: id.as_str(), status: status.as_str(), score };
        Self { verification, enrolment }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct VerificationSummary<'a> {
    id: &'a str,
    /// `verified` or `failed`.
    status: &'a str,
    /// 100 when verified; absent when failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<u32>,
}

/// A face reference as answers show it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrolmentBody<'a> {
    id: &'a str,
    /// `dukcapil`.
    source: &'static str,
    /// True: no vector of a real face model stands for it, so no match relies on it (in a 202: none exists yet).
    fallback_stub: bool,
}

impl<'a> EnrolmentBody<'a> {
    /// Shows a reference.
    pub fn new(id: &'a EnrolmentId, source: FaceSource, fallback_stub: bool) -> Self {
        Self { id: id.as_str(), source: source.as_str(), fallback_stub }
    }
}

/// The body of a dry run's 200.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DryRunAnswer {
    /// Always true.
    dry_run: bool,
    verification: DryRunVerification,
    enrolment: Option<DryRunEnrolment>,
    kyc: DryRunKyc,
}

#[derive(Debug, Serialize, ToSchema)]
struct DryRunVerification {
    /// `verified` or `failed`.
    status: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
struct DryRunEnrolment {
    /// `dukcapil`.
    source: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
struct DryRunKyc {
    /// The tier now.
    from: &'static str,
    /// The tier the verdict would make.
    to: &'static str,
}

impl DryRunAnswer {
    /// What the verdict would do.
    pub fn new(valid: bool, from: Tier, to: Tier) -> Self {
        Self {
            dry_run: true,
            verification: DryRunVerification { status: status_of(valid).as_str() },
            enrolment: valid.then_some(DryRunEnrolment { source: FaceSource::Dukcapil.as_str() }),
            kyc: DryRunKyc { from: from.as_str(), to: to.as_str() },
        }
    }
}

/// The status a verdict makes.
fn status_of(valid: bool) -> VerificationStatus {
    if valid { VerificationStatus::Verified } else { VerificationStatus::Failed }
}

/// The score a verdict makes.
fn score_of(valid: bool) -> Option<u32> {
    valid.then_some(100)
}
