//! The answers to a close, and how one is shown wherever one is: the shape of a review without its status.

use actix_web::http::StatusCode;
use domain::rows::{RecheckClosed, RecheckRow};
use serde::Serialize;
use utoipa::ToSchema;

use crate::reading::rechecks::ROUTE as RECHECKS;
use crate::serving::errors::ApiError;
use crate::writes::answer::WriteAnswer;

/// The body of 200.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CloseAnswer<'a> {
    /// The bank's own.
    reason_code: &'a str,
    /// The public name of the key, or the user name of whoever closed it in the console.
    by: &'a str,
    /// RFC 3339, UTC, milliseconds.
    created_at: String,
}

/// The body of 202.
#[derive(Debug, Serialize, ToSchema)]
pub struct CloseAccepted<'a> {
    recheck: AcceptedRecheck<'a>,
}

#[derive(Debug, Serialize, ToSchema)]
struct AcceptedRecheck<'a> {
    id: &'a str,
}

/// Of a close that the read model shows.
pub(super) fn projected(closed: &RecheckClosed) -> Result<WriteAnswer, ApiError> {
    let created_at = closed.created_at.rfc3339();
    let body = CloseAnswer { reason_code: &closed.reason_code, by: &closed.by, created_at };
    WriteAnswer::projected(StatusCode::OK, &body)
}

/// Of a close that is in its log and not projected yet: the fold has the last word.
pub(super) fn accepted(recheck: &RecheckRow) -> Result<WriteAnswer, ApiError> {
    let body = CloseAccepted { recheck: AcceptedRecheck { id: recheck.id.as_str() } };
    WriteAnswer::accepted(format!("{RECHECKS}?customerId={}", recheck.customer.customer), &body)
}
