//! The headers of a record, which nobody else writes or reads by name: CloudEvents in binary mode for Kafka
//! (CloudEvents 1.0, Kafka binding §3.2), the schema's fingerprint, and the trace (contract §5). Values of sealed
//! fields never come near here.

use bytes::Bytes;
use domain::ids::EventId;
use domain::ports::{StoredRecord, Topic};
use domain::time::Timestamp;

use crate::catalogue::CommittedSchema;
use crate::records::RecordType;

const RECORD_ID: &str = "ce_id";

const RECORD_TYPE: &str = "ce_type";

/// What follows the full name in a record's type.
const TYPE_SUFFIX: &str = ".v";

/// SHA-256 of the Parsing Canonical Form of the body's schema: 32 raw bytes.
pub(crate) const FINGERPRINT: &str = "schema-fingerprint";

/// What a record says about its making.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta<'a> {
    /// The producer's clock; informative.
    pub time: Timestamp,
    /// W3C `traceparent` of the request that caused it.
    pub traceparent: Option<&'a str>,
}

/// What the headers say about a record.
pub(crate) struct About<'a> {
    /// Unique among the records of its topic that are not the same record again.
    pub(crate) id: &'a str,
    /// The customer, or the org where there is none.
    pub(crate) subject: &'a str,
}

/// `/identity/events`: one source per topic, because an event and its evidence have the same id, and source
/// and id together name a record (CloudEvents §2).
fn source(topic: Topic) -> &'static str {
    match topic {
        Topic::Events => "/identity/events",
        Topic::Audit => "/identity/audit",
        Topic::Outcomes => "/identity/outcomes",
        Topic::Orgs => "/identity/orgs",
        Topic::DeadLetters => "/identity/dead-letters",
    }
}

/// The headers in their order. The type says `v1` as long as a subject stays compatible, whatever the
/// version of its schema: readers choose by it.
pub(crate) fn headers(
    topic: Topic,
    schema: &CommittedSchema,
    about: &About<'_>,
    meta: &Meta<'_>,
) -> Vec<(String, Bytes)> {
    let text = |value: &str| Bytes::copy_from_slice(value.as_bytes());
    let mut headers = Vec::with_capacity(9);
    headers.push(("ce_specversion".to_owned(), Bytes::from_static(b"1.0")));
    headers.push((RECORD_ID.to_owned(), text(about.id)));
    headers.push(("ce_source".to_owned(), Bytes::from_static(source(topic).as_bytes())));
    headers.push((RECORD_TYPE.to_owned(), Bytes::from(format!("{}{TYPE_SUFFIX}1", schema.name()))));
    headers.push(("ce_time".to_owned(), Bytes::from(meta.time.rfc3339())));
    headers.push(("ce_subject".to_owned(), text(about.subject)));
    headers.push(("content-type".to_owned(), Bytes::from_static(b"application/avro")));
    headers.push((FINGERPRINT.to_owned(), Bytes::copy_from_slice(&schema.fingerprint())));
    if let Some(traceparent) = meta.traceparent {
        headers.push(("traceparent".to_owned(), text(traceparent)));
    }
    headers
}

/// The id a record says it has; none where the header is missing or no id of an event.
pub fn record_id(record: &StoredRecord) -> Option<EventId> {
    EventId::parse(std::str::from_utf8(record.header(RECORD_ID)?).ok()?).ok()
}

/// What a record says it is, whatever its version, without decoding its body. None where the header is missing,
/// has another form, or names a type that this build does not know.
pub fn record_type(record: &StoredRecord) -> Option<RecordType> {
    let (name, _version) = std::str::from_utf8(record.header(RECORD_TYPE)?).ok()?.rsplit_once(TYPE_SUFFIX)?;
    RecordType::parse(name)
}
