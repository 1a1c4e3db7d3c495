//! One session in the group, from joining it until leaving it: records are polled and handed to their partitions, which work side
//! by side, each on its own batch; how far they are is reported. While some are at work the log is read ahead,
//! so that a partition that is done goes on at once. Only when nothing is in flight the group is polled, so that
//! a hand-over finds nothing in flight.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::event::{Offset, Partition};
use domain::ports::{Member, Pointer, Polled, ReadBounds, StoredRecord, TopicDescription};
use domain::rows::Epoch;
use futures::stream::{FuturesUnordered, StreamExt as _};
use generation_watch::PointerWatch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::batch::prefetch::BatchReader;
use crate::batch::split::BatchWork;
use crate::group::lag::PartitionLag;
use crate::group::partition_generations::PartitionGenerations;
use crate::group::positions::{StoredPositions, next_of};
use crate::group::progress::SessionProgress;
use crate::limits::REPORT_EVERY;
use crate::runner::SessionEnd;
use crate::settings::{ProjectorPorts, ProjectorSettings};

/// One session in the group.
pub(crate) struct GroupSession<'a> {
    ports: &'a ProjectorPorts,
    settings: &'a ProjectorSettings,
    pointer_watch: &'a PointerWatch,
    pointer: Pointer,
    topic: TopicDescription,
    epoch: Epoch,
    positions: Arc<StoredPositions>,
    /// The partitions it has; none for one that is at work.
    partitions: BTreeMap<Partition, Option<PartitionGenerations>>,
    /// Read ahead, until their partition is done with what came before.
    ahead: ReadAhead,
    /// How far partitions are that nobody was told of yet.
    unreported: BTreeMap<Partition, Offset>,
    reported_at: Instant,
    lag: Arc<PartitionLag>,
    progress: SessionProgress,
}

/// Records that wait for their partition.
#[derive(Default)]
struct ReadAhead {
    records: BTreeMap<Partition, Vec<StoredRecord>>,
    count: usize,
    bytes: usize,
}

impl ReadAhead {
    fn add(&mut self, records: Vec<StoredRecord>) {
        for record in records {
            self.count += 1;
            self.bytes += record.size();
            self.records.entry(record.source.partition).or_default().push(record);
        }
    }

    /// The partition's next batch.
    fn take(&mut self, partition: Partition, bounds: ReadBounds) -> Vec<StoredRecord> {
        let mut batch = self.records.remove(&partition).unwrap_or_default();
        let mut bytes = 0;
        let mut fits = |(at, record): (usize, &StoredRecord)| {
            bytes += record.size();
            at == 0 || (at < bounds.records_max && bytes <= bounds.bytes_max)
        };
        let end = batch.iter().enumerate().position(|record| !fits(record)).unwrap_or(batch.len());
        let rest = batch.split_off(end);
        if !rest.is_empty() {
            self.records.insert(partition, rest);
        }
        self.count -= batch.len();
        self.bytes -= batch.iter().map(StoredRecord::size).sum::<usize>();
        batch
    }

    /// Drops the records of a partition that is halted.
    fn drop_all(&mut self, partition: Partition) {
        for record in self.records.remove(&partition).unwrap_or_default() {
            self.count -= 1;
            self.bytes -= record.size();
        }
    }
}

/// What a partition's work ended with.
type PartitionDone = (Partition, PartitionGenerations, Option<Offset>);

impl<'a> GroupSession<'a> {
    /// Before the first poll.
    pub(crate) fn new(
        (ports, settings, pointer_watch): (&'a ProjectorPorts, &'a ProjectorSettings, &'a PointerWatch),
        pointer: Pointer,
        (topic, epoch): (TopicDescription, Epoch),
        positions: Arc<StoredPositions>,
    ) -> Self {
        Self {
            ports,
            settings,
            pointer_watch,
            pointer,
            topic,
            epoch,
            positions,
            partitions: BTreeMap::new(),
            ahead: ReadAhead::default(),
            unreported: BTreeMap::new(),
            reported_at: Instant::now(),
            lag: Arc::default(),
            progress: SessionProgress::default(),
        }
    }

    /// The same session, which reports its progress there.
    pub(crate) fn with_progress(self, progress: &SessionProgress) -> Self {
        Self { progress: progress.clone(), ..self }
    }

    /// How far its partitions are, for whoever shows it meanwhile.
    pub(crate) fn lag(&self) -> Arc<PartitionLag> {
        Arc::clone(&self.lag)
    }

    /// Projects until cancelled, or until a pointer comes that this session cannot apply.
    pub(crate) async fn run(
        &mut self,
        member: &mut dyn Member,
        cancel: &CancellationToken,
    ) -> Result<(), SessionEnd> {
        while !cancel.is_cancelled() {
            if let Some(pointer) = self.pointer_watch.take_next()
                && !self.adopt(pointer)
            {
                break;
            }
            // What was read ahead when a pointer came goes first: at a poll nothing waits.
            if self.ahead.records.is_empty() {
                let polled = tokio::select! {
                    biased;
                    () = cancel.cancelled() => break,
                    polled = member.poll(self.bounds()) => polled?,
                };
                self.take_over(&polled);
                self.progress.began();
                self.ahead.add(polled.records);
            }
            if !self.work_off(member, cancel).await? {
                break;
            }
        }
        Ok(())
    }

    /// Applies a later pointer, with nothing in flight; false when only a new session can: that one tries halted
    /// partitions again.
    fn adopt(&mut self, pointer: Pointer) -> bool {
        if self.partitions.values().flatten().any(PartitionGenerations::has_halted) {
            return false;
        }
        let written = pointer.written();
        self.partitions.values_mut().flatten().for_each(|generations| generations.keep(&written));
        self.positions.keep(&written);
        info!(version = pointer.version, live = pointer.live.0, ?written, "applying a later pointer");
        self.pointer_watch.set_applied(pointer.version);
        self.pointer = pointer;
        true
    }

    fn bounds(&self) -> ReadBounds {
        ReadBounds {
            records_max: self.settings.batch_records_max,
            bytes_max: self.settings.batch_bytes_max,
            wait_max: if self.partitions_due().is_empty() { self.settings.poll_wait } else { Duration::ZERO },
        }
    }

    /// Hands out what is there and what comes meanwhile, until nothing is in flight any more: all of it, or what
    /// was begun before a pointer came to go on by. False when only a new session can go on.
    async fn work_off(
        &mut self,
        member: &mut dyn Member,
        cancel: &CancellationToken,
    ) -> Result<bool, SessionEnd> {
        let (ports, settings, pointer) = (self.ports, self.settings, self.pointer.clone());
        let reader = BatchReader {
            log: &*ports.log,
            projection: &*ports.projection,
            vault: &ports.vault,
            codec: &ports.codec,
            nik_tags: &*ports.nik_tags,
            generation: pointer.live,
        };
        let work = BatchWork { reader, settings, clock: &*ports.clock, pointer: &pointer };
        let mut at_work = FuturesUnordered::new();
        // Why nothing new is begun, once that is so; what is in flight is finished first.
        let mut stop: Option<Result<bool, SessionEnd>> = None;
        let mut reads_ahead = true;
        // Orgs that wait for a key get a turn of their own where no batch comes, one between two polls.
        let mut due = self.partitions_due();
        loop {
            let goes_on = stop.is_none() && !cancel.is_cancelled() && !self.pointer_watch.has_next();
            if goes_on && (self.has_startable() || !due.is_empty()) {
                match self.pointer_watch.is_current(pointer.version).await {
                    Ok(true) => {
                        for (partition, generations, records) in self.start(std::mem::take(&mut due)) {
                            at_work.push(Box::pin(process(work, partition, generations, records, cancel)));
                        }
                    }
                    Ok(false) => stop = Some(Ok(false)),
                    Err(error) => stop = Some(Err(error.into())),
                }
            }
            if at_work.is_empty() {
                break;
            }
            let may_read = reads_ahead && goes_on && stop.is_none() && self.has_room();
            tokio::select! {
                biased;
                Some(done) = at_work.next() => self.put_back(done),
                more = member.more(self.bounds()), if may_read => match more {
                    // The group, or the log, has something else to say: the next poll's.
                    Ok(records) => {
                        reads_ahead = !records.is_empty();
                        self.ahead.add(records);
                    }
                    Err(error) => stop = Some(Err(error.into())),
                },
            }
            self.report(member, REPORT_EVERY).await;
        }
        drop(at_work);
        self.report(member, Duration::ZERO).await;
        stop.unwrap_or(Ok(true))
    }

    fn has_startable(&self) -> bool {
        self.ahead.records.keys().any(|partition| !matches!(self.partitions.get(partition), Some(None)))
    }

    fn partitions_due(&self) -> BTreeSet<Partition> {
        let due = self
            .partitions
            .iter()
            .filter(|(_, generations)| generations.as_ref().is_some_and(PartitionGenerations::has_due));
        due.map(|(partition, _)| *partition).collect()
    }

    fn has_room(&self) -> bool {
        let bounds = self.bounds();
        self.ahead.count < bounds.records_max && self.ahead.bytes < bounds.bytes_max
    }

    /// The next batch of every partition that has one and is not at work; an empty one of those that are due.
    fn start(
        &mut self,
        due: BTreeSet<Partition>,
    ) -> Vec<(Partition, PartitionGenerations, Vec<StoredRecord>)> {
        let bounds = self.bounds();
        let mut waiting = due;
        waiting.extend(self.ahead.records.keys());
        let mut started = Vec::new();
        for partition in waiting {
            match self.partitions.get_mut(&partition) {
                Some(None) => {}
                Some(generations) if generations.as_ref().is_some_and(|generations| !generations.halted) => {
                    if let Some(generations) = generations.take() {
                        started.push((partition, generations, self.ahead.take(partition, bounds)));
                    }
                }
                // It is halted until an operator acts.
                Some(Some(_)) | None => self.ahead.drop_all(partition),
            }
        }
        started
    }

    fn put_back(&mut self, (partition, generations, next): PartitionDone) {
        self.partitions.insert(partition, Some(generations));
        if let Some(next) = next {
            self.unreported.insert(partition, next);
            self.lag.at(partition, next);
            self.progress.at(partition, next);
        }
    }

    /// Tells the log how far the group is, unless it was told within that time.
    async fn report(&mut self, member: &mut dyn Member, every: Duration) {
        if self.unreported.is_empty() || self.reported_at.elapsed() < every {
            return;
        }
        let done: Vec<(Partition, Offset)> = std::mem::take(&mut self.unreported).into_iter().collect();
        self.reported_at = Instant::now();
        if let Err(error) = member.report(&done).await {
            // Only lag tools look at it; the positions that count are with the rows.
            warn!(%error, "the positions could not be reported to the group");
        }
    }

    fn take_over(&mut self, polled: &Polled) {
        for partition in &polled.revoked {
            self.partitions.remove(partition);
            self.lag.forget(*partition);
            self.progress.forget(*partition);
            info!(partition = partition.0, "partition handed over");
        }
        for partition in &polled.assigned {
            let start_of = |generation| self.positions.start_of(generation, *partition);
            let next = next_of(start_of(self.pointer.live).as_ref());
            self.lag.at(*partition, next);
            self.progress.at(*partition, next);
            let generations =
                PartitionGenerations::new(self.topic.id, self.epoch, *partition, &self.pointer, start_of);
            self.partitions.insert(*partition, Some(generations));
            info!(partition = partition.0, "partition taken over");
        }
    }
}

async fn process(
    work: BatchWork<'_>,
    partition: Partition,
    mut generations: PartitionGenerations,
    records: Vec<StoredRecord>,
    cancel: &CancellationToken,
) -> PartitionDone {
    let next = generations.process(work, &records, cancel).await;
    (partition, generations, next)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use domain::event::{Source, TopicId};
    use domain::time::Timestamp;

    use super::*;

    fn record(partition: u32, offset: u64) -> StoredRecord {
        StoredRecord {
            source: Source {
                topic_id: TopicId([1; 16]),
                partition: Partition(partition),
                offset: Offset(offset),
            },
            appended_at: Timestamp::from_millis(0),
            key: Bytes::new(),
            headers: Vec::new(),
            value: Some(Bytes::from(vec![0; 100])),
        }
    }

    #[test]
    fn what_was_read_ahead_is_given_out_in_batches_and_in_order() {
        let mut ahead = ReadAhead::default();
        ahead.add((0..5).map(|offset| record(1, offset)).collect());
        ahead.add(vec![record(2, 0)]);
        assert_eq!((ahead.count, ahead.bytes), (6, 600));
        let mut offsets = |records_max, bytes_max| {
            let bounds = ReadBounds { records_max, bytes_max, wait_max: Duration::ZERO };
            let batch = ahead.take(Partition(1), bounds);
            batch.iter().map(|record| record.source.offset.0).collect::<Vec<_>>()
        };
        assert_eq!(offsets(2, 1_000), [0, 1]);
        assert_eq!(offsets(9, 199), [2]);
        // One that is too large comes alone.
        assert_eq!(offsets(9, 1), [3]);
        assert_eq!(offsets(9, 1_000), [4]);
        assert!(offsets(9, 1_000).is_empty());
        assert_eq!((ahead.count, ahead.bytes), (1, 100));
        ahead.drop_all(Partition(2));
        assert_eq!((ahead.count, ahead.bytes), (0, 0));
    }
}
