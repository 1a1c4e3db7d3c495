//! A consumer that is read without blocking: it is drained when librdkafka signals that records are there, in
//! batches bounded by count and bytes. Not here: where it starts (`reader`, `follower`, `member`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::event::{Offset as LogOffset, Partition, Source, TopicId};
use domain::ports::{ReadBounds, StoredRecord};
use domain::time::Timestamp;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tokio::sync::Notify;

use crate::context::{ClientEvents, GroupRebalance};
use crate::limits::IDLE_LOOK_MAX;
use crate::raw;

/// The next offset of each partition that is read.
pub(crate) type Positions = BTreeMap<Partition, LogOffset>;

/// A consumer, and what was received from it and not returned yet.
pub(crate) struct Fetcher {
    consumer: Option<BaseConsumer<ClientEvents>>,
    events: ClientEvents,
    wake: Arc<Notify>,
    /// A record that did not fit into the batch before.
    carried: Option<StoredRecord>,
    /// An error that was received behind records, which are returned first.
    failed: Option<RDKafkaErrorCode>,
    is_fatal: bool,
}

impl Fetcher {
    pub(crate) fn open(config: &ClientConfig, role: &'static str) -> KafkaResult<Self> {
        let events = ClientEvents::new(role);
        let mut consumer: BaseConsumer<ClientEvents> = config.create_with_context(events.clone())?;
        let wake = Arc::new(Notify::new());
        let waker = Arc::clone(&wake);
        consumer.set_nonempty_callback(move || waker.notify_one());
        Ok(Self { consumer: Some(consumer), events, wake, carried: None, failed: None, is_fatal: false })
    }

    pub(crate) fn events(&self) -> &ClientEvents {
        &self.events
    }

    /// Wakes a waiting reader from another task.
    pub(crate) fn waker(&self) -> Arc<Notify> {
        Arc::clone(&self.wake)
    }

    fn consumer(&self) -> KafkaResult<&BaseConsumer<ClientEvents>> {
        self.consumer.as_ref().ok_or(KafkaError::Canceled)
    }

    /// Reads exactly those partitions, from those offsets on.
    pub(crate) fn assign(&mut self, topic: &str, positions: &Positions) -> KafkaResult<()> {
        self.carried = None;
        self.failed = None;
        self.consumer()?.assign(&list(topic, positions)?)
    }

    /// Joins the group.
    pub(crate) fn subscribe(&self, topic: &str) -> KafkaResult<()> {
        self.consumer()?.subscribe(&[topic])
    }

    /// Reads those partitions too: answers an assignment of the group, also an empty one.
    pub(crate) fn add(&self, topic: &str, positions: &Positions) -> KafkaResult<()> {
        self.consumer()?.incremental_assign(&list(topic, positions)?)
    }

    /// Stops reading those partitions.
    pub(crate) fn remove(&mut self, topic: &str, positions: &Positions) -> KafkaResult<()> {
        self.carried.take_if(|record| positions.contains_key(&record.source.partition));
        self.consumer()?.incremental_unassign(&list(topic, positions)?)
    }

    /// Reads those partitions again from those offsets; records that were fetched ahead are dropped.
    pub(crate) fn restart(&mut self, topic: &str, positions: &Positions) -> KafkaResult<()> {
        self.remove(topic, positions)?;
        self.add(topic, positions)
    }

    /// Commits offsets to the group, without waiting.
    pub(crate) fn commit(&self, topic: &str, positions: &Positions) -> KafkaResult<()> {
        if positions.is_empty() {
            return Ok(());
        }
        self.consumer()?.commit(&list(topic, positions)?, rdkafka::consumer::CommitMode::Async)
    }

    /// Returns the records that are there, within the bounds, and moves the positions past them. Stops at a
    /// rebalance, which the next poll answers, and at an error, which is kept for [`Fetcher::failure`].
    pub(crate) fn drain(
        &mut self,
        topic_id: TopicId,
        bounds: ReadBounds,
        positions: &mut Positions,
    ) -> Vec<StoredRecord> {
        let mut batch: Vec<StoredRecord> = Vec::new();
        let mut bytes = 0;
        while batch.len() < bounds.records_max.max(1) && self.failed.is_none() {
            if self.events.next_rebalance().is_some() {
                break;
            }
            let Some(record) = self.carried.take().or_else(|| self.poll(topic_id)) else { break };
            let Source { partition, offset, .. } = record.source;
            // Fetched ahead for a position that was changed since.
            let Some(position) = positions.get_mut(&partition).filter(|position| **position <= offset) else {
                continue;
            };
            let size = record.size();
            if !batch.is_empty() && bytes + size > bounds.bytes_max {
                self.carried = Some(record);
                break;
            }
            bytes += size;
            *position = LogOffset(offset.0 + 1);
            batch.push(record);
        }
        batch
    }

    /// The error since the last call, if any.
    pub(crate) fn failure(&mut self) -> Option<RDKafkaErrorCode> {
        self.failed.take()
    }

    /// Whether [`Fetcher::failure`] has an error.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Whether librdkafka reported a fatal error of this consumer.
    pub(crate) fn is_fatal(&self) -> bool {
        self.is_fatal
    }

    /// Waits until records may be there, at most until then.
    pub(crate) async fn wait(&self, until: Instant) {
        let left = until.saturating_duration_since(Instant::now()).min(IDLE_LOOK_MAX);
        let _ = tokio::time::timeout(left, self.wake.notified()).await;
    }

    /// The next record, if one is there.
    fn poll(&mut self, topic_id: TopicId) -> Option<StoredRecord> {
        let consumer = self.consumer.as_ref()?;
        loop {
            let before = self.events.served();
            match consumer.poll(Duration::ZERO) {
                Some(Ok(message)) => return Some(stored(&message, topic_id)),
                Some(Err(error)) => {
                    self.is_fatal |= matches!(error, KafkaError::MessageConsumptionFatal(_));
                    self.failed = Some(error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail));
                    return None;
                }
                // A callback was served, or the queue is empty.
                None if self.events.served() == before || self.events.next_rebalance().is_some() => {
                    return None;
                }
                None => {}
            }
        }
    }

    /// Leaves the group, if it was in one, and ends the connections. Blocks.
    pub(crate) fn close(mut self) {
        shut(self.consumer.take(), &self.events);
    }
}

impl Drop for Fetcher {
    fn drop(&mut self) {
        if let Some(consumer) = self.consumer.take() {
            let events = self.events.clone();
            let close = move || shut(Some(consumer), &events);
            let _ = std::thread::Builder::new().name("kafka-close".into()).spawn(close);
        }
    }
}

/// Answers the rebalances that the group still waits for: librdkafka does not close before.
fn shut(consumer: Option<BaseConsumer<ClientEvents>>, events: &ClientEvents) {
    let Some(consumer) = consumer else { return };
    events.close();
    let nothing = TopicPartitionList::new();
    while let Some(rebalance) = events.next_rebalance() {
        let _ = match rebalance {
            GroupRebalance::Assign(_) => consumer.incremental_assign(&nothing),
            GroupRebalance::Revoke(_) => consumer.incremental_unassign(&nothing),
        };
        events.rebalance_done();
    }
    drop(consumer);
}

fn list(topic: &str, positions: &Positions) -> KafkaResult<TopicPartitionList> {
    let mut list = TopicPartitionList::with_capacity(positions.len());
    for (partition, offset) in positions {
        list.add_partition_offset(topic, partition.0 as i32, Offset::Offset(offset.0 as i64))?;
    }
    Ok(list)
}

/// A message as the port's record; its bytes are copied out of librdkafka's buffers.
fn stored(message: &BorrowedMessage<'_>, topic_id: TopicId) -> StoredRecord {
    let source = Source {
        topic_id,
        partition: Partition(message.partition().max(0) as u32),
        offset: LogOffset(message.offset().max(0) as u64),
    };
    StoredRecord {
        source,
        appended_at: Timestamp::from_millis(message.timestamp().to_millis().unwrap_or(0)),
        key: message.key().map_or_else(Bytes::new, Bytes::copy_from_slice),
        headers: raw::headers(message),
        value: message.payload().map(Bytes::copy_from_slice),
    }
}
