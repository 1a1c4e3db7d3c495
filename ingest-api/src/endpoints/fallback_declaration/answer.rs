//! The answers to a declaration.

use actix_web::http::StatusCode;
use domain::ids::{CustomerId, FallbackId};
use domain::rows::FallbackRow;
use serde::Serialize;
use utoipa::ToSchema;

use crate::reading::rechecks::ROUTE as RECHECKS;
use crate::serving::errors::ApiError;
use crate::writes::answer::WriteAnswer;

/// The body of 201.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeclarationAnswer<'a> {
    fallback: DeclaredFallbackBody<'a>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DeclaredFallbackBody<'a> {
    id: &'a str,
    /// The recheck that it opened or goes on with; `null` where a valid verdict stood.
    recheck_id: Option<&'a str>,
}

/// The body of 202.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeclarationAccepted<'a> {
    fallback: AcceptedFallback<'a>,
}

#[derive(Debug, Serialize, ToSchema)]
struct AcceptedFallback<'a> {
    id: &'a str,
}

/// Of a declaration that is in its log and not projected yet: whether it opens anything, the fold says.
pub(super) fn accepted(id: &FallbackId, customer: &CustomerId) -> Result<WriteAnswer, ApiError> {
    let body = DeclarationAccepted { fallback: AcceptedFallback { id: id.as_str() } };
    WriteAnswer::accepted(location(customer), &body)
}

/// Of a declaration that the read model shows.
pub(super) fn projected(row: &FallbackRow) -> Result<WriteAnswer, ApiError> {
    let recheck_id = row.recheck.as_ref().map(|id| id.as_str());
    let body = DeclarationAnswer { fallback: DeclaredFallbackBody { id: row.id.as_str(), recheck_id } };
    Ok(WriteAnswer::projected(StatusCode::CREATED, &body)?.at(location(&row.customer.customer)))
}

/// The list that its recheck is in.
fn location(customer: &CustomerId) -> String {
    format!("{RECHECKS}?customerId={customer}")
}
