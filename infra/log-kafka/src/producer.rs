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

use crate::context::Events;
use crate::error::{KafkaOpenError, unavailable, words};
use crate::limits::{DELIVERY_GRACE, HEAL_EVERY, MESSAGE_BYTES_MAX};
use crate::options::KafkaOptions;
use crate::raw;

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// It is in the log.
    Written {
        partition: i32,
        /// Negative when a repeated request was confirmed without it.
        offset: i64,
        /// The broker's clock; none when the topic does not have LogAppendTime.
        appended_ms: Option<i64>,
    },
    /// It is not, or not known to be.
    Failed { code: RDKafkaErrorCode, certainly_not_written: bool },
}

impl ProducerContext for Events {
    type DeliveryOpaque = Box<oneshot::Sender<Delivered>>;

    fn delivery(&self, result: &DeliveryResult<'_>, caller: Self::DeliveryOpaque) {
        let delivered = match result {
            Ok(message) => Delivered::Written {
                partition: message.partition(),
                offset: message.offset(),
                appended_ms: match message.timestamp() {
                    Timestamp::LogAppendTime(ms) => Some(ms),
                    _ => None,
                },
            },
            Err((error, message)) => Delivered::Failed {
                code: error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail),
                certainly_not_written: raw::is_certainly_not_written(message),
            },
        };
        // A caller that went away does not mind.
        let _ = caller.send(delivered);
    }
}

/// One librdkafka producer. Dropped elsewhere, because that waits for its threads.
struct Live {
    producer: Option<ThreadedProducer<Events>>,
    events: Events,
}

impl Live {
    fn open(options: &KafkaOptions) -> Result<Arc<Self>, KafkaError> {
        let events = Events::new("producer");
        let producer = options.for_producer().create_with_context(events.clone())?;
        Ok(Arc::new(Self { producer: Some(producer), events }))
    }

    /// Hands a record to librdkafka, which copies it. Never waits.
    fn send(
        &self,
        topic: &str,
        record: &NewRecord,
    ) -> Result<oneshot::Receiver<Delivered>, RDKafkaErrorCode> {
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

impl Drop for Live {
    fn drop(&mut self) {
        let producer = self.producer.take();
        let _ = std::thread::Builder::new().name("kafka-close".into()).spawn(move || drop(producer));
    }
}

/// The producer that is used now.
pub(crate) struct Producer {
    options: KafkaOptions,
    live: RwLock<Arc<Live>>,
    healed: Mutex<Option<Instant>>,
}

impl Producer {
    pub(crate) fn open(options: &KafkaOptions) -> Result<Self, KafkaOpenError> {
        let live = Live::open(options).map_err(|error| KafkaOpenError::Options(words(&error)))?;
        Ok(Self { options: options.clone(), live: RwLock::new(live), healed: Mutex::new(None) })
    }

    fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Queues a record now, without waiting for anything, and answers with its confirmation to come.
    pub(crate) fn send(&self, topic: &str, record: &NewRecord) -> Result<Confirmation, LogError> {
        let mut live = self.live();
        let mut sent = live.send(topic, record);
        if matches!(sent, Err(RDKafkaErrorCode::Fatal)) {
            live = self.heal(&live)?;
            sent = live.send(topic, record);
        }
        let within = self.options.timeouts.delivery + DELIVERY_GRACE;
        match sent {
            Ok(report) => Ok(Confirmation { report, within, live, size: size_of(record) }),
            Err(RDKafkaErrorCode::QueueFull) => {
                Err(LogError::Unavailable("the producer's queue is full".to_owned()))
            }
            Err(code) => Err(refused(code, true, size_of(record), &live.events)),
        }
    }

    /// Puts a new producer in the place of a broken one. What the old one still has is purged first and ends
    /// without `Ok`: of two records of one caller that both succeed, the order stays.
    fn heal(&self, broken: &Arc<Live>) -> Result<Arc<Live>, LogError> {
        let mut healed = self.healed.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.live();
        if !Arc::ptr_eq(&current, broken) {
            return Ok(current);
        }
        let trouble = broken.events.trouble_words();
        if healed.is_some_and(|at| at.elapsed() < HEAL_EVERY) {
            return Err(unavailable("the producer", "met a fatal error again", trouble));
        }
        *healed = Some(Instant::now());
        tracing::warn!(
            why = trouble.as_deref().unwrap_or("unknown"),
            "the Kafka producer met a fatal error: a new one takes its place"
        );
        metrics::counter!("identity_kafka_producers_replaced_total").increment(1);
        if let Some(producer) = &broken.producer {
            producer.purge(PurgeConfig::default().queue().inflight());
        }
        let fresh = Live::open(&self.options)
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

/// A record on its way.
pub(crate) struct Confirmation {
    report: oneshot::Receiver<Delivered>,
    within: Duration,
    live: Arc<Live>,
    size: usize,
}

/// Where a record went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) partition: u32,
    pub(crate) offset: u64,
    pub(crate) appended_ms: i64,
}

impl Confirmation {
    /// Waits for it, not longer than the delivery timeout and a grace.
    pub(crate) async fn wait(self) -> Result<Place, LogError> {
        let unconfirmed = |why: &str| Err(LogError::Unconfirmed(why.to_owned()));
        let delivered = match tokio::time::timeout(self.within, self.report).await {
            Ok(Ok(delivered)) => delivered,
            Ok(Err(_)) => return unconfirmed("the producer was closed"),
            Err(_) => return unconfirmed("no answer within the delivery timeout"),
        };
        match delivered {
            Delivered::Written { partition, offset, appended_ms } => {
                let Some(appended_ms) = appended_ms else {
                    return unconfirmed("the topic's records do not carry LogAppendTime");
                };
                match (u32::try_from(partition), u64::try_from(offset)) {
                    (Ok(partition), Ok(offset)) => Ok(Place { partition, offset, appended_ms }),
                    // A repeated request whose first answer was lost, and with it the offset.
                    _ => unconfirmed("written, but the broker's answer with its place was lost"),
                }
            }
            Delivered::Failed { code, certainly_not_written } => {
                Err(refused(code, certainly_not_written, self.size, &self.live.events))
            }
        }
    }
}

fn refused(code: RDKafkaErrorCode, certainly_not_written: bool, size: usize, events: &Events) -> LogError {
    use RDKafkaErrorCode as Code;
    if matches!(code, Code::MessageSizeTooLarge | Code::MessageBatchTooLarge) {
        return LogError::TooLarge { size, max: MESSAGE_BYTES_MAX };
    }
    match unavailable("the record", code, events.trouble_words()) {
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
