//! From a record to a fact: decoded, its envelopes authenticated, or called poison with a word of ours.
//! Nothing of a payload leaves here in an error.

use domain::event::{Event, RecordedEvent};
use domain::fold::{Fact, Poison};
use domain::ids::{CustomerId, CustomerRef, OrgId};
use domain::orgs::Suite;
use domain::ports::StoredRecord;
use domain::sealed::{Field, Sealed, SealedMedia};
use event_codec::{Codec, DecodeError};
use vault::{SealContext, Vault, VaultError};

/// What became of a record.
pub(crate) enum Intake {
    /// It can be folded.
    Fact(Box<Fact>),
    /// It cannot, and nobody knows whom it is about: dead letters, no quarantine.
    Unattributable(&'static str),
}

/// Why a record cannot be taken in now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IntakeError {
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
/// The key store has never heard of the customer.
const CAUSE_NO_KEY_ROW: &str = "customer_without_keys";
/// An envelope was changed, moved, or made with another key.
const CAUSE_ENVELOPE: &str = "envelope_not_authentic";

/// Whom a record is about, by its key.
pub(crate) fn customer_of_key(key: &[u8]) -> Option<CustomerRef> {
    let (org, customer) = std::str::from_utf8(key).ok()?.split_once('/')?;
    Some(CustomerRef::new(OrgId::parse(org).ok()?, CustomerId::parse(customer).ok()?))
}

fn poison(record: &StoredRecord, customer: CustomerRef, event: Option<&Event>, cause: &str) -> Intake {
    let (verification_id, body_fingerprint) = match event {
        Some(Event::DukcapilVerdictReceived(e)) => {
            (Some(e.verification_id.clone()), Some(e.body_fingerprint))
        }
        Some(Event::CustomerRegistered(e)) => (None, Some(e.body_fingerprint)),
        Some(Event::CustomerErased(_) | Event::CustomerReleased(_)) | None => (None, None),
    };
    Intake::Fact(Box::new(Fact::Poison(Poison {
        customer,
        source: record.source,
        appended_at: record.appended_at,
        event_id: event.map(|e| e.event_id().clone()),
        verification_id,
        body_fingerprint,
        cause: cause.to_owned(),
    })))
}

/// Takes a record in.
pub(crate) async fn take_in(
    codec: &Codec,
    vault: &Vault,
    record: &StoredRecord,
) -> Result<Intake, IntakeError> {
    let customer = customer_of_key(&record.key);
    let event = match codec.decode_event(record) {
        Ok(event) => event,
        Err(DecodeError::UnknownSchema { .. }) => return Err(IntakeError::UnknownSchema),
        Err(DecodeError::Malformed(_)) => {
            return Ok(match customer {
                Some(customer) => poison(record, customer, None, CAUSE_NOT_AVRO),
                None => Intake::Unattributable(CAUSE_NOT_AVRO),
            });
        }
    };
    let Some(customer) = customer else { return Ok(Intake::Unattributable(CAUSE_KEY)) };
    if *event.customer() != customer {
        return Ok(poison(record, customer, Some(&event), CAUSE_KEY_MISMATCH));
    }
    if let Some(cause) = unauthentic(vault, &customer, &event).await? {
        return Ok(poison(record, customer, Some(&event), cause));
    }
    Ok(Intake::Fact(Box::new(Fact::Event {
        event: RecordedEvent { event, source: record.source, appended_at: record.appended_at },
        // No embedding model is configured: every enrolment is an honest fallback stub.
        embedding_model: None,
    })))
}

/// Opens every envelope of the event, to know that it is what was sealed. A destroyed key is no fault:
/// whether a field may be used follows from the log alone, so that a replay comes to the same.
async fn unauthentic(
    vault: &Vault,
    customer: &CustomerRef,
    event: &Event,
) -> Result<Option<&'static str>, IntakeError> {
    let envelopes: Vec<(Field, &Sealed, &str)> = match event {
        Event::CustomerRegistered(e) => [Some((Field::FullName, &e.full_name, "text/plain"))]
            .into_iter()
            .chain([e.external_id.as_ref().map(|id| (Field::ExternalId, id, "text/plain"))])
            .flatten()
            .collect(),
        Event::DukcapilVerdictReceived(e) => {
            let photo = e.photo.as_ref().and_then(|media| match media {
                SealedMedia::Inline(sealed) => Some(sealed),
                SealedMedia::Reference { .. } => None,
            });
            let content_type = e.photo_content_type.as_deref().unwrap_or_default();
            [photo.map(|p| (Field::Photo, p, content_type))]
                .into_iter()
                .chain([e.reason.as_ref().map(|r| (Field::Reason, r, "text/plain"))])
                .flatten()
                .collect()
        }
        Event::CustomerErased(_) | Event::CustomerReleased(_) => Vec::new(),
    };
    if envelopes.is_empty() {
        return Ok(None);
    }
    // The suite matters for sealing only; an envelope says its own.
    let keys = match vault.customer_keys(customer, Suite::Aes256GcmSiv).await {
        Ok(Some(keys)) => keys,
        Ok(None) => return Ok(Some(CAUSE_NO_KEY_ROW)),
        Err(VaultError::Unavailable(text)) => return Err(IntakeError::Unavailable(text)),
        Err(_) => return Ok(Some(CAUSE_ENVELOPE)),
    };
    for (field, sealed, content_type) in envelopes {
        let context = SealContext { event_id: event.event_id(), field, content_type };
        if keys.open(&context, sealed).is_err() {
            return Ok(Some(CAUSE_ENVELOPE));
        }
    }
    Ok(None)
}
