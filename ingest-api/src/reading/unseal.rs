//! Opening what an answer may show: names, external ids and reasons. An erased value is none.

use std::collections::HashMap;

use domain::ids::{CustomerId, CustomerRef, EventId};
use domain::rows::VerificationRow;
use domain::sealed::{Field, Opened, Purpose, Purposes, Sealed};
use futures::{StreamExt as _, TryStreamExt as _};
use vault::{CustomerKeys, DataKeys, SealContext};

use crate::app::App;
use crate::auth::Caller;
use crate::errors::ApiError;
use crate::limits::UNSEAL_CONCURRENCY;

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

/// The reason of a row.
///
/// # Errors
/// As [`text`].
pub fn reason(keys: Option<&CustomerKeys>, row: &VerificationRow) -> Result<Option<String>, ApiError> {
    match keys {
        Some(keys) => text(keys, &row.event_id, Field::Reason, row.reason.as_ref()),
        None => Ok(None),
    }
}

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
    if app.outcomes.is_current(app.settings.outcomes_stale) {
        return Ok(Purposes::NONE);
    }
    erased(app, customer).await
}

/// The keys of the customers whose rows have a reason, each once; none of those whose profile was erased.
///
/// # Errors
/// [`ApiError::Unavailable`] when the key store, or the read model where it must be asked, does not answer.
pub async fn keys_of<'a>(
    app: &App,
    caller: &Caller,
    rows: impl Iterator<Item = &'a VerificationRow>,
) -> Result<HashMap<CustomerId, CustomerKeys>, ApiError> {
    let mut customers: Vec<CustomerRef> =
        rows.filter(|row| row.reason.is_some()).map(|row| row.customer.clone()).collect();
    customers.sort();
    customers.dedup();
    let one = customers.len() == 1;
    let found: Vec<(CustomerRef, Option<CustomerKeys>)> = futures::stream::iter(customers)
        .map(|customer| async move {
            let keys = app.vault.customer_keys(&customer, caller.org().suite).await?;
            let erased =
                if one { erased(app, &customer).await? } else { erased_unheard(app, &customer).await? };
            Ok::<_, ApiError>((customer, keys.filter(|_| !erased.contains(Purpose::Profile))))
        })
        .buffer_unordered(UNSEAL_CONCURRENCY)
        .try_collect()
        .await?;
    Ok(found.into_iter().filter_map(|(c, keys)| keys.map(|keys| (c.customer, keys))).collect())
}
