//! `GET /api/customers/{id}` and `GET /api/customers?externalId=`: a customer as it is registered (contract §4).

use actix_web::{HttpRequest, HttpResponse, web};
use domain::ids::{CustomerId, CustomerRef};
use domain::orgs::Scope;
use domain::ports::Views;
use domain::rows::{CustomerState, Registration};
use domain::sealed::{Field, Purpose};
use domain::verdict::ExternalId;
use serde::Serialize;
use utoipa::ToSchema;

use super::unseal;
use crate::app::App;
use crate::serving::auth::{self, Caller, EndpointAccess};
use crate::serving::errors::ApiError;
use crate::serving::logged_objects::LoggedObjects;
use crate::serving::query::QueryParameters;

/// What these endpoints ask of their caller.
pub const ACCESS: EndpointAccess = EndpointAccess::reading(Scope::CustomersView);

/// A customer as answers show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "cus_2D1M0PMS3AYF2Q2GXBWDF1KTY7", "fullName": "Contoh Nasabah", "externalId": "CIF-0001",
    "kycLevel": "none", "createdAt": "2026-11-23T04:05:06.007Z"
}))]
pub struct CustomerBody {
    /// Minted by us.
    pub id: String,
    /// As registered.
    pub full_name: String,
    /// The org's own id, if it gave one.
    pub external_id: Option<String>,
    /// `none`, `basic`, `standard` or `premium`.
    pub kyc_level: String,
    /// RFC 3339, UTC, milliseconds.
    pub created_at: String,
}

/// `GET /api/customers/{id}`.
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
    // A registration's 202 points here.
    let not_yet = |error| if error == ApiError::NotFound { ApiError::NotFoundYet } else { error };
    let id = CustomerId::parse(&id).map_err(|_| ApiError::NotFoundYet)?;
    let body = read(&app, &caller, &id).await.map_err(not_yet)?;
    app.reads.record(&caller, app.now(), &LoggedObjects::of(&req), [&id])?;
    Ok(HttpResponse::Ok().json(body))
}

/// `GET /api/customers?externalId=`.
///
/// # Errors
/// By the contract's table.
pub async fn find(req: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    let caller = auth::admit(&req, &app, ACCESS)?;
    let mut query = QueryParameters::parse(req.query_string(), &["externalId"]);
    let external_id = query.take("externalId", "must be an external id", |text| ExternalId::parse(text).ok());
    if external_id.is_none() && !query.is_refused() {
        query.refuse("externalId", "is required");
    }
    query.finish()?;
    let external_id = external_id.ok_or(ApiError::NotFound)?;
    let hmac = caller.entry.ids.external_id_hmac(external_id.as_str());
    let id = app.external_ids.lookup(&caller.org().org, hmac).await?.ok_or(ApiError::NotFound)?;
    let body = read(&app, &caller, &id).await?;
    // A claim that a registration broke off with is nobody's external id yet.
    if body.external_id.as_deref() != Some(external_id.as_str()) {
        return Err(ApiError::NotFound);
    }
    app.reads.record(&caller, app.now(), &LoggedObjects::of(&req), [&id])?;
    Ok(HttpResponse::Ok().json(body))
}

async fn read(app: &App, caller: &Caller, id: &CustomerId) -> Result<CustomerBody, ApiError> {
    let customer = CustomerRef::new(caller.org().org.clone(), id.clone());
    let (state, registration) = registered(app, &customer).await?.ok_or(ApiError::NotFound)?;
    let keys = unseal::keys_of_registered(app, caller.org().suite, &customer).await?;
    let event_id = &registration.event_id;
    let text = |field, sealed| unseal::text(&keys, event_id, field, sealed);
    let full_name = text(Field::FullName, registration.full_name.as_ref())?.ok_or(ApiError::NotFound)?;
    let external_id = text(Field::ExternalId, registration.external_id.as_ref())?;
    Ok(CustomerBody {
        id: customer.customer.as_str().to_owned(),
        full_name,
        external_id,
        kyc_level: state.kyc.tier.as_str().to_owned(),
        created_at: registration.created_at.rfc3339(),
    })
}

/// A customer that the read model shows: registered, and its profile not erased.
///
/// # Errors
/// From the store.
pub async fn registered(
    app: &App,
    customer: &CustomerRef,
) -> Result<Option<(CustomerState, Registration)>, ApiError> {
    let generation = app.generation().await?;
    let views: &dyn Views = app.views.as_ref();
    let Some(mut state) = views.customer(generation, customer).await? else { return Ok(None) };
    if state.erased.contains(Purpose::Profile) {
        return Ok(None);
    }
    Ok(state.registration.take().map(|registration| (state, registration)))
}
