//! One fact as it is shown: a line of JSON, or what a table or a CSV row takes of it.

use domain::event::{Event, EventField, FieldValue, Offset, Partition};
use domain::ids::CustomerRef;
use domain::ports::{RowPlace, Topic};
use event_codec::event_type;
use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};

use super::envelopes::{EventEnvelopes, ShownEnvelope};

/// A fact with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactLine {
    /// Where it stands; `created_at` is when it was appended.
    pub place: RowPlace,
    /// What it says.
    pub content: FactContent,
}

/// What a record of `identity.events` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FactContent {
    /// An event.
    Readable {
        /// The event.
        event: Box<Event>,
        /// Its envelopes.
        envelopes: EventEnvelopes,
        /// Its evidence, if it has any.
        evidence: Option<EvidenceLine>,
        /// What is wrong with it all the same.
        error: Option<&'static str>,
    },
    /// Nothing that may be shown.
    Unreadable {
        /// A word of ours for why.
        error: &'static str,
        /// By the record's key.
        customer: Option<CustomerRef>,
    },
}

/// The reference to an event's evidence, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceLine {
    /// Of `identity.audit`.
    pub partition: Partition,
    /// In it.
    pub offset: Offset,
    /// Of the record's value, as the event says.
    pub sha256: [u8; 32],
    /// Whether the record there has it; none where there is no record.
    pub matches: Option<bool>,
    /// What the record says, of a capture's alone: which frames there were is nowhere else. Its envelopes are among the
    /// event's.
    pub fields: Vec<EventField>,
}

impl FactLine {
    /// Why the exit code will be 1.
    pub fn error(&self) -> Option<&'static str> {
        match &self.content {
            FactContent::Readable { error, .. } => *error,
            FactContent::Unreadable { error, .. } => Some(error),
        }
    }

    /// Whether its evidence is another record than the one it refers to.
    pub fn is_altered(&self) -> bool {
        match &self.content {
            FactContent::Readable { evidence, .. } => {
                evidence.as_ref().is_some_and(|evidence| evidence.matches == Some(false))
            }
            FactContent::Unreadable { .. } => false,
        }
    }

    /// Whom it is about.
    pub fn customer(&self) -> Option<&CustomerRef> {
        match &self.content {
            FactContent::Readable { event, .. } => Some(event.customer()),
            FactContent::Unreadable { customer, .. } => customer.as_ref(),
        }
    }
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Serialize for FactLine {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("topic", Topic::Events.name())?;
        map.serialize_entry("partition", &self.place.partition.0)?;
        map.serialize_entry("offset", &self.place.offset.0)?;
        map.serialize_entry("appendedAt", &self.place.created_at.rfc3339())?;
        if let FactContent::Readable { event, .. } = &self.content {
            map.serialize_entry("type", event_type(event).short_name())?;
            map.serialize_entry("eventId", event.event_id().as_str())?;
        }
        if let Some(customer) = self.customer() {
            map.serialize_entry("orgId", customer.org.as_str())?;
            map.serialize_entry("customerId", customer.customer.as_str())?;
        }
        if let FactContent::Readable { event, envelopes, evidence, .. } = &self.content {
            for EventField { name, value } in event.fields() {
                map.serialize_entry(name, &ShownValue { value: &value, envelopes })?;
            }
            if let Some(evidence) = evidence {
                map.serialize_entry("evidence", &ShownEvidence { evidence, envelopes })?;
            }
        }
        if let Some(error) = self.error() {
            map.serialize_entry("error", error)?;
        }
        map.end()
    }
}

/// The reference to evidence, and what is shown of what stands there.
struct ShownEvidence<'a> {
    evidence: &'a EvidenceLine,
    envelopes: &'a EventEnvelopes,
}

impl Serialize for ShownEvidence<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Self { evidence, envelopes } = self;
        let mut map = to.serialize_map(Some(4 + evidence.fields.len()))?;
        map.serialize_entry("partition", &evidence.partition.0)?;
        map.serialize_entry("offset", &evidence.offset.0)?;
        map.serialize_entry("sha256", &hex(&evidence.sha256))?;
        map.serialize_entry("matches", &evidence.matches)?;
        for EventField { name, value } in &evidence.fields {
            map.serialize_entry(name, &ShownValue { value, envelopes })?;
        }
        map.end()
    }
}

/// A field's value: `{"sealed":true}` of an envelope, `{"erased":true}` where nobody can open it any more, or what is in
/// it.
pub(super) struct ShownValue<'a> {
    pub(super) value: &'a FieldValue,
    pub(super) envelopes: &'a EventEnvelopes,
}

impl ShownValue<'_> {
    fn beneath<'v>(&'v self, value: &'v FieldValue) -> ShownValue<'v> {
        ShownValue { value, envelopes: self.envelopes }
    }
}

impl Serialize for ShownValue<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.value {
            FieldValue::Absent => to.serialize_none(),
            FieldValue::Flag(flag) => to.serialize_bool(*flag),
            FieldValue::Number(number) => to.serialize_u32(*number),
            FieldValue::Text(text) => to.serialize_str(text),
            FieldValue::Time(time) => to.serialize_str(&time.rfc3339()),
            FieldValue::Words(words) => {
                let mut list = to.serialize_seq(Some(words.len()))?;
                words.iter().try_for_each(|word| list.serialize_element(word))?;
                list.end()
            }
            FieldValue::Fields(fields) => {
                let mut map = to.serialize_map(Some(fields.len()))?;
                for field in fields {
                    map.serialize_entry(field.name, &self.beneath(&field.value))?;
                }
                map.end()
            }
            FieldValue::Sealed(field) => match self.envelopes.of(*field) {
                ShownEnvelope::Revealed(text) => to.serialize_str(text),
                closed @ (ShownEnvelope::Sealed | ShownEnvelope::Erased) => {
                    let mut map = to.serialize_map(Some(1))?;
                    map.serialize_entry(closed.word(), &true)?;
                    map.end()
                }
            },
        }
    }
}
