//! A replay that shows what customers' profile and biometric keys open. One signer does it; what he asks for and why is a
//! signed record before anything is shown. Evidence is not among what it shows: that takes two (`unseal`).

use domain::event::ActKind;
use domain::ids::{CustomerRef, OrgId};
use vault::SignerKeys;

use crate::refusal::ActError;
use crate::unseal::{Actor, UnsealPorts, check_words};

/// Which facts are shown, and why.
#[derive(Debug, Clone)]
pub struct RevealOrder {
    /// Of which org.
    pub org: OrgId,
    /// Of that customer alone.
    pub customer: Option<CustomerRef>,
    /// What else narrows it, by name.
    pub filter: Vec<(&'static str, String)>,
    /// What for, in the signer's words.
    pub purpose: String,
    /// Under which number it is kept elsewhere.
    pub ticket: String,
}

/// Records it. Sealed fields may be shown once this returns.
///
/// # Errors
/// [`ActError`]; what is refused is in the log.
pub async fn record_reveal(
    ports: &UnsealPorts,
    keys: &SignerKeys,
    order: &RevealOrder,
) -> Result<(), ActError> {
    let actor = Actor::about_to(ports, &order.org, keys, ActKind::ReplayReveal, "").await?;
    let customer = order.customer.as_ref();
    let checked = check_words(&order.purpose, &order.ticket).map_err(ActError::from);
    let asked = [("purpose", order.purpose.as_str()), ("ticket", order.ticket.as_str())];
    actor.refused(ActKind::ReplayReveal, customer, "", &asked, checked).await?;
    let mut fields: Vec<(&str, &str)> =
        order.filter.iter().map(|(name, value)| (*name, value.as_str())).collect();
    fields.extend([("purpose", order.purpose.trim()), ("ticket", order.ticket.trim())]);
    actor.record(ActKind::ReplayReveal, customer, "", &fields, None).await?;
    Ok(())
}
