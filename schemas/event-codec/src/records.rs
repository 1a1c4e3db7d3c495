//! The one table of record types: which topic holds which, in which committed versions. From it follow the arms
//! that write and read a topic's records, the catalogue of schemas, [`RecordType`], and the page of events.
//!
//! What does not belong here: the fields of a body (`wire`), the ids of schemas (`schemas/events/ids.json`).

use bytes::Bytes;
use domain::event::{AuditRecord, Event};
use domain::orgs::DirectoryRecord;
use domain::outcome::Outcome;
use domain::ports::Topic;

use crate::DeadLetter;
use crate::catalogue::{CommittedSchema, SchemaFile};
use crate::codec::{Codec, Found, elsewhere};
use crate::error::{DecodeError, EncodeError};
use crate::wire;

/// All that may stand in one topic, as the domain knows it.
pub(crate) trait TopicRecord: Sized {
    /// The topic.
    const TOPIC: Topic;

    /// What it is.
    fn record_type(&self) -> RecordType;

    /// The body in the wire format, and the schema it was written with.
    fn value(&self, codec: &Codec) -> Result<(&'static CommittedSchema, Bytes), EncodeError>;

    /// A body that was found in the topic.
    fn read(found: &Found<'_>) -> Result<Self, DecodeError>;
}

macro_rules! full_name {
    ($name:ident) => {
        concat!("identity.", stringify!($name))
    };
}

macro_rules! records {
    (
        $(enum $sum:ident in $topic:ident { $($name:ident $([$($version:literal)+])?,)+ })+
        $(struct $alone:ident in $alone_topic:ident [$($alone_version:literal)+];)+
    ) => {
        /// Every committed schema, the versions of a name in ascending order.
        pub(crate) const COMMITTED: &[SchemaFile] = &[
            $($($($(SchemaFile {
                name: full_name!($name),
                version: $version,
                text: include_str!(concat!("../../events/", stringify!($name), ".v", $version, ".avsc")),
            },)+)?)+)+
            $($(SchemaFile {
                name: full_name!($alone),
                version: $alone_version,
                text: include_str!(concat!("../../events/", stringify!($alone), ".v", $alone_version, ".avsc")),
            },)+)+
        ];

        records! { @variants [] $($([$name $([$($version)+])?])+)+ $([$alone [$($alone_version)+]])+ }

        $(impl TopicRecord for $sum {
            const TOPIC: Topic = Topic::$topic;

            fn record_type(&self) -> RecordType {
                match self {
                    $(Self::$name(_) => RecordType::$name,)+
                }
            }

            fn value(&self, codec: &Codec) -> Result<(&'static CommittedSchema, Bytes), EncodeError> {
                match self {
                    $(Self::$name(fact) => {
                        codec.value(Topic::$topic, full_name!($name), &wire::$name::from(fact))
                    })+
                }
            }

            fn read(found: &Found<'_>) -> Result<Self, DecodeError> {
                match found.name() {
                    $(full_name!($name) => found.read::<wire::$name<'_>>()?.try_into().map(Self::$name),)+
                    other => Err(elsewhere(other)),
                }
            }
        })+

        $(impl TopicRecord for $alone {
            const TOPIC: Topic = Topic::$alone_topic;

            fn record_type(&self) -> RecordType {
                RecordType::$alone
            }

            fn value(&self, codec: &Codec) -> Result<(&'static CommittedSchema, Bytes), EncodeError> {
                codec.value(Topic::$alone_topic, full_name!($alone), &wire::$alone::from(self))
            }

            fn read(found: &Found<'_>) -> Result<Self, DecodeError> {
                match found.name() {
                    full_name!($alone) => found.read::<wire::$alone<'_>>()?.try_into(),
                    other => Err(elsewhere(other)),
                }
            }
        })+
    };
    // A type that only stands in a second topic too is not named twice.
    (@variants [$($done:ident)*] [$name:ident [$($version:literal)+]] $($rest:tt)*) => {
        records! { @variants [$($done)* $name] $($rest)* }
    };
    (@variants [$($done:ident)*] [$name:ident] $($rest:tt)*) => {
        records! { @variants [$($done)*] $($rest)* }
    };
    (@variants [$($name:ident)*]) => {
        /// What kind of record it is, told by its header before anything is decoded.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum RecordType {
            $(#[doc = concat!("`", full_name!($name), "`.")] $name,)*
        }

        impl RecordType {
            /// The full name of its schema.
            pub fn full_name(self) -> &'static str {
                match self {
                    $(Self::$name => full_name!($name),)*
                }
            }

            /// Its name as people write it: without what all of them begin with.
            pub fn short_name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// The type of that full name.
            pub fn parse(full_name: &str) -> Option<Self> {
                match full_name {
                    $(full_name!($name) => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

// A new record type is one line here, its type in `wire`, its schema and the schema's id. A new version is one
// more number in its line. A type that stands in a second topic has its versions where it is named first.
records! {
    enum Event in Events {
        CustomerRegistered [1],
        DukcapilVerdictReceived [1],
        CustomerErased [1],
        CustomerReleased [1],
        FaceReferenceAdded [1],
        FaceMatchDecided [1],
        FlashChallengeIssued [1],
        KtpCaptureAssessed [1 2],
        VerificationReviewed [1],
        DukcapilAttemptFailed [1],
        FallbackRecheckClosed [1],
    }
    enum AuditRecord in Audit {
        VerdictEvidence [1 2],
        KeysDestroyed [1],
        FaceEvidence [1 2],
        PersonalDataViewed [1],
        PersonalDataRead [1],
        EvidenceSecretShared [1],
        SignerSetChanged [1],
        ComplianceAct [1],
        CaptureEvidence [1],
        DukcapilAttemptFailed,
    }
    enum Outcome in Outcomes {
        VerificationCreated [1],
        FaceEnrolled [1 2],
        KycUpdated [1],
        VerdictConflicted [1],
        VerdictUnapplied [1],
        CustomerErased,
        ReviewRecorded [1],
        FallbackRecheckOpened [1],
        FallbackRecheckSettled [1],
    }
    enum DirectoryRecord in Orgs {
        Org [1 2 3],
        ApiKey [1],
    }
    struct DeadLetter in DeadLetters [1];
}

/// What an event is in the log.
pub fn event_type(event: &Event) -> RecordType {
    event.record_type()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SchemaIds;

    #[test]
    fn every_committed_schema_has_its_record_type() {
        for file in COMMITTED {
            let found = RecordType::parse(file.name);
            assert_eq!(found.map(RecordType::full_name), Some(file.name));
            assert_eq!(found.map(RecordType::short_name), file.name.strip_prefix("identity."));
        }
        assert_eq!(RecordType::parse("identity.Other"), None);
    }

    #[test]
    fn every_id_is_of_a_record_type_that_stands_in_the_table() {
        for (topic, name, version, _) in SchemaIds::committed().entries() {
            assert!(
                COMMITTED.iter().any(|file| file.name == name && file.version == version),
                "{topic:?}: {name} v{version} has an id and no line"
            );
        }
    }
}
