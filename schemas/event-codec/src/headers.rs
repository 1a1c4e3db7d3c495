//! The headers of a record: CloudEvents in binary mode for Kafka (CloudEvents 1.0, Kafka binding §3.2), the
//! schema's fingerprint, and the trace (contract §5). Values of sealed fields never come near here.

use bytes::Bytes;
use domain::ports::Topic;
use domain::time::Timestamp;

use crate::catalogue::CommittedSchema;

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
    headers.push(("ce_id".to_owned(), text(about.id)));
    headers.push(("ce_source".to_owned(), Bytes::from_static(source(topic).as_bytes())));
    headers.push(("ce_type".to_owned(), Bytes::from(format!("{}.v1", schema.name()))));
    headers.push(("ce_time".to_owned(), Bytes::from(meta.time.rfc3339())));
    headers.push(("ce_subject".to_owned(), text(about.subject)));
    headers.push(("content-type".to_owned(), Bytes::from_static(b"application/avro")));
    headers.push((FINGERPRINT.to_owned(), Bytes::copy_from_slice(&schema.fingerprint())));
    if let Some(traceparent) = meta.traceparent {
        headers.push(("traceparent".to_owned(), text(traceparent)));
    }
    headers
}
