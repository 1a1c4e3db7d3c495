//! Queries to the brokers: a topic's id and partitions, and which offsets it holds. Each is bounded in time, is never
//! cached, and blocks a thread of the blocking pool; their number at once is bounded. Not here: reading records.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use domain::event::{Offset as LogOffset, Partition};
use domain::ports::{LogError, OffsetRange};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::metadata::Metadata;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;

use crate::context::ClientEvents;
use crate::error::{KafkaOpenError, unavailable, words};
use crate::limits::{DESCRIBE_SLICE, IDLE_LOOK_MAX, QUESTION_RETRY_AFTER, QUESTIONS_MAX};
use crate::options::KafkaOptions;
use crate::raw::{self, TopicState};

type QueryClient = BaseConsumer<ClientEvents>;

/// The client for queries.
pub(crate) struct BrokerQueries {
    asker: Option<Arc<QueryClient>>,
    events: ClientEvents,
    permits: Arc<Semaphore>,
    within: Duration,
    /// The broker that described a topic last; negative before the first.
    describer: Arc<AtomicI32>,
    pump: JoinHandle<()>,
}

impl BrokerQueries {
    pub(crate) fn open(options: &KafkaOptions) -> Result<Self, KafkaOpenError> {
        let events = ClientEvents::new("questions");
        let mut asker: QueryClient = options
            .for_questions()
            .create_with_context(events.clone())
            .map_err(|error| KafkaOpenError::Options(words(&error)))?;
        let wake = Arc::new(Notify::new());
        let waker = Arc::clone(&wake);
        asker.set_nonempty_callback(move || waker.notify_one());
        let asker = Arc::new(asker);
        let pump = tokio::spawn(pump(Arc::downgrade(&asker), wake, events.clone()));
        let permits = Arc::new(Semaphore::new(QUESTIONS_MAX));
        let describer = Arc::new(AtomicI32::new(-1));
        Ok(Self { asker: Some(asker), events, permits, within: options.timeouts.request, describer, pump })
    }

    pub(crate) fn events(&self) -> &ClientEvents {
        &self.events
    }

    /// Runs a query; the closure must end within the time it is given, or a little after.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&QueryClient, Duration) -> Result<T, RDKafkaErrorCode> + Send + 'static,
    ) -> Result<T, RDKafkaErrorCode> {
        let Some(asker) = self.asker.clone() else { return Err(RDKafkaErrorCode::BrokerDestroy) };
        let within = self.within;
        let permit = Arc::clone(&self.permits).acquire_owned();
        let permit = match tokio::time::timeout(within, permit).await {
            Ok(Ok(permit)) => permit,
            _ => return Err(RDKafkaErrorCode::OperationTimedOut),
        };
        let asked = tokio::task::spawn_blocking(move || {
            let answer = question(&asker, within);
            drop(permit);
            answer
        });
        let answer = asked.await.unwrap_or(Err(RDKafkaErrorCode::Fail));
        if answer.is_ok() {
            self.events.forget_trouble();
        }
        answer
    }

    /// The present state of a topic, or librdkafka's error code.
    pub(crate) async fn describe_or_code(&self, name: &str) -> Result<TopicState, RDKafkaErrorCode> {
        let (name, describer) = (name.to_owned(), Arc::clone(&self.describer));
        self.ask(move |asker, within| describe(asker, &name, &describer, Instant::now() + within)).await
    }

    /// The present state of a topic.
    pub(crate) async fn describe(&self, name: &str) -> Result<TopicState, LogError> {
        let answer = self.describe_or_code(name).await;
        answer.map_err(|code| self.unavailable(&format!("topic {name} cannot be described"), code))
    }

    /// The first and the next offset of those partitions, in their order.
    pub(crate) async fn offsets(
        &self,
        name: &str,
        partitions: Vec<Partition>,
    ) -> Result<Vec<OffsetRange>, LogError> {
        let topic = name.to_owned();
        let answer = self.ask(move |asker, within| {
            let deadline = Instant::now() + within;
            // The end first: if records are deleted in between, the range never held at one time, but no position of
            // ours is taken for lost that is not.
            let ends = list(asker, &topic, &partitions, Offset::End, deadline)?;
            let earliest = list(asker, &topic, &partitions, Offset::Beginning, deadline)?;
            let ranges = partitions.into_iter().zip(earliest).zip(ends);
            Ok(ranges
                .map(|((partition, earliest), end)| OffsetRange {
                    partition,
                    earliest: LogOffset(earliest),
                    end: LogOffset(end.max(earliest)),
                })
                .collect())
        });
        answer.await.map_err(|code| self.unavailable(&format!("the offsets of {name}"), code))
    }

    /// The next offset of those partitions, in their order.
    pub(crate) async fn ends(&self, name: &str, partitions: Vec<Partition>) -> Result<Vec<u64>, LogError> {
        let topic = name.to_owned();
        let answer = self
            .ask(move |asker, within| list(asker, &topic, &partitions, Offset::End, Instant::now() + within));
        answer.await.map_err(|code| self.unavailable(&format!("the end of {name}"), code))
    }

    pub(crate) fn unavailable(&self, what: &str, code: RDKafkaErrorCode) -> LogError {
        unavailable(what, code, self.events.trouble_text())
    }
}

impl Drop for BrokerQueries {
    fn drop(&mut self) {
        self.pump.abort();
        // Closing the connections blocks.
        let asker = self.asker.take();
        let _ = std::thread::Builder::new().name("kafka-close".into()).spawn(move || drop(asker));
    }
}

/// Asks the broker that answered last, then the others in turn: a dead one costs a slice of the time.
fn describe(
    asker: &QueryClient,
    topic: &str,
    describer: &AtomicI32,
    deadline: Instant,
) -> Result<TopicState, RDKafkaErrorCode> {
    use RDKafkaErrorCode as Code;
    let mut slice = DESCRIBE_SLICE;
    let mut broker = describer.load(Ordering::Relaxed);
    loop {
        let left = || deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        let answer = if broker < 0 {
            Err(Code::UnknownBroker)
        } else {
            raw::describe_topic(asker.client(), topic, broker, slice.min(left()))
        };
        match answer {
            Err(
                code @ (Code::OperationTimedOut
                | Code::RequestTimedOut
                | Code::BrokerTransportFailure
                | Code::BrokerDestroy
                | Code::DestroyBroker
                | Code::BrokerNotAvailable
                | Code::NetworkException
                | Code::LeaderNotAvailable
                | Code::UnknownBroker),
            ) => {
                if Instant::now() >= deadline {
                    return Err(if code == Code::UnknownBroker { Code::OperationTimedOut } else { code });
                }
                slice *= 2;
                if let Ok(metadata) = asker.fetch_metadata(Some(topic), slice.min(left())) {
                    broker = next_broker(&metadata, broker);
                }
            }
            answer => {
                describer.store(broker, Ordering::Relaxed);
                return answer;
            }
        }
    }
}

/// The broker with the next id, beginning again after the last.
fn next_broker(metadata: &Metadata, after: i32) -> i32 {
    let mut ids: Vec<i32> = metadata.brokers().iter().map(|broker| broker.id()).collect();
    ids.sort_unstable();
    ids.iter().copied().find(|id| *id > after).or(ids.first().copied()).unwrap_or(-1)
}

/// One ListOffsets for all partitions (`offsets_for_times` sends the marks for beginning and end as they are).
fn list(
    asker: &QueryClient,
    topic: &str,
    partitions: &[Partition],
    mark: Offset,
    deadline: Instant,
) -> Result<Vec<u64>, RDKafkaErrorCode> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        match list_once(asker, topic, partitions, mark, left) {
            Ok(found) => return Ok(found),
            Err(code) if Instant::now() + QUESTION_RETRY_AFTER >= deadline => return Err(code),
            // A leader moved or a connection broke: the client finds out by failing once.
            Err(_) => std::thread::sleep(QUESTION_RETRY_AFTER),
        }
    }
}

fn list_once(
    asker: &QueryClient,
    topic: &str,
    partitions: &[Partition],
    mark: Offset,
    within: Duration,
) -> Result<Vec<u64>, RDKafkaErrorCode> {
    let code =
        |error: rdkafka::error::KafkaError| error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
    let mut wanted = TopicPartitionList::with_capacity(partitions.len());
    for partition in partitions {
        wanted.add_partition_offset(topic, partition.0 as i32, mark).map_err(code)?;
    }
    if partitions.is_empty() {
        return Ok(Vec::new());
    }
    let found = asker.offsets_for_times(wanted, within).map_err(code)?;
    partitions
        .iter()
        .map(|partition| {
            let element =
                found.find_partition(topic, partition.0 as i32).ok_or(RDKafkaErrorCode::UnknownPartition)?;
            element.error().map_err(code)?;
            match element.offset() {
                Offset::Offset(offset) => u64::try_from(offset).map_err(|_| RDKafkaErrorCode::NoOffset),
                _ => Err(RDKafkaErrorCode::NoOffset),
            }
        })
        .collect()
}

/// Serves the client's log lines and errors, which would pile up: a client that reads no records is not polled
/// otherwise.
async fn pump(asker: std::sync::Weak<QueryClient>, wake: Arc<Notify>, events: ClientEvents) {
    while let Some(asker) = asker.upgrade() {
        loop {
            let before = events.served();
            if asker.poll(Duration::ZERO).is_none() && events.served() == before {
                break;
            }
        }
        drop(asker);
        let _ = tokio::time::timeout(IDLE_LOOK_MAX, wake.notified()).await;
    }
}
