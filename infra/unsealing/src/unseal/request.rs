//! `unseal request`: a signer asks for one part of one verification.

use domain::event::ActKind;
use domain::ids::{OrgId, UnsealRequestId, VerificationId};
use domain::time::Timestamp;
use vault::{SignerKeys, random_id};

use super::request_row::{RequestRow, RequestState};
use super::target::{UnsealField, UnsealTarget};
use super::{Actor, UnsealPorts};
use crate::limits::{PURPOSE_CHARS_MAX, TICKET_CHARS_MAX, UNSEAL_REQUEST_MS};
use crate::refusal::{ActError, Refusal};

/// What a signer asks for, and why.
#[derive(Debug, Clone)]
pub struct UnsealOrder {
    /// In which org.
    pub org: OrgId,
    /// Of which verification.
    pub verification: VerificationId,
    /// Which part.
    pub field: UnsealField,
    /// What for, in the signer's words.
    pub purpose: String,
    /// Under which number it is kept elsewhere.
    pub ticket: String,
}

/// Refuses a purpose or a ticket that says nothing, is too long, or is more than a line.
pub(crate) fn check_words(purpose: &str, ticket: &str) -> Result<(), Refusal> {
    let fits = |text: &str, max: usize| {
        (1..=max).contains(&text.trim().chars().count()) && !text.trim().chars().any(char::is_control)
    };
    let is_good = fits(purpose, PURPOSE_CHARS_MAX) && fits(ticket, TICKET_CHARS_MAX);
    if is_good { Ok(()) } else { Err(Refusal::NotPlainText) }
}

impl UnsealOrder {
    fn check(&self) -> Result<(), Refusal> {
        check_words(&self.purpose, &self.ticket)
    }
}

/// Asks. The request's id, and until when it may be approved and opened.
///
/// # Errors
/// [`ActError`]; what is refused is in the log.
pub async fn request(
    ports: &UnsealPorts,
    keys: &SignerKeys,
    order: &UnsealOrder,
) -> Result<(UnsealRequestId, Timestamp), ActError> {
    let id = UnsealRequestId::from_bytes(random_id());
    let actor = Actor::about_to(ports, &order.org, keys, ActKind::UnsealRequest, id.as_str()).await?;
    let asked = [
        ("verification", order.verification.as_str()),
        ("field", order.field.as_str()),
        ("purpose", order.purpose.as_str()),
        ("ticket", order.ticket.as_str()),
    ];
    let found = async {
        order.check()?;
        UnsealTarget::find(ports, &order.org, &order.verification, order.field).await
    };
    let found = found.await;
    let target = actor.refused(ActKind::UnsealRequest, None, id.as_str(), &asked, found).await?;
    // Nobody is asked to approve what nobody can open any more.
    let keys = target.keys(ports).await;
    let of_customer = Some(&target.customer);
    actor.refused(ActKind::UnsealRequest, of_customer, id.as_str(), &asked, keys).await?;
    let expires_at = Timestamp::from_millis((ports.now)().millis() + UNSEAL_REQUEST_MS);
    let expires = expires_at.rfc3339();
    let target_fields = target.fields();
    let mut fields: Vec<(&str, &str)> =
        target_fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    fields.extend([
        ("purpose", order.purpose.trim()),
        ("ticket", order.ticket.trim()),
        ("expires-at", &expires),
    ]);
    let customer = Some(&target.customer);
    let (_, appended) = actor.record(ActKind::UnsealRequest, customer, id.as_str(), &fields, None).await?;
    let row = RequestRow {
        org: order.org.to_string(),
        state: RequestState::Requested,
        expires_at: expires_at.millis(),
        request: appended.source.into(),
        approvals: Vec::new(),
        out: None,
    };
    row.insert(&*ports.notes, id.as_str()).await?;
    Ok((id, expires_at))
}
