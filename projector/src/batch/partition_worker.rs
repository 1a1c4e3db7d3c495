//! One partition of one generation: does batches one after the other and again where something was not
//! available, in the order that makes "everything before the position may happen twice" true: dead letters,
//! event rows, states and counts, outcomes, position.

use std::collections::VecDeque;
use std::mem;

use domain::event::{Offset, Partition, TopicId};
use domain::ports::StoredRecord;
use domain::rows::{AsOf, Epoch, Generation, PositionRow, RowKey, ViewRow, ViewWrite, WriteTimestamp};
use event_codec::record_id;
use retry_schedule::Backoff;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::batch::batch_error::BatchError;
use crate::batch::customer_cache::CustomerCache;
use crate::batch::decode_record::KeyWait;
use crate::batch::held_orgs::HeldOrgs;
use crate::batch::plan::{BatchPlan, CountRows};
use crate::batch::plan_batch::plan_batch;
use crate::batch::prefetch::BatchReader;
use crate::batch::publish::{count_events, publish_dead_letters, publish_outcomes};
use crate::limits::{CACHED_COUNTS_MAX, FAILURE_RETRY};
use crate::pause::wait;
use crate::settings::{HeaderClock, ProjectorSettings};

/// Whether a generation's outcomes are published.
#[derive(Clone, Copy)]
pub(crate) enum Publish<'a> {
    /// With header times from that clock.
    Yes(&'a dyn HeaderClock),
    /// Another generation publishes them, and moves its position first, so that no position has ever passed an
    /// event whose outcomes nobody has published.
    No,
}

/// How work on some records ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BatchEnd {
    /// Everything is written, and published where it is to be.
    Done,
    /// An operator or a later build is needed.
    Halted,
    /// The projector stops, or this session cannot apply a later pointer.
    Cancelled,
}

/// A generation's part of a partition this projector has.
pub(crate) struct PartitionWorker {
    partition: Partition,
    topic_id: TopicId,
    epoch: Epoch,
    counts: CountRows,
    /// As it stands in the store, since nobody else writes there while we have the partition.
    cache: CustomerCache,
    /// Offsets of the last records that could not be applied.
    poison: VecDeque<Offset>,
    /// Orgs that wait for a key, where the partition goes on without them.
    pub(crate) held: HeldOrgs,
    /// What becomes of the partition when a key is away.
    key_away: KeyAwayPolicy,
    /// The position as it stands in the store.
    position: Option<PositionRow>,
    /// Why it is halted, once it is.
    pub(crate) halted: Option<String>,
}

/// What becomes of a partition when a key is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyAwayPolicy {
    /// Its org's events wait, the others go on.
    HoldOrg,
    /// Everything waits: a rebuild answers nobody.
    HoldPartition,
}

impl PartitionWorker {
    /// From where the generation's position stands.
    pub(crate) fn new(
        (topic_id, epoch): (TopicId, Epoch),
        partition: Partition,
        generation: Generation,
        position: Option<PositionRow>,
        key_away: KeyAwayPolicy,
    ) -> Self {
        let held = position.as_ref().map_or(&[][..], |position| &position.held);
        Self {
            partition,
            topic_id,
            epoch,
            counts: CountRows::default(),
            cache: CustomerCache::default(),
            poison: VecDeque::new(),
            held: HeldOrgs::new(partition, generation, held),
            key_away,
            position,
            halted: None,
        }
    }

    /// The offset that everything but what is held is taken in up to, without it.
    pub(crate) fn reached(&self) -> Option<Offset> {
        self.position.as_ref().map(|position| position.next)
    }

    /// Empties the cache: what is in it may not be what is stored.
    pub(crate) fn forget(&mut self) {
        self.cache.forget();
    }

    pub(crate) fn halt(&mut self, why: String) -> BatchEnd {
        tracing::error!(partition = self.partition.0, %why, "the partition is halted");
        self.halted = Some(why);
        BatchEnd::Halted
    }

    /// Writes what the records come to, until it is written, the partition halts, or it is cancelled. With
    /// [`Publish::Yes`] it also publishes, and moves the position.
    pub(crate) async fn process_batch(
        &mut self,
        reader: BatchReader<'_>,
        settings: &ProjectorSettings,
        publish: Publish<'_>,
        records: &[StoredRecord],
        cancel: &CancellationToken,
    ) -> BatchEnd {
        let mut backoff = FAILURE_RETRY.start();
        loop {
            let taken = self.held.without(records);
            match self.try_batch(reader, settings, publish, &taken, records.last()).await {
                Ok(()) => return BatchEnd::Done,
                // The batch is tried again at once, without that org's records.
                Err(BatchError::KeyAway(wait))
                    if self.key_away == KeyAwayPolicy::HoldOrg && self.held.hold(&wait, &taken) => {}
                Err(error) => match self.after_error(error, &mut backoff, cancel).await {
                    None => {}
                    Some(ended) => return ended,
                },
            }
        }
    }

    /// Moves the position past the last record, and tries again until that is done, the partition halts, or it is
    /// cancelled.
    pub(crate) async fn advance(
        &mut self,
        reader: BatchReader<'_>,
        last: &StoredRecord,
        cancel: &CancellationToken,
    ) -> BatchEnd {
        let mut backoff = FAILURE_RETRY.start();
        loop {
            match self.move_position(reader, last).await {
                Ok(()) => return BatchEnd::Done,
                Err(error) => match self.after_error(error, &mut backoff, cancel).await {
                    None => {}
                    Some(ended) => return ended,
                },
            }
        }
    }

    /// Handles an error: after a pause there is another try (`None`), unless trying again cannot help.
    async fn after_error(
        &mut self,
        error: BatchError,
        backoff: &mut Backoff,
        cancel: &CancellationToken,
    ) -> Option<BatchEnd> {
        // What was written of the batch is read again from the store.
        self.cache.forget();
        match error {
            BatchError::Unavailable(why) | BatchError::KeyAway(KeyWait { why, .. }) => {
                metrics::counter!("identity_projector_retries_total").increment(1);
                warn!(partition = self.partition.0, %why, "a dependency is not available; trying again");
                if wait(backoff.next_pause(), cancel).await {
                    return Some(BatchEnd::Cancelled);
                }
                None
            }
            BatchError::NeedsUpgrade(_) | BatchError::Halted(_) => Some(self.halt(error.to_string())),
        }
    }

    /// Processes the records once. A generation that publishes then moves its position past `last`; it is none for
    /// held records, which the position has passed already.
    pub(crate) async fn try_batch(
        &mut self,
        reader: BatchReader<'_>,
        settings: &ProjectorSettings,
        publish: Publish<'_>,
        records: &[StoredRecord],
        last: Option<&StoredRecord>,
    ) -> Result<(), BatchError> {
        let position = last;
        let Some(last) = last.or(records.last()) else { return Ok(()) };
        let as_of = AsOf { topic_id: self.topic_id, epoch: self.epoch, offset: last.source.offset };
        let mut plan = plan_batch(reader, records, as_of, &self.cache).await?;
        self.check_poison_rate(&plan, settings, last.source.offset)?;
        if let Publish::Yes(clock) = publish {
            publish_dead_letters(reader, clock, &plan, records).await?;
        }
        let counts = self.load_counts(reader, &plan).await?;
        let mut advanced = counts;
        let count_rows = plan.advance(&mut advanced, as_of, self.partition);
        self.write(reader, &mut plan, count_rows).await?;
        if let Publish::Yes(clock) = publish {
            publish_outcomes(reader, clock, &plan).await?;
            if let Some(last) = position {
                self.move_position(reader, last).await?;
            }
            count_events(&plan);
        }
        self.counts.tallies.extend(advanced.tallies);
        self.counts.books.extend(advanced.books);
        self.cache.apply_plan(plan);
        Ok(())
    }

    fn check_poison_rate(
        &mut self,
        plan: &BatchPlan,
        settings: &ProjectorSettings,
        upto: Offset,
    ) -> Result<(), BatchError> {
        for (source, _) in &plan.dead_letters {
            if !self.poison.contains(&source.offset) {
                self.poison.push_back(source.offset);
            }
        }
        // Held records have far lower offsets than the rest, and each of the two has a window of its own.
        let window = settings.poison_window_records;
        let is_within = |offset: &Offset, end: Offset| *offset <= end && offset.0 + window >= end.0;
        let newest = self.reached().map_or(upto, |next| next.max(upto));
        self.poison.retain(|offset| is_within(offset, upto) || is_within(offset, newest));
        let recent = self.poison.iter().filter(|offset| is_within(offset, upto)).count();
        if recent > settings.poison_max {
            return Err(BatchError::Halted(format!(
                "{recent} of the last {} records could not be applied; more than {} is not bad luck",
                settings.poison_window_records, settings.poison_max
            )));
        }
        Ok(())
    }

    /// The counts the plan touches: from memory, or from the store the first time.
    async fn load_counts(
        &mut self,
        reader: BatchReader<'_>,
        plan: &BatchPlan,
    ) -> Result<CountRows, BatchError> {
        if self.counts.len() > CACHED_COUNTS_MAX {
            self.counts = CountRows::default();
        }
        let (tallies, books) = plan.count_keys(self.partition);
        let missing: Vec<RowKey> = tallies
            .iter()
            .filter(|key| !self.counts.tallies.contains_key(key))
            .cloned()
            .map(RowKey::Tally)
            .chain(
                books.iter().filter(|key| !self.counts.books.contains_key(key)).cloned().map(RowKey::Books),
            )
            .collect();
        if !missing.is_empty() {
            let rows = reader.projection.load(reader.generation, &missing).await?;
            for (key, row) in missing.into_iter().zip(rows) {
                match (key, row) {
                    (RowKey::Tally(key), Some(ViewRow::Tally(row))) => {
                        self.counts.tallies.insert(key, Some(row));
                    }
                    (RowKey::Books(key), Some(ViewRow::Books(row))) => {
                        self.counts.books.insert(key, Some(row));
                    }
                    (RowKey::Tally(key), None) => {
                        self.counts.tallies.insert(key, None);
                    }
                    (RowKey::Books(key), None) => {
                        self.counts.books.insert(key, None);
                    }
                    _ => return Err(BatchError::Halted("the store answered another kind of row".to_owned())),
                }
            }
        }
        let mut counts = CountRows::default();
        for key in tallies {
            let row = self.counts.tallies.get(&key).cloned().flatten();
            counts.tallies.insert(key, row);
        }
        for key in books {
            let row = self.counts.books.get(&key).cloned().flatten();
            counts.books.insert(key, row);
        }
        Ok(counts)
    }

    async fn write(
        &self,
        reader: BatchReader<'_>,
        plan: &mut BatchPlan,
        count_rows: Vec<ViewWrite>,
    ) -> Result<(), BatchError> {
        let mut then: Vec<ViewWrite> = plan
            .states
            .values()
            .map(|state| ViewWrite {
                at: WriteTimestamp::upsert(self.epoch, state.as_of.offset),
                row: ViewRow::State(Box::new(state.clone())),
            })
            .collect();
        then.extend(count_rows);
        let stages = [mem::take(&mut plan.event_rows), then];
        let stages: Vec<_> = stages.into_iter().filter(|stage| !stage.is_empty()).collect();
        if !stages.is_empty() {
            reader.projection.write_in_order(reader.generation, stages).await?;
        }
        Ok(())
    }

    async fn move_position(
        &mut self,
        reader: BatchReader<'_>,
        last: &StoredRecord,
    ) -> Result<(), BatchError> {
        let position = PositionRow {
            topic_id: self.topic_id,
            partition: self.partition,
            next: Offset(last.source.offset.0 + 1),
            last_event_id: record_id(last),
            held: self.held.rows(),
        };
        let at = WriteTimestamp::upsert(self.epoch, last.source.offset);
        self.write_position(reader, at, position).await
    }

    /// The same position once more when nobody is held any more: after the write that said who was, before any
    /// that a later event makes.
    pub(crate) async fn show_released(&mut self, reader: BatchReader<'_>) -> Result<(), BatchError> {
        let Some(held) = self.position.clone().filter(|position| !position.held.is_empty()) else {
            return Ok(());
        };
        let at = WriteTimestamp::delete(self.epoch, held.next);
        self.write_position(reader, at, PositionRow { held: Vec::new(), ..held }).await
    }

    async fn write_position(
        &mut self,
        reader: BatchReader<'_>,
        at: WriteTimestamp,
        position: PositionRow,
    ) -> Result<(), BatchError> {
        let write = ViewWrite { at, row: ViewRow::Position(position.clone()) };
        reader.projection.write(reader.generation, vec![write]).await?;
        self.position = Some(position);
        Ok(())
    }
}
