//! The keys of the customer whom a write is about, when it may be recorded.

use domain::decide::{Admission, CustomerStanding};
use domain::ids::CustomerRef;
use domain::ports::KeyRowState;
use domain::sealed::{Purpose, Purposes};
use vault::CustomerKeys;

use super::path::WriteContext;
use crate::reading::customers::registered;
use crate::reading::unseal;
use crate::serving::errors::ApiError;

/// A registered customer's keys, when `admit` says that the write may be recorded.
///
/// # Errors
/// By what `admit` says; [`ApiError::NotFound`] for a customer that there is not; from the stores.
pub async fn admitted_keys(
    context: &WriteContext<'_>,
    customer: &CustomerRef,
    admit: impl FnOnce(CustomerStanding) -> Admission,
) -> Result<CustomerKeys, ApiError> {
    let (app, caller) = (context.app, context.caller);
    let keys = match app.vault.customer_keys(customer, caller.org().suite).await? {
        Some(keys) => keys,
        None if registered(app, customer).await?.is_none() => return Err(ApiError::NotFound),
        None => unseal::keys_of_registered(app, caller.org().suite, customer).await?,
    };
    context.is_about(customer);
    let destroyed: Purposes = Purpose::ALL.into_iter().filter(|p| keys.is_destroyed(*p)).collect();
    let destroyed = destroyed.union(unseal::erased_unheard(app, customer).await?);
    let projected = matches!(keys.state(), KeyRowState::Pending { .. }) && {
        let generation = app.generation().await?;
        app.views.customer(generation, customer).await?.is_some_and(|state| state.registration.is_some())
    };
    match admit(CustomerStanding { key_row: Some(keys.state()), destroyed, projected }) {
        Admission::Record => Ok(keys),
        Admission::ActivateAndRecord if app.vault.activate(customer).await? => Ok(keys),
        Admission::ActivateAndRecord | Admission::NotFound => Err(ApiError::NotFound),
        Admission::BiometricConsentWithdrawn => Err(ApiError::BiometricWithdrawn),
        Admission::EvidenceKeyDestroyed => Err(ApiError::EvidenceErased),
    }
}
