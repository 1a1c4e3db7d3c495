//! What encoding and decoding can fail with. Texts are for operators: they name fields, never values.

use domain::event::Source;

/// A record could not be encoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A value that its schema has no room for: an offset above 2^63 - 1, a list above its bound.
    #[error("{schema} has no room for this value")]
    DoesNotFit {
        /// Full name of the schema.
        schema: &'static str,
    },
}

/// A record could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Well-formed, and from a later build: a schema fingerprint, a schema id or a category's word that this
    /// build does not know. Whoever projects waits for the upgrade; whoever only listens may pass it over.
    #[error("written by a later build: {what}")]
    UnknownSchema {
        /// What this build does not know.
        what: String,
    },
    /// Never decodable, by any build.
    #[error("malformed: {0}")]
    Malformed(String),
}

impl DecodeError {
    pub(crate) fn malformed(why: impl Into<String>) -> Self {
        Self::Malformed(why.into())
    }
}

/// A list of schema ids cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdsError {
    /// Not JSON of the shape `{"<subject>": {"<version>": <id>}}`.
    #[error("the list of schema ids is not of the form subject, version, id")]
    Shape,
    /// A committed schema has no id in the list.
    #[error("the list of schema ids lacks version {version} of {subject}")]
    Missing {
        /// The subject.
        subject: String,
        /// The version.
        version: u32,
    },
}

/// A place in words, for texts about dead letters.
pub(crate) fn place(source: &Source) -> String {
    format!("{}/{}/{}", source.topic_id.to_hex(), source.partition.0, source.offset.0)
}
