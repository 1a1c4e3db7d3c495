//! One partition of one generation: does batches one after the other and again where something was not
//! available, in the order that makes "everything before the position may happen twice" true: dead letters,
//! event rows, states and counts, outcomes, position.

use std::collections::VecDeque;
use std::mem;
use std::time::Duration;

use domain::event::{Offset, Partition, TopicId};
use domain::ids::EventId;
use domain::limits::RECORD_BYTES_MAX;
use domain::ports::{StoredRecord, Topic};
use domain::rows::{AsOf, BookEntry, Epoch, PositionRow, RowKey, ViewRow, ViewWrite, WriteTimestamp};
use domain::time::Timestamp;
use event_codec::{DeadLetter, Meta};
use futures::future::try_join_all;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::batch::{BatchError, Reader};
use crate::limits::{BACKOFF_MAX, BACKOFF_MIN, CACHED_COUNTS_MAX};
use crate::memory::Memory;
use crate::plan::{Counts, Plan};
use crate::runner::{Clock, Settings};

/// Whether a generation's outcomes are published.
#[derive(Clone, Copy)]
pub(crate) enum Voice<'a> {
    /// With header times from that clock.
    Speaks(&'a dyn Clock),
    /// Another generation speaks: its position moves first, so that none ever stands behind an event whose
    /// outcomes nobody has published.
    Silent,
}

/// How work on some records ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It is done.
    Done,
    /// An operator or a later build is needed.
    Halted,
    /// The projector stops, or works by another pointer.
    Cancelled,
}

/// A generation's part of a partition this projector has.
pub(crate) struct PartitionWorker {
    partition: Partition,
    topic_id: TopicId,
    epoch: Epoch,
    counts: Counts,
    /// As it stands in the store, since nobody else writes there while we have the partition.
    memory: Memory,
    /// Offsets of the last records that could not be applied.
    poison: VecDeque<Offset>,
    /// Why it stands still, once it does.
    pub(crate) halted: Option<String>,
}

impl PartitionWorker {
    pub(crate) fn new(topic_id: TopicId, epoch: Epoch, partition: Partition) -> Self {
        Self {
            partition,
            topic_id,
            epoch,
            counts: Counts::default(),
            memory: Memory::default(),
            poison: VecDeque::new(),
            halted: None,
        }
    }

    /// Writes what the records come to, until it is written, the partition halts, or it is cancelled. With
    /// [`Voice::Speaks`] it also publishes, and moves the position.
    pub(crate) async fn take_in(
        &mut self,
        reader: Reader<'_>,
        settings: &Settings,
        voice: Voice<'_>,
        records: &[StoredRecord],
        cancel: &CancellationToken,
    ) -> Ended {
        let mut pause = BACKOFF_MIN;
        loop {
            match self.attempt(reader, settings, voice, records).await {
                Ok(()) => return Ended::Done,
                Err(error) => match self.after(error, &mut pause, cancel).await {
                    None => {}
                    Some(ended) => return ended,
                },
            }
        }
    }

    /// Moves the position behind the last record, until it is moved, or likewise.
    pub(crate) async fn advance(
        &mut self,
        reader: Reader<'_>,
        last: &StoredRecord,
        cancel: &CancellationToken,
    ) -> Ended {
        let mut pause = BACKOFF_MIN;
        loop {
            match self.move_position(reader, last).await {
                Ok(()) => return Ended::Done,
                Err(error) => match self.after(error, &mut pause, cancel).await {
                    None => {}
                    Some(ended) => return ended,
                },
            }
        }
    }

    /// What an error comes to: nothing, after a pause, when it is worth another try.
    async fn after(
        &mut self,
        error: BatchError,
        pause: &mut Duration,
        cancel: &CancellationToken,
    ) -> Option<Ended> {
        // Whatever was written of the batch is read again.
        self.memory.forget();
        match error {
            BatchError::Unavailable(why) => {
                metrics::counter!("identity_projector_retries_total").increment(1);
                warn!(partition = self.partition.0, %why, "not available; trying again");
                if wait(*pause, cancel).await {
                    return Some(Ended::Cancelled);
                }
                *pause = (*pause * 2).min(BACKOFF_MAX);
                None
            }
            BatchError::NeedsUpgrade(_) | BatchError::Halted(_) => {
                tracing::error!(partition = self.partition.0, why = %error, "the partition stands still");
                self.halted = Some(error.to_string());
                Some(Ended::Halted)
            }
        }
    }

    async fn attempt(
        &mut self,
        reader: Reader<'_>,
        settings: &Settings,
        voice: Voice<'_>,
        records: &[StoredRecord],
    ) -> Result<(), BatchError> {
        let Some(last) = records.last() else { return Ok(()) };
        let as_of = AsOf { topic_id: self.topic_id, epoch: self.epoch, offset: last.source.offset };
        let mut plan = reader.plan(records, as_of, &self.memory).await?;
        self.check_poison_rate(&plan, settings, last.source.offset)?;
        if let Voice::Speaks(clock) = voice {
            self.publish_dead_letters(reader, clock, &plan, records).await?;
        }
        let counts = self.load_counts(reader, &plan).await?;
        let mut advanced = counts;
        let count_rows = plan.advance(&mut advanced, as_of, self.partition);
        self.write(reader, &mut plan, count_rows).await?;
        if let Voice::Speaks(clock) = voice {
            publish_outcomes(reader, clock, &plan).await?;
            self.move_position(reader, last).await?;
            count_events(&plan);
        }
        self.counts.tallies.extend(advanced.tallies);
        self.counts.books.extend(advanced.books);
        self.memory.learn(plan);
        Ok(())
    }

    fn check_poison_rate(
        &mut self,
        plan: &Plan,
        settings: &Settings,
        upto: Offset,
    ) -> Result<(), BatchError> {
        for (source, _) in &plan.dead_letters {
            if !self.poison.contains(&source.offset) {
                self.poison.push_back(source.offset);
            }
        }
        self.poison.retain(|offset| offset.0 + settings.poison_window_records >= upto.0);
        if self.poison.len() > settings.poison_max {
            return Err(BatchError::Halted(format!(
                "{} of the last {} records could not be applied; more than {} is not bad luck",
                self.poison.len(),
                settings.poison_window_records,
                settings.poison_max
            )));
        }
        Ok(())
    }

    async fn publish_dead_letters(
        &self,
        reader: Reader<'_>,
        clock: &dyn Clock,
        plan: &Plan,
        records: &[StoredRecord],
    ) -> Result<(), BatchError> {
        let dead = reader.dead_records(plan, records).await?;
        let meta = Meta { time: clock.now(), traceparent: None };
        for (record, cause) in dead {
            // Above the limit the letter carries only where the record stands.
            let value = record.value.clone().filter(|v| v.len() + HEADROOM <= RECORD_BYTES_MAX);
            let letter = DeadLetter {
                origin: record.source,
                customer_key: String::from_utf8_lossy(&record.key).into_owned(),
                cause,
                event_id: header_event_id(&record),
                appended_at: record.appended_at,
                value,
                headers: record.headers.clone(),
            };
            let encoded =
                reader.codec.dead_letter(&letter, &meta).map_err(|e| BatchError::Halted(e.to_string()))?;
            reader.log.append(Topic::DeadLetters, encoded).await?;
            metrics::counter!("identity_projector_dead_letters_total").increment(1);
        }
        Ok(())
    }

    /// The counts the plan touches: from memory, or from the store the first time.
    async fn load_counts(&mut self, reader: Reader<'_>, plan: &Plan) -> Result<Counts, BatchError> {
        if self.counts.len() > CACHED_COUNTS_MAX {
            self.counts = Counts::default();
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
        let mut counts = Counts::default();
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
        reader: Reader<'_>,
        plan: &mut Plan,
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

    async fn move_position(&self, reader: Reader<'_>, last: &StoredRecord) -> Result<(), BatchError> {
        let position = PositionRow {
            topic_id: self.topic_id,
            partition: self.partition,
            next: Offset(last.source.offset.0 + 1),
            last_event_id: header_event_id(last),
        };
        let write = ViewWrite {
            at: WriteTimestamp::upsert(self.epoch, last.source.offset),
            row: ViewRow::Position(position),
        };
        Ok(reader.projection.write(reader.generation, vec![write]).await?)
    }
}

fn count_events(plan: &Plan) {
    for (_, _, effect) in &plan.effects {
        if let Some(entry) = effect.entry {
            metrics::counter!("identity_projector_events_total", "result" => entry_name(entry)).increment(1);
        }
    }
}

/// Room for a dead letter's other fields and headers beside the value it carries.
const HEADROOM: usize = 64 * 1024;

fn entry_name(entry: BookEntry) -> &'static str {
    match entry {
        BookEntry::Applied => "applied",
        BookEntry::Duplicate => "duplicate",
        BookEntry::Conflict => "conflict",
        BookEntry::Refused => "refused",
        BookEntry::DeadLettered => "dead_lettered",
        BookEntry::Parked => "parked",
    }
}

fn header_event_id(record: &StoredRecord) -> Option<EventId> {
    EventId::parse(std::str::from_utf8(record.header("ce_id")?).ok()?).ok()
}

/// All at once; each customer's stand in their order (an obligation of [`domain::ports::EventLog::append`]).
async fn publish_outcomes(reader: Reader<'_>, clock: &dyn Clock, plan: &Plan) -> Result<(), BatchError> {
    let time: Timestamp = clock.now();
    let meta = Meta { time, traceparent: None };
    let mut appends = Vec::with_capacity(plan.outcomes.len());
    for outcome in &plan.outcomes {
        let record = reader.codec.outcome(outcome, &meta).map_err(|e| BatchError::Halted(e.to_string()))?;
        appends.push(reader.log.append(Topic::Outcomes, record));
    }
    try_join_all(appends).await?;
    Ok(())
}

/// Waits; true when cancelled meanwhile.
pub(crate) async fn wait(pause: Duration, cancel: &CancellationToken) -> bool {
    tokio::select! {
        () = cancel.cancelled() => true,
        () = tokio::time::sleep(pause) => false,
    }
}
