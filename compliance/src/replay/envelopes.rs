//! What an event's envelopes are shown as: sealed, erased where nobody can open them any more, or, for a signer who has
//! recorded why, what is in them. Only the customer's own keys open any here; what takes two signers stays sealed.

use std::borrow::Cow;
use std::fmt;

use data_encoding::BASE64;
use domain::capture::Measure;
use domain::event::{Event, SealedField};
use domain::orgs::Suite;
use domain::sealed::{Field, Opened, Purposes};
use vault::{SealContext, UnsealError, Vault, VaultError};
use zeroize::Zeroizing;

/// What was in an envelope, as text. Never in a `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct RevealedText(Zeroizing<String>);

impl fmt::Debug for RevealedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RevealedText")
    }
}

/// The envelopes of one event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventEnvelopes {
    erased: Purposes,
    revealed: Vec<(Field, RevealedText)>,
}

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownEnvelope<'e> {
    /// Nobody opened it.
    Sealed,
    /// Nobody can.
    Erased,
    /// What is in it.
    Revealed(&'e str),
}

impl EventEnvelopes {
    /// None opened; of those purposes nobody can open any.
    pub fn sealed(erased: Purposes) -> Self {
        Self { erased, revealed: Vec::new() }
    }

    /// What the envelope of a field is shown as.
    pub fn of(&self, field: Field) -> ShownEnvelope<'_> {
        if self.erased.contains(field.purpose()) {
            return ShownEnvelope::Erased;
        }
        let found = self.revealed.iter().find(|(of, _)| *of == field);
        found.map_or(ShownEnvelope::Sealed, |(_, text)| ShownEnvelope::Revealed(&text.0))
    }

    /// The same for people: a picture by its size.
    pub fn word_of(&self, field: Field) -> Cow<'_, str> {
        match self.of(field) {
            ShownEnvelope::Revealed(text) if field == Field::Photo => Cow::Owned(format!(
                "({} bytes)",
                BASE64.decode(text.as_bytes()).map_or(0, |photo| photo.len())
            )),
            shown => Cow::Borrowed(shown.word()),
        }
    }
}

impl<'e> ShownEnvelope<'e> {
    /// The text that was revealed, or a word of ours.
    pub fn word(self) -> &'e str {
        match self {
            Self::Sealed => "sealed",
            Self::Erased => "erased",
            Self::Revealed(text) => text,
        }
    }
}

/// Opens an event's envelopes, and that one of its evidence which the customer's own key opens, with the customer's keys;
/// whether one of them is not what was sealed. Those stay sealed.
pub(super) async fn reveal(
    vault: &Vault,
    event: &Event,
    of_evidence: Option<SealedField<'_>>,
    erased: Purposes,
) -> Result<(EventEnvelopes, bool), VaultError> {
    let (mut envelopes, mut is_altered) = (EventEnvelopes::sealed(erased), false);
    let mut sealed = event.sealed_fields();
    sealed.extend(of_evidence);
    if sealed.is_empty() {
        return Ok((envelopes, is_altered));
    }
    // The suite is the envelope's own; this one is what would be sealed with.
    let Some(keys) = vault.customer_keys(event.customer(), Suite::Aes256GcmSiv).await? else {
        return Ok((envelopes, is_altered));
    };
    for of in sealed {
        let context =
            SealContext { event_id: event.event_id(), field: of.field, content_type: of.content_type };
        match keys.open(&context, of.envelope) {
            Ok(Opened::Open(bytes)) => match text_of(of.field, &bytes) {
                Some(text) => envelopes.revealed.push((of.field, RevealedText(Zeroizing::new(text)))),
                None => is_altered = true,
            },
            Ok(Opened::Erased) => envelopes.erased = envelopes.erased.with(of.field.purpose()),
            Err(UnsealError::Malformed | UnsealError::Tampered) => is_altered = true,
        }
    }
    Ok((envelopes, is_altered))
}

/// In the order of the voters: a dash where one measured nothing.
fn voter_values(bytes: &[u8]) -> Option<String> {
    let (values, []) = bytes.as_chunks::<8>() else { return None };
    let values = values.iter().map(|value| match i64::from_le_bytes(*value) {
        i64::MIN => "-".to_owned(),
        millionths => Measure::from_millionths(millionths).value().to_string(),
    });
    Some(values.collect::<Vec<_>>().join(" "))
}

/// A text as it is, a picture in base64, a similarity and what voters measured as numbers.
fn text_of(field: Field, bytes: &[u8]) -> Option<String> {
    match field {
        Field::Photo => Some(BASE64.encode(bytes)),
        Field::MatchSimilarity => Some(f32::from_le_bytes(bytes.try_into().ok()?).to_string()),
        Field::VoterValues => voter_values(bytes),
        _ => std::str::from_utf8(bytes).ok().map(str::to_owned),
    }
}
