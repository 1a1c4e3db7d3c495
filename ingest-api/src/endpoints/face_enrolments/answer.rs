//! The answers to a new reference.

use actix_web::http::StatusCode;
use domain::ids::{CustomerId, EnrolmentId};
use domain::rows::EnrolmentRow;
use serde::Serialize;
use utoipa::ToSchema;

use super::ROUTE;
use crate::endpoints::dukcapil_verdict::answer::EnrolmentBody;
use crate::serving::errors::ApiError;
use crate::writes::answer::WriteAnswer;

/// The body of 201.
#[derive(Debug, Serialize, ToSchema)]
pub struct EnrolmentAnswer<'a> {
    enrolment: EnrolmentBody<'a>,
}

/// The body of 202.
#[derive(Debug, Serialize, ToSchema)]
pub struct EnrolmentAccepted<'a> {
    enrolment: AcceptedEnrolment<'a>,
}

#[derive(Debug, Serialize, ToSchema)]
struct AcceptedEnrolment<'a> {
    id: &'a str,
}

/// Of a reference that is in its log and not projected yet: the fold has the last word.
pub(super) fn accepted_answer(id: &EnrolmentId, customer: &CustomerId) -> Result<WriteAnswer, ApiError> {
    let body = EnrolmentAccepted { enrolment: AcceptedEnrolment { id: id.as_str() } };
    WriteAnswer::accepted(location(customer), &body)
}

/// Of a reference that the read model shows.
pub(super) fn projected_answer(row: &EnrolmentRow, is_stub: bool) -> Result<WriteAnswer, ApiError> {
    let body = EnrolmentAnswer { enrolment: EnrolmentBody::new(&row.id, row.face_source, is_stub) };
    Ok(WriteAnswer::projected(StatusCode::CREATED, &body)?.at(location(&row.customer.customer)))
}

/// The list that it is in.
fn location(customer: &CustomerId) -> String {
    format!("{ROUTE}?customerId={customer}")
}
