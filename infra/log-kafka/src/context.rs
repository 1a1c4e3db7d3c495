//! What librdkafka tells a client beside its answers: log lines, errors, statistics, rebalances. Not here: what
//! is done about them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::statistics::Statistics;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;
use tokio::sync::Notify;

use crate::limits::TROUBLE_CHARS_MAX;
use crate::stats::Exporter;

/// What kind of trouble a client has with its brokers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TroubleKind {
    /// User and password.
    Authentication,
    /// Certificates.
    Tls,
    /// Not there, or anything else.
    Other,
}

/// The last trouble heard of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) kind: TroubleKind,
    pub(crate) words: String,
}

/// The group gives or takes partitions; librdkafka waits until we say that it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rebalance {
    Assign(Vec<i32>),
    Revoke(Vec<i32>),
}

struct Heard {
    role: &'static str,
    exporter: Mutex<Exporter>,
    /// Counts callbacks: rdkafka's poll answers "nothing" both for an empty queue and after a callback.
    served: AtomicU64,
    trouble: Mutex<Option<Trouble>>,
    troubled: Notify,
    rebalances: Mutex<VecDeque<Rebalance>>,
    closing: AtomicBool,
}

/// A client's ears. Cheap to clone; all clones hear the same.
#[derive(Clone)]
pub(crate) struct Events(Arc<Heard>);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Events {
    /// `role` is the metrics' label.
    pub(crate) fn new(role: &'static str) -> Self {
        Self(Arc::new(Heard {
            role,
            exporter: Mutex::new(Exporter::new(role)),
            served: AtomicU64::new(0),
            trouble: Mutex::new(None),
            troubled: Notify::new(),
            rebalances: Mutex::new(VecDeque::new()),
            closing: AtomicBool::new(false),
        }))
    }

    pub(crate) fn served(&self) -> u64 {
        self.0.served.load(Ordering::Relaxed)
    }

    pub(crate) fn trouble(&self) -> Option<Trouble> {
        lock(&self.0.trouble).clone()
    }

    /// The last trouble's words.
    pub(crate) fn trouble_words(&self) -> Option<String> {
        self.trouble().map(|trouble| trouble.words)
    }

    /// Forgets it: the brokers answered since.
    pub(crate) fn forget_trouble(&self) {
        *lock(&self.0.trouble) = None;
    }

    /// Waits for the next trouble.
    pub(crate) async fn troubled(&self) {
        self.0.troubled.notified().await;
    }

    pub(crate) fn next_rebalance(&self) -> Option<Rebalance> {
        lock(&self.0.rebalances).front().cloned()
    }

    pub(crate) fn rebalance_done(&self) {
        lock(&self.0.rebalances).pop_front();
    }

    /// From here on rebalances are answered in the callback: nobody else will.
    pub(crate) fn close(&self) {
        self.0.closing.store(true, Ordering::Release);
    }

    fn serve(&self) {
        self.0.served.fetch_add(1, Ordering::Relaxed);
    }
}

impl ClientContext for Events {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.serve();
        // librdkafka's "errors" are connections that come and go; what fails because of them is said where it
        // is handled.
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
                tracing::warn!(target: "librdkafka", client = self.0.role, facility, "{message}");
            }
            RDKafkaLogLevel::Error | RDKafkaLogLevel::Warning => {
                tracing::info!(target: "librdkafka", client = self.0.role, facility, "{message}");
            }
            _ => tracing::debug!(target: "librdkafka", client = self.0.role, facility, "{message}"),
        }
    }

    fn stats(&self, statistics: Statistics) {
        self.serve();
        lock(&self.0.exporter).export(&statistics);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.serve();
        let kind = match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::PartitionEOF) => return,
            Some(RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed) => {
                TroubleKind::Authentication
            }
            Some(RDKafkaErrorCode::SSL) => TroubleKind::Tls,
            // TLS 1.3: the handshake is over when the broker refuses our certificate, or that there is none.
            _ if reason.contains("SSL routines") => TroubleKind::Tls,
            // It says less than the broker's own error before it.
            Some(RDKafkaErrorCode::AllBrokersDown) if self.trouble().is_some() => return,
            _ => TroubleKind::Other,
        };
        let words = reason.chars().take(TROUBLE_CHARS_MAX).collect();
        *lock(&self.0.trouble) = Some(Trouble { kind, words });
        self.0.troubled.notify_one();
    }
}

impl ConsumerContext for Events {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        code: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        self.serve();
        let numbers = partitions.elements().iter().map(|element| element.partition()).collect();
        let given = code == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        if !self.0.closing.load(Ordering::Acquire) {
            // Answered later, when the start positions are known: librdkafka waits for the assign call.
            let rebalance = if given { Rebalance::Assign(numbers) } else { Rebalance::Revoke(numbers) };
            lock(&self.0.rebalances).push_back(rebalance);
        } else if given {
            let _ = consumer.incremental_assign(&TopicPartitionList::new());
        } else if consumer.incremental_unassign(partitions).is_err() {
            // Some were never taken up (halted); an empty answer is one too, and closing gives up the rest.
            let _ = consumer.incremental_unassign(&TopicPartitionList::new());
        }
    }

    fn commit_callback(&self, result: KafkaResult<()>, _: &TopicPartitionList) {
        self.serve();
        if let Err(error) = result {
            // Offsets in the group are for lag tools only; the next report brings them up to date.
            tracing::debug!(%error, "offsets were not reported");
        }
    }
}
