//! A review, recorded: whoever decides (an API key, or a reviewer at the console) goes by the same steps. First it is known
//! that the verification waits for a person; then the event is appended, the review copy's key is destroyed, and the read
//! model is waited for. Who may decide what is not here.

use std::time::Instant;

use domain::event::{Event, Fingerprint, VerificationReviewed};
use domain::ids::{CustomerRef, EventId, OrgId, VerificationId};
use domain::ports::{Topic, VerificationView};
use domain::rows::{ReviewRow, VerificationStatus};
use domain::sealed::Field;
use domain::verdict::Reason;
use event_codec::Meta;
use vault::{CustomerKeys, SealContext};

use super::append::AppendError;
use super::{is_taken_in, poll_until_projected};
use crate::app::App;
use crate::serving::errors::ApiError;

/// What is decided of a verification that waits for a person.
pub struct ReviewDecision {
    /// The event's id: of a repetition the same.
    pub event_id: EventId,
    /// Whose verification.
    pub customer: CustomerRef,
    /// Which.
    pub verification: VerificationId,
    /// Verified or failed.
    pub to_status: VerificationStatus,
    /// The bank's own code for why.
    pub reason_code: String,
    /// Why, in words that are kept sealed and never shown again.
    pub note: Option<Reason>,
    /// Who: an API key's public name, or a member of staff.
    pub by: String,
    /// The request's body, where it had one.
    pub body_fingerprint: Option<Fingerprint>,
    /// The tier policy that the decision counts by.
    pub policy_version: u32,
}

/// A verification of the org as the read model shows it.
///
/// # Errors
/// [`ApiError::VerificationNotFoundYet`]; from the store.
pub async fn reviewed_view(
    app: &App,
    org: &OrgId,
    verification: &VerificationId,
) -> Result<VerificationView, ApiError> {
    let generation = app.generation().await?;
    let found = app.views.verification(generation, org, verification).await?;
    found.map(|(view, _)| view).ok_or(ApiError::VerificationNotFoundYet)
}

/// Whether it waits for a person.
pub fn is_open(view: &VerificationView) -> bool {
    view.row.status == VerificationStatus::Pending && view.review.is_none()
}

/// Records the decision: the review that counts, once the read model shows one; none where it does not until then.
///
/// # Errors
/// [`ApiError::NotPending`] where another review counts; from the vault and the log.
pub async fn record_review(
    app: &App,
    keys: &CustomerKeys,
    decision: ReviewDecision,
    traceparent: Option<&str>,
    wait_until: Option<Instant>,
) -> Result<Option<ReviewRow>, ApiError> {
    let (customer, verification) = (decision.customer.clone(), decision.verification.clone());
    let org = &customer.org;
    let event_id = decision.event_id.clone();
    append(app, event(keys, decision)?, traceparent).await?;
    destroy_copy(app, org, &verification).await;
    let Some(wait_until) = wait_until else { return Ok(None) };
    let row = poll_until_projected(wait_until, || async {
        let Some(row) = reviewed_view(app, org, &verification).await?.review else { return Ok(None) };
        Ok(is_taken_in(app, &customer, row.source).await?.then_some(row))
    })
    .await;
    match row {
        Some(row) if row.event_id != event_id => Err(ApiError::NotPending),
        row => Ok(row),
    }
}

fn event(keys: &CustomerKeys, decision: ReviewDecision) -> Result<Event, ApiError> {
    let ReviewDecision { event_id, customer, verification, to_status, reason_code, note, by, .. } = decision;
    let place = SealContext { event_id: &event_id, field: Field::ReviewNote, content_type: "text/plain" };
    let note = note.map(|note| keys.seal(&place, note.as_str().as_bytes())).transpose()?;
    Ok(Event::VerificationReviewed(VerificationReviewed {
        event_id,
        customer,
        verification_id: verification,
        to_status,
        reason_code,
        note,
        by,
        policy_version: decision.policy_version,
        body_fingerprint: decision.body_fingerprint,
    }))
}

/// Appends an event that stands alone.
///
/// # Errors
/// From the log; [`ApiError::Unavailable`] when it does not confirm in time.
pub async fn append(app: &App, event: Event, traceparent: Option<&str>) -> Result<(), ApiError> {
    let meta = Meta { time: app.now(), traceparent };
    let record = app.codec.event(&event, &meta).map_err(AppendError::from)?;
    let appended = app.log.append(Topic::Events, record);
    match tokio::time::timeout(app.settings.append_deadline, appended).await {
        Ok(appended) => Ok(appended.map(drop).map_err(AppendError::from)?),
        Err(_) => Err(ApiError::Unavailable("the log did not confirm in time".to_owned())),
    }
}

/// Destroys the copy of a verification that was decided. The decision stands: one that cannot be destroyed just now opens
/// for nobody any more, and goes when somebody asks again, or at the end of its time.
pub async fn destroy_copy(app: &App, org: &OrgId, verification: &VerificationId) {
    let destroyed = app.review_vault.destroy_review_copy(org, verification);
    let failed = match tokio::time::timeout(app.settings.append_deadline, destroyed).await {
        Ok(Ok(_)) => return,
        Ok(Err(error)) => error.to_string(),
        Err(_) => "the key store did not answer in time".to_owned(),
    };
    metrics::counter!("identity_review_copies_kept_total").increment(1);
    tracing::warn!(
        cause = failed,
        verification = verification.as_str(),
        "the review copy of a decided verification was not destroyed; it goes when it is asked for again, or at the end of its time"
    );
}
