//! From domain values to log records and back: the Confluent wire format, the headers, and which schema a
//! record is read with. The shape of each body is in `wire`.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use domain::event::{AuditRecord, Event};
use domain::ids::{CustomerRef, EventId, derived};
use domain::orgs::DirectoryRecord;
use domain::outcome::Outcome;
use domain::ports::{NewRecord, StoredRecord, Topic};
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use crate::catalogue::{Catalogue, CommittedSchema};
use crate::dead_letter::DeadLetter;
use crate::error::{DecodeError, EncodeError, IdsError, place};
use crate::headers::{About, FINGERPRINT, Meta, headers};
use crate::ids::{SchemaIds, subject};
use crate::limits::BODY_BYTES_EXPECTED;
use crate::records::TopicRecord;
use crate::wire::Body;

/// First byte of the Confluent wire format.
const MAGIC: u8 = 0;

/// Bytes before the body: the magic byte and the schema id, big-endian.
const PREFIX_BYTES: usize = 5;

/// Encodes and decodes the records of the five topics. Cheap to clone.
#[derive(Clone)]
pub struct Codec {
    tables: Arc<Tables>,
}

/// Schema ids in both directions.
struct Tables {
    catalogue: &'static Catalogue,
    /// The id of the version that is written.
    written: HashMap<(Topic, &'static str), u32>,
    /// Name and version of an id, for records that came without a fingerprint.
    read: HashMap<(Topic, u32), (String, u32)>,
}

impl Codec {
    /// The codec with the committed schema ids.
    ///
    /// # Panics
    /// Never in a build whose tests passed: every committed schema has a committed id.
    pub fn committed() -> Self {
        Self::with_ids(&SchemaIds::committed()).expect("the tests hold the committed list to this")
    }

    /// The codec with the ids of an external registry. It must have an id for every committed version of
    /// every committed subject ([`crate::registry::entries`]); more do no harm.
    ///
    /// # Errors
    /// [`IdsError::Missing`].
    pub fn with_ids(ids: &SchemaIds) -> Result<Self, IdsError> {
        let catalogue = Catalogue::committed();
        let mut written = HashMap::new();
        for (topic, name, version, _) in SchemaIds::committed().entries() {
            let subject = subject(topic, name);
            let id = ids.id(&subject, version).ok_or(IdsError::Missing { subject, version })?;
            if let Some(latest) = catalogue.latest(name)
                && latest.version() == version
            {
                written.insert((topic, latest.name()), id);
            }
        }
        let read = ids
            .entries()
            .map(|(topic, name, version, id)| ((topic, id), (name.to_owned(), version)))
            .collect();
        Ok(Self { tables: Arc::new(Tables { catalogue, written, read }) })
    }

    /// A fact for `identity.events`.
    ///
    /// # Errors
    /// [`EncodeError`], as for all of the following.
    pub fn event(&self, event: &Event, meta: &Meta<'_>) -> Result<NewRecord, EncodeError> {
        self.about_customer(event, event.event_id(), event.customer(), meta)
    }

    /// A record for `identity.audit`.
    ///
    /// # Errors
    /// [`EncodeError`].
    pub fn audit(&self, record: &AuditRecord, meta: &Meta<'_>) -> Result<NewRecord, EncodeError> {
        match record.customer() {
            Some(customer) => self.about_customer(record, record.event_id(), customer, meta),
            None => {
                let org = record.org();
                let (schema, value) = record.value(self)?;
                let about = About { id: record.event_id().as_str(), subject: org.as_str() };
                Ok(Record { topic: Topic::Audit, key: format!("{org}/"), about, meta }.with(schema, value))
            }
        }
    }

    /// An outcome for `identity.outcomes`.
    ///
    /// # Errors
    /// [`EncodeError`].
    pub fn outcome(&self, outcome: &Outcome, meta: &Meta<'_>) -> Result<NewRecord, EncodeError> {
        self.about_customer(outcome, outcome.id(), outcome.customer(), meta)
    }

    /// A record for `identity.orgs`. Such records have no id of their own: theirs follows from key, time and
    /// content, so that a record sent twice is told from one that came later.
    ///
    /// # Errors
    /// [`EncodeError`].
    pub fn directory(&self, record: &DirectoryRecord, meta: &Meta<'_>) -> Result<NewRecord, EncodeError> {
        let (schema, value) = record.value(self)?;
        let key = record.record_key();
        let source_id = format!("{key}/{:x}", Bytes::copy_from_slice(&value_sha256(&value)));
        let time = meta.time.millis().unsigned_abs();
        let id = EventId::from_bytes(derived(EventId::PREFIX, &source_id, time));
        let about = About { id: id.as_str(), subject: record.org().as_str() };
        Ok(Record { topic: Topic::Orgs, key, about, meta }.with(schema, value))
    }

    /// A dead letter; see [`DeadLetter::within_record_limit`]. Its id follows from its origin, so one that is
    /// sent again after a crash is the same.
    ///
    /// # Errors
    /// [`EncodeError`].
    pub fn dead_letter(&self, letter: &DeadLetter, meta: &Meta<'_>) -> Result<NewRecord, EncodeError> {
        let letter = letter.clone().within_record_limit();
        let id = EventId::from_bytes(derived(EventId::PREFIX, &place(&letter.origin), 0));
        let (org, customer) = letter.customer_key.split_once('/').unwrap_or((&letter.customer_key, ""));
        let about = About { id: id.as_str(), subject: if customer.is_empty() { org } else { customer } };
        let key = letter.customer_key.clone();
        let (schema, value) = letter.value(self)?;
        Ok(Record { topic: Topic::DeadLetters, key, about, meta }.with(schema, value))
    }

    /// A record of the customer's key.
    fn about_customer<R: TopicRecord>(
        &self,
        record: &R,
        id: &EventId,
        customer: &CustomerRef,
        meta: &Meta<'_>,
    ) -> Result<NewRecord, EncodeError> {
        let (schema, value) = record.value(self)?;
        let about = About { id: id.as_str(), subject: customer.customer.as_str() };
        Ok(Record { topic: R::TOPIC, key: customer.record_key(), about, meta }.with(schema, value))
    }

    /// A body in the wire format, and the schema it was written with.
    pub(crate) fn value<B: Body>(
        &self,
        topic: Topic,
        name: &'static str,
        body: &B,
    ) -> Result<(&'static CommittedSchema, Bytes), EncodeError> {
        let does_not_fit = EncodeError::DoesNotFit { schema: name };
        let schema = self.tables.catalogue.latest(name).ok_or_else(|| does_not_fit.clone())?;
        let id = self.tables.written.get(&(topic, schema.name())).ok_or(does_not_fit)?;
        let mut value = Vec::with_capacity(PREFIX_BYTES + BODY_BYTES_EXPECTED + body.sealed_bytes());
        value.push(MAGIC);
        value.extend_from_slice(&id.to_be_bytes());
        schema.write(body, &mut value)?;
        Ok((schema, Bytes::from(value)))
    }

    /// A record of `identity.events`.
    ///
    /// # Errors
    /// [`DecodeError`], as for all of the following.
    pub fn decode_event(&self, record: &StoredRecord) -> Result<Event, DecodeError> {
        self.decode(record)
    }

    /// A record of `identity.audit`.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode_audit(&self, record: &StoredRecord) -> Result<AuditRecord, DecodeError> {
        self.decode(record)
    }

    /// A record of `identity.outcomes`.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode_outcome(&self, record: &StoredRecord) -> Result<Outcome, DecodeError> {
        self.decode(record)
    }

    /// A record of `identity.orgs`.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode_directory(&self, record: &StoredRecord) -> Result<DirectoryRecord, DecodeError> {
        self.decode(record)
    }

    fn decode<R: TopicRecord>(&self, record: &StoredRecord) -> Result<R, DecodeError> {
        R::read(&self.open(R::TOPIC, record)?)
    }

    /// A record of `identity.dead-letters`.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode_dead_letter(&self, record: &StoredRecord) -> Result<DeadLetter, DecodeError> {
        self.decode(record)
    }

    /// Finds the schema a record was written with: by its fingerprint, whatever registry gave the id; by the
    /// id only where no fingerprint came along.
    fn open<'r>(&self, topic: Topic, record: &'r StoredRecord) -> Result<Found<'r>, DecodeError> {
        let value = record.value.as_deref().ok_or_else(|| DecodeError::malformed("a tombstone"))?;
        let (prefix, body) = value
            .split_first_chunk::<PREFIX_BYTES>()
            .ok_or_else(|| DecodeError::malformed("shorter than the wire format's prefix"))?;
        let [magic, id @ ..] = *prefix;
        if magic != MAGIC {
            return Err(DecodeError::malformed("not in the Confluent wire format"));
        }
        let catalogue = self.tables.catalogue;
        let fingerprint = record.header(FINGERPRINT).and_then(|value| <[u8; 32]>::try_from(value).ok());
        let schema = match fingerprint {
            Some(fingerprint) => {
                catalogue.by_fingerprint(&fingerprint).ok_or_else(|| DecodeError::UnknownSchema {
                    what: format!("a schema of fingerprint {:x}", Bytes::copy_from_slice(&fingerprint)),
                })?
            }
            None => {
                let id = u32::from_be_bytes(id);
                let (name, version) = self.tables.read.get(&(topic, id)).ok_or_else(|| {
                    DecodeError::Malformed(format!("no schema fingerprint, and no schema of id {id} here"))
                })?;
                catalogue.by_name(name, *version).ok_or_else(|| DecodeError::UnknownSchema {
                    what: format!("version {version} of {name}"),
                })?
            }
        };
        if self.tables.written.contains_key(&(topic, schema.name())) {
            Ok(Found { schema, body })
        } else {
            Err(elsewhere(schema.name()))
        }
    }
}

/// What every record of a topic is made from, beside its body.
struct Record<'a> {
    topic: Topic,
    key: String,
    about: About<'a>,
    meta: &'a Meta<'a>,
}

impl Record<'_> {
    fn with(self, schema: &CommittedSchema, value: Bytes) -> NewRecord {
        let headers = headers(self.topic, schema, &self.about, self.meta);
        NewRecord { key: Bytes::from(self.key), headers, value }
    }
}

/// A body and the schema it was written with.
pub(crate) struct Found<'r> {
    schema: &'static CommittedSchema,
    body: &'r [u8],
}

impl Found<'_> {
    /// The schema's full name.
    pub(crate) fn name(&self) -> &'static str {
        self.schema.name()
    }

    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        self.schema.read(self.body)
    }
}

/// A schema of another topic, or one that nothing writes into this one.
pub(crate) fn elsewhere(name: &str) -> DecodeError {
    DecodeError::Malformed(format!("{name} does not belong into this topic"))
}

/// SHA-256 of a record's value as it stands in the log: what an event says of its evidence.
pub fn value_sha256(value: &[u8]) -> [u8; 32] {
    Sha256::digest(value).into()
}
