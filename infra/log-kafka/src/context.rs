//! librdkafka's callbacks of one client: log lines, errors, statistics, rebalances. Not here: how rebalances and
//! errors are handled.

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
use crate::stats::StatisticsExporter;

/// The kind of an error between a client and its brokers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TroubleKind {
    /// User and password.
    Authentication,
    /// Certificates.
    Tls,
    /// Unreachable, or anything else.
    Other,
}

/// The last error that a client reported of its brokers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClientTrouble {
    pub(crate) kind: TroubleKind,
    pub(crate) text: String,
}

/// The group assigns or revokes partitions; librdkafka waits until that is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GroupRebalance {
    Assign(Vec<i32>),
    Revoke(Vec<i32>),
}

/// What the callbacks of one client left.
struct ClientState {
    role: &'static str,
    exporter: Mutex<StatisticsExporter>,
    /// Counts callbacks: rdkafka's poll returns nothing both for an empty queue and after a callback.
    served: AtomicU64,
    trouble: Mutex<Option<ClientTrouble>>,
    troubled: Notify,
    rebalances: Mutex<VecDeque<GroupRebalance>>,
    closing: AtomicBool,
}

/// The callbacks of one client. Cheap to clone; all clones share one state.
#[derive(Clone)]
pub(crate) struct ClientEvents(Arc<ClientState>);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ClientEvents {
    /// `role` is the metrics' label.
    pub(crate) fn new(role: &'static str) -> Self {
        Self(Arc::new(ClientState {
            role,
            exporter: Mutex::new(StatisticsExporter::new(role)),
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

    pub(crate) fn trouble(&self) -> Option<ClientTrouble> {
        lock(&self.0.trouble).clone()
    }

    /// The text of the last error.
    pub(crate) fn trouble_text(&self) -> Option<String> {
        self.trouble().map(|trouble| trouble.text)
    }

    /// Forgets the last error: the brokers have answered since.
    pub(crate) fn forget_trouble(&self) {
        *lock(&self.0.trouble) = None;
    }

    /// Waits for the next error.
    pub(crate) async fn troubled(&self) {
        self.0.troubled.notified().await;
    }

    pub(crate) fn next_rebalance(&self) -> Option<GroupRebalance> {
        lock(&self.0.rebalances).front().cloned()
    }

    pub(crate) fn rebalance_done(&self) {
        lock(&self.0.rebalances).pop_front();
    }

    /// From now on rebalances are answered in the callback, because the client is not polled any more.
    pub(crate) fn close(&self) {
        self.0.closing.store(true, Ordering::Release);
    }

    fn serve(&self) {
        self.0.served.fetch_add(1, Ordering::Relaxed);
    }
}

impl ClientContext for ClientEvents {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.serve();
        // librdkafka logs an error for each connection that closes. What fails because of that is logged where it is
        // handled.
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
            // With TLS 1.3 the handshake is over before the broker refuses our certificate, or the lack of one.
            _ if reason.contains("SSL routines") => TroubleKind::Tls,
            // It says less than the broker's own error that precedes it.
            Some(RDKafkaErrorCode::AllBrokersDown) if self.trouble().is_some() => return,
            _ => TroubleKind::Other,
        };
        let text = reason.chars().take(TROUBLE_CHARS_MAX).collect();
        *lock(&self.0.trouble) = Some(ClientTrouble { kind, text });
        self.0.troubled.notify_one();
    }
}

impl ConsumerContext for ClientEvents {
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
            // Answered by the next poll, which looks up the start positions; librdkafka waits for that.
            let rebalance =
                if given { GroupRebalance::Assign(numbers) } else { GroupRebalance::Revoke(numbers) };
            lock(&self.0.rebalances).push_back(rebalance);
        } else if given {
            let _ = consumer.incremental_assign(&TopicPartitionList::new());
        } else if consumer.incremental_unassign(partitions).is_err() {
            // Some were never assigned to this consumer (halted). An empty answer is valid too; closing revokes the rest.
            let _ = consumer.incremental_unassign(&TopicPartitionList::new());
        }
    }

    fn commit_callback(&self, result: KafkaResult<()>, _: &TopicPartitionList) {
        self.serve();
        if let Err(error) = result {
            // Offsets in the group serve lag tools only; the next report corrects them.
            tracing::debug!(%error, "offsets could not be committed to the group");
        }
    }
}
