//! Where a record stands, and what names its body: what events, evidence and rows say of one another.

/// The identity of a topic, given by the log when it was made: a topic made again under the same name has
/// another id. Text form: base64url without padding (Kafka's own).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicId(pub [u8; 16]);

impl TopicId {
    /// 32 hexadecimal digits, as it stands in derived ids, notes and what people compare.
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A partition's number, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition(pub u32);

/// A record's offset in its partition, from 0. Offsets grow; they need not be dense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Offset(pub u64);

/// Where a record stands: the only address that never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Source {
    /// The topic, by its id.
    pub topic_id: TopicId,
    /// The partition.
    pub partition: Partition,
    /// The offset.
    pub offset: Offset,
}

/// An HMAC of a request's body under a key derived from the customer's evidence key (design §2, step 4):
/// tells two bodies apart, tells nobody what was in them, and is worthless once the key is destroyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

/// Where a verdict's evidence stands in `identity.audit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditRef {
    /// The audit record's place.
    pub source: Source,
    /// SHA-256 of the audit record's value bytes.
    pub value_sha256: [u8; 32],
}
