//! Opening what an answer may show: names, external ids and reasons. An erased value is none, and one that does not
//! open keeps nothing else from being shown.

use std::collections::HashMap;

use domain::ids::{CustomerId, CustomerRef, EventId};
use domain::orgs::Suite;
use domain::rows::VerificationRow;
use domain::sealed::{Field, Opened, Purpose, Purposes, Sealed};
use futures::{StreamExt as _, TryStreamExt as _};
use vault::{CustomerKeys, DataKeys, SealContext, VaultError};

use crate::app::App;
use crate::limits::UNSEAL_CONCURRENCY;
use crate::serving::auth::Caller;
use crate::serving::errors::ApiError;

/// A text field, if there is one and it was not erased.
///
/// # Errors
/// [`ApiError::Internal`] when the envelope does not open although its key is there.
pub fn text(
    keys: &DataKeys,
    event_id: &EventId,
    field: Field,
    sealed: Option<&Sealed>,
) -> Result<Option<String>, ApiError> {
    let Some(sealed) = sealed else { return Ok(None) };
    let context = SealContext { event_id, field, content_type: "text/plain" };
    match keys.open(&context, sealed) {
        Ok(Opened::Erased) => Ok(None),
        Ok(Opened::Open(plain)) => String::from_utf8(plain.to_vec())
            .map(Some)
            .map_err(|_| ApiError::Internal(format!("{} is not UTF-8", field.as_str()))),
        Err(error) => Err(ApiError::Internal(format!("{} of {event_id}: {error}", field.as_str()))),
    }
}

/// What is kept does not open although its key is there, or the key itself is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

/// The reason of a row. One that does not open is in the log and in the metrics, once each time it was to be shown.
///
/// # Errors
/// [`Unreadable`].
pub fn reason(keys: &CustomerKeys, row: &VerificationRow) -> Result<Option<String>, Unreadable> {
    text(keys, &row.event_id, Field::Reason, row.reason.as_ref())
        .map_err(|error| unreadable(row.id.as_str(), error.cause().unwrap_or_default()))
}

fn unreadable(what: &str, cause: &str) -> Unreadable {
    tracing::error!(what, cause, "what is kept of a row does not open");
    metrics::counter!("identity_unreadable_rows_total").increment(1);
    Unreadable
}

/// The keys of a page of rows.
#[derive(Debug, Default)]
pub struct RowKeys(HashMap<CustomerId, Result<CustomerKeys, Unreadable>>);

impl RowKeys {
    /// The reason of a row; none without its customer's keys.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn reason(&self, row: &VerificationRow) -> Result<Option<String>, Unreadable> {
        match self.0.get(&row.customer.customer) {
            Some(keys) if row.reason.is_some() => reason(keys.as_ref().map_err(|damaged| *damaged)?, row),
            Some(_) | None => Ok(None),
        }
    }
}

/// The keys of a customer whom the read model has. Its row in the key store was made before it was registered, and stays
/// when its keys are destroyed: one that is missing was lost, as in a key store restored from before. Nobody is told that
/// there is no such customer.
///
/// # Errors
/// [`ApiError::Unavailable`] when the row is missing or does not open, or the key store does not answer.
pub async fn keys_of_registered(
    app: &App,
    suite: Suite,
    customer: &CustomerRef,
) -> Result<CustomerKeys, ApiError> {
    let keys = app.vault.customer_keys(customer, suite).await?;
    keys.ok_or_else(|| {
        let _ = unreadable(customer.customer.as_str(), NO_KEY_ROW);
        ApiError::Unavailable(NO_KEY_ROW.to_owned())
    })
}

/// Why a registered customer's keys are not there.
const NO_KEY_ROW: &str = "the key store has no row of a customer who is registered";

/// The purposes that the customer's state says are erased: before its keys are gone, and on an instance that does
/// not hear of erasures just now.
///
/// # Errors
/// From the store.
pub async fn erased(app: &App, customer: &CustomerRef) -> Result<Purposes, ApiError> {
    let generation = app.generation().await?;
    let state = app.views.customer(generation, customer).await?;
    Ok(state.map_or(Purposes::NONE, |state| state.erased))
}

/// The same, where only the vault of an instance that hears of erasures is as sure: it takes them up before a
/// key serves.
///
/// # Errors
/// From the store.
pub async fn erased_unheard(app: &App, customer: &CustomerRef) -> Result<Purposes, ApiError> {
    if app.outcomes.is_fresh(app.settings.outcomes_stale) {
        return Ok(Purposes::NONE);
    }
    erased(app, customer).await
}

/// The keys of the customers whose rows have a reason, each once; none of those whose profile was erased. A key row
/// that is damaged or missing is its own customer's matter only.
///
/// # Errors
/// [`ApiError::Unavailable`] when the key store, or the read model where it must be asked, does not answer.
pub async fn keys_of<'a>(
    app: &App,
    caller: &Caller,
    rows: impl Iterator<Item = &'a VerificationRow>,
) -> Result<RowKeys, ApiError> {
    let mut customers: Vec<CustomerRef> =
        rows.filter(|row| row.reason.is_some()).map(|row| row.customer.clone()).collect();
    customers.sort();
    customers.dedup();
    let one = customers.len() == 1;
    let found: Vec<(CustomerRef, Option<Result<CustomerKeys, Unreadable>>)> =
        futures::stream::iter(customers)
            .map(|customer| async move {
                let erased =
                    if one { erased(app, &customer).await? } else { erased_unheard(app, &customer).await? };
                if erased.contains(Purpose::Profile) {
                    return Ok((customer, None));
                }
                let keys = match app.vault.customer_keys(&customer, caller.org().suite).await {
                    Ok(Some(keys)) => Some(Ok(keys)),
                    Ok(None) => Some(Err(unreadable(customer.customer.as_str(), NO_KEY_ROW))),
                    Err(error @ VaultError::Unavailable(_)) => return Err(ApiError::from(error)),
                    Err(error) => Some(Err(unreadable(customer.customer.as_str(), &error.to_string()))),
                };
                Ok::<_, ApiError>((customer, keys))
            })
            .buffer_unordered(UNSEAL_CONCURRENCY)
            .try_collect()
            .await?;
    Ok(RowKeys(found.into_iter().filter_map(|(c, keys)| keys.map(|keys| (c.customer, keys))).collect()))
}
