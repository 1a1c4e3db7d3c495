//! The producer: records in, confirmations out, and a new one after a fatal error. Not here: which topic id a
//! confirmation is stamped with (`log`).

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use domain::ports::{LogError, NewRecord};
use rdkafka::Timestamp;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Message, OwnedHeaders};
use rdkafka::producer::{
    BaseRecord, DeliveryResult, Producer as _, ProducerContext, PurgeConfig, ThreadedProducer,
};
use tokio::sync::oneshot;

use crate::context::ClientEvents;
use crate::error::{KafkaOpenError, unavailable, words};
use crate::limits::{DELIVERY_GRACE, HEAL_EVERY, MESSAGE_BYTES_MAX};
use crate::options::KafkaOptions;
use crate::raw;

/// The outcome of delivering a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeliveryOutcome {
    /// It was written to the log.
    Written {
        partition: i32,
        /// Negative when a repeated request was confirmed without it.
        offset: i64,
        /// The broker's clock; none when the topic does not have LogAppendTime.
        appended_ms: Option<i64>,
    },
    /// It was not written, or nobody knows.
    Failed { code: RDKafkaErrorCode, certainly_not_written: bool },
}

impl ProducerContext for ClientEvents {
    type DeliveryOpaque = Box<oneshot::Sender<DeliveryOutcome>>;

    fn delivery(&self, result: &DeliveryResult<'_>, caller: Self::DeliveryOpaque) {
        let delivered = match result {
            Ok(message) => DeliveryOutcome::Written {
                partition: message.partition(),
                offset: message.offset(),
                appended_ms: match message.timestamp() {
                    Timestamp::LogAppendTime(ms) => Some(ms),
                    _ => None,
                },
            },
            Err((error, message)) => DeliveryOutcome::Failed {
                code: error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail),
                certainly_not_written: raw::is_certainly_not_written(message),
            },
        };
        // A caller that was dropped needs no report.
        let _ = caller.send(delivered);
    }
}

/// One librdkafka producer. It is dropped on another thread, because dropping it waits for its own threads.
struct ProducerClient {
    producer: Option<ThreadedProducer<ClientEvents>>,
    events: ClientEvents,
}

impl ProducerClient {
    fn open(options: &KafkaOptions) -> Result<Arc<Self>, KafkaError> {
        let events = ClientEvents::new("producer");
        let producer = options.for_producer().create_with_context(events.clone())?;
        Ok(Arc::new(Self { producer: Some(producer), events }))
    }

    /// Gives a record to librdkafka, which copies it. Never waits.
    fn send(
        &self,
        topic: &str,
        record: &NewRecord,
    ) -> Result<oneshot::Receiver<DeliveryOutcome>, RDKafkaErrorCode> {
        let Some(producer) = &self.producer else { return Err(RDKafkaErrorCode::BrokerDestroy) };
        let (caller, confirmation) = oneshot::channel();
        let mut message = BaseRecord::with_opaque_to(topic, Box::new(caller))
            .key(record.key.as_ref())
            .payload(record.value.as_ref());
        if !record.headers.is_empty() {
            let mut headers = OwnedHeaders::new_with_capacity(record.headers.len());
            for (name, value) in &record.headers {
                headers = headers.insert(Header { key: name, value: Some(value.as_ref()) });
            }
            message = message.headers(headers);
        }
        match producer.send(message) {
            Ok(()) => Ok(confirmation),
            Err((error, _)) => Err(error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail)),
        }
    }
}

impl Drop for ProducerClient {
    fn drop(&mut self) {
        let producer = self.producer.take();
        let _ = std::thread::Builder::new().name("kafka-close".into()).spawn(move || drop(producer));
    }
}

/// The producer, which replaces its client after a fatal error.
pub(crate) struct Producer {
    options: KafkaOptions,
    live: RwLock<Arc<ProducerClient>>,
    healed: Mutex<Option<Instant>>,
}

impl Producer {
    pub(crate) fn open(options: &KafkaOptions) -> Result<Self, KafkaOpenError> {
        let live = ProducerClient::open(options).map_err(|error| KafkaOpenError::Options(words(&error)))?;
        Ok(Self { options: options.clone(), live: RwLock::new(live), healed: Mutex::new(None) })
    }

    fn live(&self) -> Arc<ProducerClient> {
        Arc::clone(&self.live.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Queues a record without waiting, and returns its confirmation, which is still to come.
    pub(crate) fn send(&self, topic: &str, record: &NewRecord) -> Result<PendingConfirmation, LogError> {
        let mut live = self.live();
        let mut sent = live.send(topic, record);
        if matches!(sent, Err(RDKafkaErrorCode::Fatal)) {
            live = self.heal(&live)?;
            sent = live.send(topic, record);
        }
        let within = self.options.timeouts.delivery + DELIVERY_GRACE;
        match sent {
            Ok(report) => Ok(PendingConfirmation { report, within, live, size: size_of(record) }),
            Err(RDKafkaErrorCode::QueueFull) => {
                Err(LogError::Unavailable("the producer's queue is full".to_owned()))
            }
            Err(code) => Err(refused(code, true, size_of(record), &live.events)),
        }
    }

    /// Replaces a broken client. The records that it still holds are purged first and end without `Ok`, so that two
    /// records of one caller that both succeed keep their order.
    fn heal(&self, broken: &Arc<ProducerClient>) -> Result<Arc<ProducerClient>, LogError> {
        let mut healed = self.healed.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.live();
        if !Arc::ptr_eq(&current, broken) {
            return Ok(current);
        }
        let trouble = broken.events.trouble_text();
        if healed.is_some_and(|at| at.elapsed() < HEAL_EVERY) {
            return Err(unavailable("the producer", "met a fatal error again", trouble));
        }
        *healed = Some(Instant::now());
        tracing::warn!(
            why = trouble.as_deref().unwrap_or("unknown"),
            "the Kafka producer met a fatal error; a new one takes its place"
        );
        metrics::counter!("identity_kafka_producers_replaced_total").increment(1);
        if let Some(producer) = &broken.producer {
            producer.purge(PurgeConfig::default().queue().inflight());
        }
        let fresh = ProducerClient::open(&self.options)
            .map_err(|error| unavailable("a new producer", words(&error), trouble))?;
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&fresh);
        Ok(fresh)
    }

    #[cfg(test)]
    fn raise_fatal_error(&self) {
        if let Some(producer) = &self.live().producer {
            raw::raise_fatal_error(producer.client());
        }
    }
}

/// The confirmation of a queued record.
pub(crate) struct PendingConfirmation {
    report: oneshot::Receiver<DeliveryOutcome>,
    within: Duration,
    live: Arc<ProducerClient>,
    size: usize,
}

/// Where a record was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordPlace {
    pub(crate) partition: u32,
    pub(crate) offset: u64,
    pub(crate) appended_ms: i64,
}

impl PendingConfirmation {
    /// Waits for it, not longer than the delivery timeout and a grace.
    pub(crate) async fn wait(self) -> Result<RecordPlace, LogError> {
        let unconfirmed = |why: &str| Err(LogError::Unconfirmed(why.to_owned()));
        let delivered = match tokio::time::timeout(self.within, self.report).await {
            Ok(Ok(delivered)) => delivered,
            Ok(Err(_)) => return unconfirmed("the producer was closed"),
            Err(_) => return unconfirmed("no answer within the delivery timeout"),
        };
        match delivered {
            DeliveryOutcome::Written { partition, offset, appended_ms } => {
                let Some(appended_ms) = appended_ms else {
                    return unconfirmed("the topic's records do not carry LogAppendTime");
                };
                match (u32::try_from(partition), u64::try_from(offset)) {
                    (Ok(partition), Ok(offset)) => Ok(RecordPlace { partition, offset, appended_ms }),
                    // The first answer to this request was lost, and the offset with it; the repetition does not carry it.
                    _ => unconfirmed("written, but the broker's answer with its place was lost"),
                }
            }
            DeliveryOutcome::Failed { code, certainly_not_written } => {
                Err(refused(code, certainly_not_written, self.size, &self.live.events))
            }
        }
    }
}

fn refused(
    code: RDKafkaErrorCode,
    certainly_not_written: bool,
    size: usize,
    events: &ClientEvents,
) -> LogError {
    use RDKafkaErrorCode as Code;
    if matches!(code, Code::MessageSizeTooLarge | Code::MessageBatchTooLarge) {
        return LogError::TooLarge { size, max: MESSAGE_BYTES_MAX };
    }
    match unavailable("the record", code, events.trouble_text()) {
        LogError::Unavailable(words) if !certainly_not_written => LogError::Unconfirmed(words),
        error => error,
    }
}

/// Bytes of key, headers and value, as [`domain::ports::StoredRecord::size`] counts them.
pub(crate) fn size_of(record: &NewRecord) -> usize {
    let headers: usize = record.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    record.key.len() + headers + record.value.len()
}

#[cfg(test)]
mod tests;
