//! The event log on Apache Kafka: the [`domain::ports::EventLog`] port through librdkafka. The only crate that
//! knows rdkafka.
//!
//! What belongs here: clients and their settings, topics and their checks, and how librdkafka's errors become
//! the port's. What does not: what is in a record (`event-codec`), positions (the read model keeps them), and
//! starting brokers (`local-cluster`).
//!
//! The choices and their figures are in `docs/decisions/0005-kafka.md`.

mod context;
mod error;
mod fetch;
mod follower;
mod gauges;
mod limits;
mod log;
mod member;
mod options;
mod producer;
mod query;
mod raw;
mod reader;
mod stats;
mod topics;
mod watch;

pub use error::KafkaOpenError;
pub use limits::{MESSAGE_BYTES_MAX, RECORD_OVERHEAD_BYTES};
pub use log::KafkaLog;
pub use options::{
    BatchCompression, KafkaCredentials, KafkaOptions, KafkaTimeouts, KafkaTls, ProducerOptions,
    TopicPartitions,
};
