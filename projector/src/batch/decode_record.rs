//! From a record to a fact: decoded, its envelopes authenticated, or called poison with a word of ours.
//! Nothing of a payload leaves here in an error.

use domain::event::{Event, Offset, RecordedEvent, SealedField};
use domain::fold::{Fact, Poison};
use domain::ids::{CustomerRef, OrgId};
use domain::orgs::Suite;
use domain::ports::StoredRecord;
use domain::sealed::Field;
use event_codec::{Codec, DecodeError};
use vault::{SealContext, Vault, VaultError};

/// What became of a record.
pub(crate) enum DecodedRecord {
    /// It can be folded.
    Fact(Box<Fact>),
    /// Its envelopes did not open. That matters to whoever would apply it: what is refused or parked in any case
    /// needs no key.
    Unopened(Box<Fact>, UnopenedCause),
    /// It cannot, and nobody knows whom it is about: dead letters, no quarantine.
    Unattributable(&'static str),
}

/// Why an event's envelopes did not open.
#[derive(Debug, Clone)]
pub(crate) enum UnopenedCause {
    /// Their key is here: instead of the event, this.
    Tampered(Box<Fact>),
    /// Nobody knows yet.
    KeyAway(KeyWait),
}

/// A key that is away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyWait {
    /// Whose events wait.
    pub(crate) org: OrgId,
    /// The first of them that does.
    pub(crate) at: Offset,
    /// In words for an operator; no key, no value.
    pub(crate) why: String,
}

/// Why a record cannot be taken in now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecodeRecordError {
    /// Worth trying again.
    #[error("{0}")]
    Unavailable(String),
    /// A later build wrote it: the partition waits for one that knows it.
    #[error("a schema this build does not know; it waits for an upgrade")]
    UnknownSchema,
}

/// The bytes cannot be decoded.
const CAUSE_NOT_AVRO: &str = "not_decodable";
/// The record's key does not name a customer.
const CAUSE_KEY: &str = "record_key_names_no_customer";
/// The record stands under another customer's key.
const CAUSE_KEY_MISMATCH: &str = "record_key_of_another_customer";
/// An envelope was changed, moved, or made with another key.
const CAUSE_ENVELOPE: &str = "envelope_not_authentic";

fn poison(record: &StoredRecord, customer: CustomerRef, event: Option<&Event>, cause: &str) -> Poison {
    Poison {
        customer,
        source: record.source,
        appended_at: record.appended_at,
        event_id: event.map(|e| e.event_id().clone()),
        verification_id: event.and_then(Event::verification_id).cloned(),
        reference_id: event.and_then(Event::reference_id).cloned(),
        review_of: event.and_then(Event::review_of).cloned(),
        fallback_id: event.and_then(Event::fallback_id).cloned(),
        closes_recheck: event.and_then(Event::closes_recheck).cloned(),
        body_fingerprint: event.and_then(Event::body_fingerprint),
        cause: cause.to_owned(),
    }
}

/// Decodes a record and authenticates its envelopes.
pub(crate) async fn decode_record(
    codec: &Codec,
    vault: &Vault,
    record: &StoredRecord,
) -> Result<DecodedRecord, DecodeRecordError> {
    let customer = CustomerRef::of_record_key(&record.key);
    let poisoned = |customer, event: Option<&Event>, cause| {
        DecodedRecord::Fact(Box::new(Fact::Poison(poison(record, customer, event, cause))))
    };
    let event = match codec.decode_event(record) {
        Ok(event) => event,
        Err(DecodeError::UnknownSchema { .. }) => return Err(DecodeRecordError::UnknownSchema),
        Err(DecodeError::Malformed(_)) => {
            return Ok(match customer {
                Some(customer) => poisoned(customer, None, CAUSE_NOT_AVRO),
                None => DecodedRecord::Unattributable(CAUSE_NOT_AVRO),
            });
        }
    };
    let Some(customer) = customer else { return Ok(DecodedRecord::Unattributable(CAUSE_KEY)) };
    if *event.customer() != customer {
        return Ok(poisoned(customer, Some(&event), CAUSE_KEY_MISMATCH));
    }
    let unopened = match open_all(vault, &customer, &event).await? {
        Authenticity::Authentic => None,
        Authenticity::Tampered => {
            let poison = poison(record, customer, Some(&event), CAUSE_ENVELOPE);
            Some(UnopenedCause::Tampered(Box::new(Fact::Poison(poison))))
        }
        Authenticity::KeyAway(why) => {
            Some(UnopenedCause::KeyAway(KeyWait { org: customer.org, at: record.source.offset, why }))
        }
    };
    let event = RecordedEvent { event, source: record.source, appended_at: record.appended_at };
    let fact = Box::new(Fact::Event(event));
    Ok(match unopened {
        Some(unopened) => DecodedRecord::Unopened(fact, unopened),
        None => DecodedRecord::Fact(fact),
    })
}

/// What opening an event's envelopes told.
enum Authenticity {
    /// They are what was sealed, or their key was destroyed.
    Authentic,
    /// The key is here, and one of them is not what it sealed in this place.
    Tampered,
    /// Nothing: the key is away.
    KeyAway(String),
}

/// Opens the event's envelopes, to know that they are what was sealed; but not the photo, which the second projection
/// opens (docs/decisions/0021-second-projection.md). A destroyed key is no fault:
/// whether a field may be used follows from the log alone, so that a replay comes to the same. Nor is a key that
/// is away: a row is made before the registration is appended and never goes, so where there is none the key
/// store lacks what it had.
async fn open_all(
    vault: &Vault,
    customer: &CustomerRef,
    event: &Event,
) -> Result<Authenticity, DecodeRecordError> {
    let mut sealed_fields = event.sealed_fields();
    sealed_fields.retain(|sealed| sealed.field != Field::Photo);
    if sealed_fields.is_empty() {
        return Ok(Authenticity::Authentic);
    }
    // The suite matters for sealing only; an envelope says its own.
    let keys = match vault.customer_keys(customer, Suite::Aes256GcmSiv).await {
        Ok(Some(keys)) => keys,
        Ok(None) => return Ok(Authenticity::KeyAway(format!("{} has no key row", customer.record_key()))),
        Err(VaultError::Unavailable(text)) => return Err(DecodeRecordError::Unavailable(text)),
        Err(error) => return Ok(Authenticity::KeyAway(format!("{}: {error}", customer.record_key()))),
    };
    for SealedField { field, content_type, envelope } in sealed_fields {
        let context = SealContext { event_id: event.event_id(), field, content_type };
        if keys.open(&context, envelope).is_err() {
            return Ok(Authenticity::Tampered);
        }
    }
    Ok(Authenticity::Authentic)
}
