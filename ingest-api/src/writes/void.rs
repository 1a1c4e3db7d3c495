//! A void, recorded: whoever declares it (an API key, or a reviewer at the console) goes by the same steps. Who may is not
//! here.

use std::time::Instant;

use domain::event::{Event, Fingerprint, VerificationVoided};
use domain::fold::counts_as_verified;
use domain::ids::{CustomerRef, EventId, VerificationId};
use domain::ports::VerificationView;
use domain::rows::{VoidReason, VoidRow};
use domain::sealed::Field;
use domain::verdict::Reason;
use vault::{CustomerKeys, SealContext};

use super::review::{append, reviewed_view};
use super::{is_taken_in, poll_until_projected};
use crate::app::App;
use crate::serving::errors::ApiError;

/// What is declared of a verification that counts as verified.
pub struct VoidDecision {
    /// The event's id: of a repetition the same.
    pub event_id: EventId,
    /// Whose verification.
    pub customer: CustomerRef,
    /// Which.
    pub verification: VerificationId,
    /// Why.
    pub reason: VoidReason,
    /// Why, in words that are kept sealed and never shown again.
    pub note: Option<Reason>,
    /// Who: an API key's public name, or a member of staff.
    pub by: String,
    /// The request's body, where it had one.
    pub body_fingerprint: Option<Fingerprint>,
    /// The tier policy that what stands is counted by.
    pub policy_version: u32,
}

/// Why the verification cannot be made void, where it cannot.
///
/// # Errors
/// From the store.
pub async fn refusal(app: &App, view: &VerificationView) -> Result<Option<ApiError>, ApiError> {
    if view.voided.is_some() {
        return Ok(Some(ApiError::AlreadyVoided));
    }
    if !counts_as_verified(&view.row, view.review.as_ref()) {
        return Ok(Some(ApiError::NotVoidable));
    }
    let state = app.views.customer(app.generation().await?, &view.row.customer).await?;
    let is_full = state.is_some_and(|state| state.voids.is_full());
    Ok(is_full.then_some(ApiError::NotVoidable))
}

/// Records it: the void that counts, once the read model shows one and the tier after it; none where it does not until then.
///
/// # Errors
/// [`ApiError::AlreadyVoided`] where another void counts; from the vault and the log.
pub async fn record_void(
    app: &App,
    keys: &CustomerKeys,
    decision: VoidDecision,
    traceparent: Option<&str>,
    wait_until: Option<Instant>,
) -> Result<Option<VoidRow>, ApiError> {
    let (customer, verification) = (decision.customer.clone(), decision.verification.clone());
    let event_id = decision.event_id.clone();
    append(app, event(keys, decision)?, traceparent).await?;
    let Some(wait_until) = wait_until else { return Ok(None) };
    let row = poll_until_projected(wait_until, || async {
        let Some(row) = reviewed_view(app, &customer.org, &verification).await?.voided else {
            return Ok(None);
        };
        Ok(is_taken_in(app, &customer, row.source).await?.then_some(row))
    })
    .await;
    match row {
        Some(row) if row.event_id != event_id => Err(ApiError::AlreadyVoided),
        row => Ok(row),
    }
}

fn event(keys: &CustomerKeys, decision: VoidDecision) -> Result<Event, ApiError> {
    let VoidDecision { event_id, customer, verification, reason, note, by, .. } = decision;
    let place = SealContext { event_id: &event_id, field: Field::VoidNote, content_type: "text/plain" };
    let note = note.map(|note| keys.seal(&place, note.as_str().as_bytes())).transpose()?;
    Ok(Event::VerificationVoided(VerificationVoided {
        event_id,
        customer,
        verification_id: verification,
        reason,
        note,
        by,
        policy_version: decision.policy_version,
        body_fingerprint: decision.body_fingerprint,
    }))
}
