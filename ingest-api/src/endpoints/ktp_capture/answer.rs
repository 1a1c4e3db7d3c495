//! The answers to a capture. Voters are for the bank's staff: to the person, only guidance is ever shown (sequence §1.13).

use domain::ids::VerificationId;
use domain::ports::VerificationView;
use domain::rows::EnrolmentRow;
use serde_json::json;

use crate::serving::errors::ApiError;
use crate::writes::answer::WriteAnswer;

/// The answer to a capture that is in its log and not projected yet: the fold has the last word on it, so nothing is said
/// before.
pub(super) fn accepted_answer(id: &VerificationId) -> Result<WriteAnswer, ApiError> {
    let body = json!({ "verification": { "id": id.as_str() } });
    WriteAnswer::accepted(format!("/api/identity/verifications/{id}"), &body)
}

/// The answer of a capture's row.
pub(super) fn row_answer(
    _view: &VerificationView,
    _enrolment: Option<&EnrolmentRow>,
) -> Result<WriteAnswer, ApiError> {
    Err(ApiError::Internal("a capture's row has no assessment".into()))
}
