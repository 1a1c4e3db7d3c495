//! Why a log could not be opened, and how librdkafka's words become the port's. Not here: which append failed
//! how (`producer`). No text of this crate has a secret, a key or a payload in it.

use domain::ports::{LogError, Topic};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// Why the log could not be opened or is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KafkaOpenError {
    /// A setting cannot be; nothing was tried.
    #[error("the Kafka settings cannot be: {0}")]
    Options(String),
    /// No broker answered in time. Worth trying again.
    #[error("no Kafka broker answers at {brokers}: {why}")]
    Unreachable {
        /// Who was asked.
        brokers: String,
        /// The last that was heard.
        why: String,
    },
    /// The brokers do not take the user and password.
    #[error("the Kafka brokers {brokers} refuse user {user:?}: {why}")]
    Authentication {
        /// The user (never the password).
        user: String,
        /// Who refused.
        brokers: String,
        /// The broker's words.
        why: String,
    },
    /// TLS did not come about: certificates, authorities, or no TLS on the other side.
    #[error("TLS towards the Kafka brokers {brokers}: {why}")]
    Tls {
        /// With whom.
        brokers: String,
        /// OpenSSL's words.
        why: String,
    },
    /// A topic is not as it must be. Changing it is an operator's decision.
    #[error("topic {topic} has {setting} = {found}, but it must be {wanted}")]
    TopicMismatch {
        /// Its full name.
        topic: String,
        /// Which setting.
        setting: String,
        /// What it must be.
        wanted: String,
        /// What it is.
        found: String,
    },
    /// The brokers refused to make or show a topic, or an answer did not come.
    #[error("topic {topic} could not be made or checked: {why}")]
    Topic {
        /// Its full name.
        topic: String,
        /// The broker's words.
        why: String,
    },
}

impl KafkaOpenError {
    /// Whether the same call may succeed later without anybody changing a setting.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}

/// Words for a librdkafka error: never a setting's value, which might be the password.
pub(crate) fn words(error: &KafkaError) -> String {
    match error {
        KafkaError::ClientConfig(_, why, key, _) => format!("{key}: {why}"),
        other => other.to_string(),
    }
}

/// A question was not answered; `trouble` is the last that the client heard of its brokers.
pub(crate) fn unavailable(what: &str, why: impl std::fmt::Display, trouble: Option<String>) -> LogError {
    match trouble {
        Some(trouble) => LogError::Unavailable(format!("{what}: {why} ({trouble})")),
        None => LogError::Unavailable(format!("{what}: {why}")),
    }
}

/// The topic under our feet is another one.
pub(crate) fn made_again(topic: Topic, name: &str) -> LogError {
    LogError::Halted(format!(
        "topic {name} ({}) was deleted and made again: its records are not the ones our positions count",
        topic.name()
    ))
}

/// Whether librdkafka says that the position is not in the partition.
pub(crate) fn is_out_of_range(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::AutoOffsetReset
            | RDKafkaErrorCode::OffsetOutOfRange
            | RDKafkaErrorCode::LogTruncation
            | RDKafkaErrorCode::NoOffset
    )
}
