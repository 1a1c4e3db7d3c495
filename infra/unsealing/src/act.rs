//! A signer's act: the text that is signed, its signature, and whether it is one of the set in force. The text is lines of
//! `name=value` in a fixed order, so that it is read and checked without this program.

use domain::event::{ActKind, ComplianceAct};
use domain::ids::{CustomerRef, EventId, OrgId};
use domain::signers::{Signer, SignerName, SignerSet};
use domain::time::Timestamp;
use vault::{SignerKeys, is_signed_by};

use crate::limits::ACT_TEXT_BYTES_MAX;
use crate::refusal::Refusal;

/// In a signer's place where keys are no signer's.
pub(crate) const NOBODY: &str = "not-a-signer";

/// The first line of every act.
const FIRST_LINE: &str = "identity/compliance-act/v1";

/// What is signed of an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActText(Vec<(String, String)>);

impl ActText {
    /// An act of that kind in that org by that signer, with what else it says. All that its record says is in it, so that
    /// nothing of the record can be altered, and none can be taken for another.
    ///
    /// # Errors
    /// [`Refusal::NotPlainText`] for a value that would not stand in one line.
    pub fn new(
        kind: ActKind,
        org: &OrgId,
        signer: &SignerName,
        subject: &ActSubject<'_>,
        more: &[(&str, &str)],
    ) -> Result<Self, Refusal> {
        let acted_at = subject.acted_at.rfc3339();
        let own = [
            ("kind", kind.as_str()),
            ("org", org.as_str()),
            ("signer", signer.as_str()),
            ("event", subject.event_id.as_str()),
            ("acted-at", &acted_at),
            ("refusal", subject.refusal.map_or("", Refusal::code)),
            ("request", subject.request),
            ("customer", subject.customer.map_or("", |customer| customer.customer.as_str())),
        ];
        let fields: Vec<_> =
            own.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let is_plain = fields.iter().all(|(_, value)| !value.chars().any(char::is_control));
        let text = Self(fields);
        if is_plain && text.text().len() <= ACT_TEXT_BYTES_MAX {
            Ok(text)
        } else {
            Err(Refusal::NotPlainText)
        }
    }

    /// The text itself.
    pub fn text(&self) -> String {
        let mut text = format!("{FIRST_LINE}\n");
        for (name, value) in &self.0 {
            text.push_str(name);
            text.push('=');
            text.push_str(value);
            text.push('\n');
        }
        text
    }

    /// Takes up a text that was signed; none when it is not one that [`ActText::text`] gives.
    pub fn parse(text: &str) -> Option<Self> {
        let lines = text.strip_prefix(FIRST_LINE)?.strip_prefix('\n')?.lines();
        let field =
            |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        let parsed = Self(lines.map(field).collect::<Option<_>>()?);
        (parsed.text() == text).then_some(parsed)
    }

    /// What it says under that name; empty when it says nothing.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(of, _)| of == name).map_or("", |(_, value)| value)
    }
}

/// Whom an act is about, of which request, and when.
#[derive(Debug, Clone, Copy)]
pub struct ActSubject<'a> {
    /// The record's own id.
    pub event_id: &'a EventId,
    /// The customer, if it is about one.
    pub customer: Option<&'a CustomerRef>,
    /// The request's id; empty where there is none.
    pub request: &'a str,
    /// Why it was refused, if it was.
    pub refusal: Option<Refusal>,
    /// By the clock on the wall.
    pub acted_at: Timestamp,
}

/// Signs an act of that text.
pub fn sign_act(
    keys: &SignerKeys,
    kind: ActKind,
    text: &ActText,
    org: &OrgId,
    subject: ActSubject<'_>,
) -> Result<ComplianceAct, Refusal> {
    let signer = SignerName::parse(text.get("signer")).map_err(|_| Refusal::NotASigner)?;
    let text = text.text();
    Ok(ComplianceAct {
        event_id: subject.event_id.clone(),
        org: org.clone(),
        customer: subject.customer.cloned(),
        kind,
        request: subject.request.to_owned(),
        signer,
        signature: keys.sign(text.as_bytes()),
        text,
        refusal: subject.refusal.map(|refusal| refusal.code().to_owned()),
        acted_at: subject.acted_at,
    })
}

/// The member of a set whose keys these are.
///
/// # Errors
/// [`Refusal::NotASigner`].
pub fn member<'a>(set: &'a SignerSet, keys: &SignerKeys) -> Result<&'a Signer, Refusal> {
    set.signers().iter().find(|signer| keys.public().are_of(signer)).ok_or(Refusal::NotASigner)
}

/// What an act's record says and who signed it, when that is a signer of the set. What the record says beside the text is not
/// signed, so the text has to say the same.
fn signed_text<'a>(act: &ComplianceAct, set: &'a SignerSet) -> Option<(ActText, &'a Signer)> {
    let signer = set.signer(&act.signer)?;
    if !is_signed_by(signer, act.text.as_bytes(), &act.signature) {
        return None;
    }
    let text = ActText::parse(&act.text)?;
    let says = |name: &str, value: &str| text.get(name) == value;
    let is_it = act.org == *set.org()
        && says("kind", act.kind.as_str())
        && says("org", act.org.as_str())
        && says("signer", act.signer.as_str())
        && says("event", act.event_id.as_str())
        && says("acted-at", &act.acted_at.rfc3339())
        && says("refusal", act.refusal.as_deref().unwrap_or_default())
        && says("request", &act.request)
        && says("customer", act.customer.as_ref().map_or("", |customer| customer.customer.as_str()));
    is_it.then_some((text, signer))
}

/// Whether it is a refusal to keys that were no signer's: the one act that no signer can have signed.
pub fn is_of_nobody(act: &ComplianceAct) -> bool {
    let of_nobody = [Refusal::NotASigner, Refusal::NoSigners];
    act.signer.as_str() == NOBODY && of_nobody.iter().any(|one| act.refusal.as_deref() == Some(one.code()))
}

/// Whether a signer of one of these sets signed what the act's record says.
pub fn is_signed_in(act: &ComplianceAct, sets: &[SignerSet]) -> bool {
    sets.iter().any(|set| signed_text(act, set).is_some())
}

/// Checks an act that stands in the log: done, of that kind and request, and signed by a signer of the set in force.
///
/// # Errors
/// [`Refusal::BadSignature`].
pub fn verified(
    act: &ComplianceAct,
    set: &SignerSet,
    kind: ActKind,
    request: &str,
) -> Result<(ActText, Signer), Refusal> {
    let is_it = act.kind == kind && act.refusal.is_none() && act.request == request;
    let (text, signer) = signed_text(act, set).filter(|_| is_it).ok_or(Refusal::BadSignature)?;
    Ok((text, signer.clone()))
}
