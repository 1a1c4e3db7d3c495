//! `GET /api/identity/verifications/{id}`: where a 202's `Location` points. Every 404 has `Retry-After`,
//! because a verdict that was accepted may not be projected yet.

use actix_web::{HttpRequest, HttpResponse, web};
use domain::face_match::EnrolledPhoto;
use domain::ids::VerificationId;
use domain::orgs::Scope;
use domain::policy::Method;
use domain::rows::VerificationRow;
use serde::Serialize;
use utoipa::ToSchema;
use vault::VaultError;

use super::attempts::AttemptBody;
use super::nik_signals::{NikSignals, RowNik};
use super::noticed::{NoticedSignal, noticed_signals};
use super::unseal;
use crate::app::App;
use crate::endpoints::dukcapil_verdict::answer::EnrolmentBody;
use crate::endpoints::face_match::answer::{MatchBody, MatchReferenceBody};
use crate::endpoints::nik_format::answer::NikBody;
use crate::serving::auth::{self, Caller, EndpointAccess};
use crate::serving::errors::ApiError;
use crate::serving::logged_objects::LoggedObjects;
use crate::serving::query::QueryParameters;

/// What the endpoint asks of its caller.
pub const ACCESS: EndpointAccess = EndpointAccess::reading(Scope::VerificationsView);

/// One verification with the face reference it made.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerificationBody<'a> {
    #[serde(flatten)]
    row: AttemptBody,
    /// `null` when none was made, or when it was erased.
    enrolment: Option<EnrolmentBody<'a>>,
    /// Of a match only: what was decided.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    face_match: Option<MatchBody>,
    /// Of a match only: what the picture was compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<MatchReferenceBody<'a>>,
    /// Of a check of a NIK's form only: what its digits say.
    #[serde(skip_serializing_if = "Option::is_none")]
    nik: Option<NikBody>,
    /// Where the signal `nik_on_other_customer` stands, and the key has `customers:view`: those customers, at most 20.
    #[serde(rename = "nikCustomers", skip_serializing_if = "Option::is_none")]
    nik_customers: Option<Vec<String>>,
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
    QueryParameters::parse(req.query_string(), &[]).finish()?;
    let id = VerificationId::parse(&id).map_err(|_| ApiError::VerificationNotFoundYet)?;
    let generation = app.generation().await?;
    let found = app.views.verification(generation, &caller.org().org, &id).await?;
    let (view, enrolment) = found.ok_or(ApiError::VerificationNotFoundYet)?;
    let keys = unseal::keys_of(&app, &caller, std::iter::once(&view.row)).await?;
    let niks = NikSignals::look(&app, generation, std::iter::once(&view.row)).await?;
    let mut row = AttemptBody::of(&view, &keys, &niks);
    row.add(&noticed(&app, &caller, &view.row).await?);
    let objects = LoggedObjects::of(&req);
    objects.add(id.as_str());
    let shown = row.shows_personal_data().then_some(&view.row.customer.customer);
    app.reads.record(&caller, app.now(), &objects, shown)?;
    let is_stub = app.faces.is_fallback_stub(enrolment.as_ref().map(EnrolledPhoto::of_row)).await?;
    let enrolment = enrolment.as_ref().map(|row| EnrolmentBody::new(&row.id, row.face_source, is_stub));
    let face_match = view.row.face_match.as_ref();
    Ok(HttpResponse::Ok().json(VerificationBody {
        row,
        enrolment,
        face_match: face_match.map(MatchBody::of),
        reference: face_match.map(MatchReferenceBody::of),
        nik: view.row.nik_format.as_ref().map(NikBody::of),
        nik_customers: niks.of(&view.row).and_then(|nik| others_for(&caller, nik)),
    }))
}

/// The other customers that brought the NIK, for a key that may look at customers.
fn others_for(caller: &Caller, nik: &RowNik) -> Option<Vec<String>> {
    let is_told = !nik.others.is_empty() && caller.may(Scope::CustomersView);
    is_told.then(|| nik.others.iter().map(|id| id.as_str().to_owned()).collect())
}

/// What is noticed at reading, of a verdict that brought a photo. A key row that is damaged or missing keeps nothing else
/// from being shown: whatever needs it says so.
async fn noticed(app: &App, caller: &Caller, row: &VerificationRow) -> Result<Vec<NoticedSignal>, ApiError> {
    if app.faces.models().is_none() || row.enrolment.is_none() || row.method != Method::NikDukcapil {
        return Ok(Vec::new());
    }
    match app.vault.customer_keys(&row.customer, caller.org().suite).await {
        Ok(Some(keys)) => noticed_signals(app, &row.customer, &keys).await,
        Err(error @ VaultError::Unavailable(_)) => Err(error.into()),
        Ok(None) | Err(_) => Ok(Vec::new()),
    }
}
