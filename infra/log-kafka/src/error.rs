//! Why a log could not be opened, and how librdkafka's errors become the port's. Not here: how an append failed
//! (`producer`). No text of this crate has a secret, a key or a payload in it.

use domain::ports::{LogError, Topic};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// Why the log could not be opened or is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KafkaOpenError {
    /// A setting is invalid; nothing was tried.
    #[error("the Kafka settings are invalid: {0}")]
    Options(String),
    /// No broker answered in time. Worth trying again.
    #[error("no Kafka broker answers at {brokers}: {why}")]
    Unreachable {
        /// The brokers that were asked.
        brokers: String,
        /// The last error of the client.
        why: String,
    },
    /// The brokers refuse the user or the password.
    #[error("the Kafka brokers {brokers} refuse user {user:?}: {why}")]
    Authentication {
        /// The user (never the password).
        user: String,
        /// The brokers that refused.
        brokers: String,
        /// The broker's error.
        why: String,
    },
    /// No TLS connection could be made: certificates, authorities, or a broker that does not speak TLS.
    #[error("TLS to the Kafka brokers {brokers}: {why}")]
    Tls {
        /// The brokers that were dialled.
        brokers: String,
        /// OpenSSL's error.
        why: String,
    },
    /// A topic has a setting that the contract does not allow. Only an operator changes it.
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
    /// The brokers refused to create or describe a topic, or did not answer.
    #[error("topic {topic} could not be created or checked: {why}")]
    Topic {
        /// Its full name.
        topic: String,
        /// The broker's error.
        why: String,
    },
}

impl KafkaOpenError {
    /// Whether the same call may succeed later without anybody changing a setting.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}

/// The text of a librdkafka error: never a setting's value, which might be the password.
pub(crate) fn words(error: &KafkaError) -> String {
    match error {
        KafkaError::ClientConfig(_, why, key, _) => format!("{key}: {why}"),
        other => other.to_string(),
    }
}

/// A query was not answered; `trouble` is the last error that the client reported of its brokers.
pub(crate) fn unavailable(what: &str, why: impl std::fmt::Display, trouble: Option<String>) -> LogError {
    match trouble {
        Some(trouble) => LogError::Unavailable(format!("{what}: {why} ({trouble})")),
        None => LogError::Unavailable(format!("{what}: {why}")),
    }
}

/// The topic was deleted and created again while it was used.
pub(crate) fn recreated(topic: Topic, name: &str) -> LogError {
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
