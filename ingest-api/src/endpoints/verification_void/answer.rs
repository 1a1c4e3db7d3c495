//! The answers to a void, and how one is shown wherever it is.

use actix_web::http::StatusCode;
use domain::ids::VerificationId;
use domain::rows::VoidRow;
use serde::Serialize;
use utoipa::ToSchema;

use crate::reading::assessment::VoidBody;
use crate::serving::errors::ApiError;
use crate::writes::answer::WriteAnswer;

/// The body of 202.
#[derive(Debug, Serialize, ToSchema)]
pub struct VoidAccepted<'a> {
    verification: VoidedVerification<'a>,
}

#[derive(Debug, Serialize, ToSchema)]
struct VoidedVerification<'a> {
    id: &'a str,
}

/// Of a void that the read model shows.
pub(super) fn projected(row: &VoidRow) -> Result<WriteAnswer, ApiError> {
    WriteAnswer::projected(StatusCode::OK, &VoidBody::of(row))
}

/// Of a void that is in its log and not projected yet: the fold has the last word.
pub(super) fn accepted(id: &VerificationId) -> Result<WriteAnswer, ApiError> {
    let body = VoidAccepted { verification: VoidedVerification { id: id.as_str() } };
    WriteAnswer::accepted(format!("/api/identity/verifications/{id}"), &body)
}
