//! `GET /console/customers`: looking a customer up. What it finds it names by our id alone, so that nothing personal is
//! shown and nothing needs to be recorded.

use std::collections::HashSet;

use actix_web::{HttpRequest, HttpResponse, web};
use console_pages::pages::customers::{self, CustomerSearch, CustomersModel, FoundCustomer, LatestCustomer};
use domain::ids::{CustomerId, CustomerRef};
use domain::ports::{AttemptsQuery, PageStart, VerificationView};
use domain::rows::{CustomerState, Registration};
use domain::sealed::Field;
use domain::staff::ConsolePage;
use domain::verdict::ExternalId;

use crate::app::App;
use crate::console::answer;
use crate::console::error::ConsoleError;
use crate::console::session::SignedIn;
use crate::limits::{LATEST_CUSTOMERS_MAX, LATEST_VERIFICATIONS_READ};
use crate::reading::customers::registered;
use crate::reading::unseal;
use crate::serving::errors::ApiError;
use crate::serving::query;

/// The page.
///
/// # Errors
/// As a page.
pub async fn list(
    req: HttpRequest,
    app: web::Data<App>,
    signed_in: SignedIn,
) -> Result<HttpResponse, ConsoleError> {
    signed_in.may(ConsolePage::Customers)?;
    let asked = query::first(req.query_string(), "q");
    let (search, latest) = futures::try_join!(
        search(&app, &signed_in, asked.as_deref().unwrap_or_default()),
        latest(&app, &signed_in)
    )?;
    let mut frame = signed_in.frame(&req, ConsolePage::Customers);
    // What was looked for may be an external id or a name: no link of the page repeats it, not even the one to itself in
    // another language.
    customers::PATH.clone_into(&mut frame.address);
    Ok(answer::page(customers::render(&frame, &CustomersModel { search, latest })))
}

async fn search(app: &App, signed_in: &SignedIn, text: &str) -> Result<CustomerSearch, ApiError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(CustomerSearch::NotAsked);
    }
    let found = match CustomerId::parse(text) {
        Ok(id) => by_id(app, signed_in, id).await?,
        Err(_) => match ExternalId::parse(text) {
            Ok(external_id) => by_external_id(app, signed_in, &external_id).await?,
            Err(_) => None,
        },
    };
    Ok(found.map_or(CustomerSearch::Missing, CustomerSearch::Found))
}

async fn by_id(app: &App, signed_in: &SignedIn, id: CustomerId) -> Result<Option<FoundCustomer>, ApiError> {
    let customer = CustomerRef::new(signed_in.org_id().clone(), id);
    let found = registered(app, &customer).await?;
    Ok(found.map(|(state, registration)| found_customer(customer, &state, &registration)))
}

fn found_customer(
    customer: CustomerRef,
    state: &CustomerState,
    registration: &Registration,
) -> FoundCustomer {
    let (tier, registered_at) = (state.kyc.tier, registration.created_at);
    FoundCustomer { id: customer.customer, tier, registered_at }
}

/// As the API finds one: a claim that a registration broke off with is nobody's external id yet.
async fn by_external_id(
    app: &App,
    signed_in: &SignedIn,
    external_id: &ExternalId,
) -> Result<Option<FoundCustomer>, ApiError> {
    let hmac = signed_in.org.ids.external_id_hmac(external_id.as_str());
    let Some(id) = app.external_ids.lookup(signed_in.org_id(), hmac).await? else { return Ok(None) };
    let customer = CustomerRef::new(signed_in.org_id().clone(), id);
    let Some((state, registration)) = registered(app, &customer).await? else { return Ok(None) };
    let keys = unseal::keys_of_registered(app, signed_in.org_record().suite, &customer).await?;
    let sealed = registration.external_id.as_ref();
    let stored = unseal::text(&keys, &registration.event_id, Field::ExternalId, sealed)?;
    let is_theirs = stored.as_deref() == Some(external_id.as_str());
    Ok(is_theirs.then(|| found_customer(customer, &state, &registration)))
}

/// The customers of the latest verifications, each once.
async fn latest(app: &App, signed_in: &SignedIn) -> Result<Vec<LatestCustomer>, ApiError> {
    let query = AttemptsQuery {
        org: signed_in.org_id().clone(),
        method: None,
        status: None,
        category: None,
        review: None,
        customer: None,
        from: None,
        to: None,
        start: PageStart::Skip(0),
        limit: LATEST_VERIFICATIONS_READ,
    };
    let page = app.views.attempts(app.generation().await?, &query).await?;
    let mut seen = HashSet::new();
    let once = page.rows.into_iter().filter(|view| seen.insert(view.row.customer.customer.clone()));
    Ok(once
        .take(LATEST_CUSTOMERS_MAX)
        .map(|VerificationView { row, .. }| LatestCustomer {
            customer: row.customer.customer,
            verification: row.id,
            method: row.method,
            status: row.status,
            category: row.reason_category,
            created_at: row.created_at,
        })
        .collect())
}
