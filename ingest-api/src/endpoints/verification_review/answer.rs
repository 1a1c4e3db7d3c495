//! The answers to a review, and how a review is shown wherever one is.

use actix_web::http::StatusCode;
use domain::ids::VerificationId;
use domain::rows::ReviewRow;
use serde::Serialize;
use utoipa::ToSchema;

use crate::serving::errors::ApiError;
use crate::writes::answer::WriteAnswer;

/// The body of 200.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewAnswer<'a> {
    /// `verified` or `failed`.
    to_status: &'a str,
    /// The bank's own.
    reason_code: &'a str,
    /// The public name of the key, or the user name of whoever decided in the console.
    by: &'a str,
    /// RFC 3339, UTC, milliseconds.
    created_at: String,
}

/// The body of 202.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewAccepted<'a> {
    verification: ReviewedVerification<'a>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ReviewedVerification<'a> {
    id: &'a str,
}

/// Of a review that the read model shows.
pub(super) fn projected(row: &ReviewRow) -> Result<WriteAnswer, ApiError> {
    let body = ReviewAnswer {
        to_status: row.to_status.as_str(),
        reason_code: &row.reason_code,
        by: &row.by,
        created_at: row.created_at.rfc3339(),
    };
    WriteAnswer::projected(StatusCode::OK, &body)
}

/// Of a review that is in its log and not projected yet: the fold has the last word.
pub(super) fn accepted(id: &VerificationId) -> Result<WriteAnswer, ApiError> {
    let body = ReviewAccepted { verification: ReviewedVerification { id: id.as_str() } };
    WriteAnswer::accepted(format!("/api/identity/verifications/{id}"), &body)
}
