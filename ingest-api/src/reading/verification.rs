//! `GET /api/identity/verifications/{id}`: where a 202's `Location` points. Every 404 has `Retry-After`,
//! because a verdict that was accepted may not be projected yet.

use actix_web::{HttpRequest, HttpResponse, web};
use domain::ids::VerificationId;
use domain::orgs::Scope;
use serde::Serialize;
use utoipa::ToSchema;

use super::attempts::AttemptBody;
use super::unseal;
use crate::app::App;
use crate::endpoints::dukcapil_verdict::answer::EnrolmentBody;
use crate::serving::auth::{self, EndpointAccess};
use crate::serving::errors::ApiError;
use crate::serving::query::Query;

/// What the endpoint asks of its caller.
pub const ACCESS: EndpointAccess = EndpointAccess::reading(Scope::VerificationsView);

/// One verification with the face reference it made.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerificationBody<'a> {
    #[serde(flatten)]
    row: AttemptBody,
    /// `null` when none was made, or when it was erased.
    enrolment: Option<EnrolmentBody<'a>>,
}

/// Shows a verification.
///
/// # Errors
/// By the contract's table.
pub async fn get(
    req: HttpRequest,
    app: web::Data<App>,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let caller = auth::admit(&req, &app, ACCESS)?;
    Query::parse(req.query_string(), &[]).finish()?;
    let id = VerificationId::parse(&id).map_err(|_| ApiError::VerificationNotFoundYet)?;
    let generation = app.generation().await?;
    let found = app.views.verification(generation, &caller.org().org, &id).await?;
    let (view, enrolment) = found.ok_or(ApiError::VerificationNotFoundYet)?;
    let keys = unseal::keys_of(&app, &caller, std::iter::once(&view.row)).await?;
    let row = AttemptBody::of(&view, &keys);
    let enrolment = enrolment.as_ref().map(EnrolmentBody::of_row);
    Ok(HttpResponse::Ok().json(VerificationBody { row, enrolment }))
}
