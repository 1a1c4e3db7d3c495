//! Filling a generation: a silent replay of `identity.events` from its earliest records, each partition from
//! where this generation stands to where it may go. Not through the group; never beyond what the generation
//! that answers has taken in, because up to there its outcomes are published.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::event::{Offset, Partition};
use domain::ports::{OffsetRange, ReadBounds, StoredRecord, Topic, TopicDescription};
use domain::rows::{Epoch, Generation, PositionRow, ViewRow, ViewWrite, WriteTimestamp};
use domain::time::Timestamp;
use futures::FutureExt as _;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio_util::sync::CancellationToken;

use super::{RebuildError, RebuildPorts, RebuildProgress};
use crate::batch::partition_worker::{BatchEnd, KeyAwayPolicy, PartitionWorker, Publish};
use crate::batch::prefetch::BatchReader;
use crate::batch::split::split_at_releases;
use crate::limits::REBUILD_PARTITIONS_AT_ONCE;
use crate::settings::ProjectorSettings;

/// Where each partition stands, or is to stand.
pub(super) type PartitionOffsets = BTreeMap<Partition, Offset>;

/// How far a replay may go in one partition.
#[derive(Clone, Copy)]
pub(super) struct ReplayStop {
    /// Up to this offset, without it.
    pub(super) before: Offset,
    /// Up to the first event from this time on, without it.
    pub(super) time: Option<Timestamp>,
}

struct ReplayedPartition {
    next: Offset,
    worker: PartitionWorker,
    /// It met the time it was to stop at.
    done: bool,
}

/// A generation that is being filled.
pub(super) struct GenerationBuilder<'a> {
    ports: &'a RebuildPorts,
    settings: &'a ProjectorSettings,
    progress: &'a dyn RebuildProgress,
    cancel: &'a CancellationToken,
    pub(super) topic: TopicDescription,
    pub(super) epoch: Epoch,
    pub(super) generation: Generation,
    parts: BTreeMap<Partition, ReplayedPartition>,
    /// Events taken in by this builder.
    pub(super) events: u64,
}

/// The positions of a generation in that topic; a partition without one is left out.
pub(super) async fn positions(
    ports: &RebuildPorts,
    topic: &TopicDescription,
    generation: Generation,
) -> Result<PartitionOffsets, RebuildError> {
    let rows = ports.inspection.positions(generation).await?;
    Ok(rows.into_iter().filter(|row| row.topic_id == topic.id).map(|row| (row.partition, row.next)).collect())
}

impl<'a> GenerationBuilder<'a> {
    /// Goes on from where the generation stands, or begins at the earliest record of each partition.
    pub(super) async fn open(
        ports: &'a RebuildPorts,
        settings: &'a ProjectorSettings,
        progress: &'a dyn RebuildProgress,
        cancel: &'a CancellationToken,
        generation: Generation,
    ) -> Result<Self, RebuildError> {
        let topic = ports.ports.log.describe(Topic::Events).await?;
        let epoch = ports.ports.projection.claim_epoch(topic.id).await?;
        let stands = positions(ports, &topic, generation).await?;
        let mut parts = BTreeMap::new();
        for OffsetRange { partition, earliest, .. } in ports.ports.log.offsets(Topic::Events).await? {
            let next = match stands.get(&partition) {
                Some(next) => *next,
                None => {
                    begin(ports, &topic, epoch, generation, partition, earliest).await?;
                    earliest
                }
            };
            let log = (topic.id, epoch);
            let worker = PartitionWorker::new(log, partition, generation, None, KeyAwayPolicy::HoldPartition);
            parts.insert(partition, ReplayedPartition { next, worker, done: false });
        }
        Ok(Self { ports, settings, progress, cancel, topic, epoch, generation, parts, events: 0 })
    }

    /// Where it stands.
    pub(super) fn stands(&self) -> PartitionOffsets {
        self.parts.iter().map(|(partition, part)| (*partition, part.next)).collect()
    }

    pub(super) fn check_cancelled(&self) -> Result<(), RebuildError> {
        if self.cancel.is_cancelled() { Err(RebuildError::Cancelled) } else { Ok(()) }
    }

    /// Replays every partition up to where it may go; some at once.
    pub(super) async fn advance(&mut self, to: &BTreeMap<Partition, ReplayStop>) -> Result<(), RebuildError> {
        let reader = BatchReader {
            log: &*self.ports.ports.log,
            projection: &*self.ports.ports.projection,
            vault: &self.ports.ports.vault,
            codec: &self.ports.ports.codec,
            nik_tags: &*self.ports.ports.nik_tags,
            generation: self.generation,
        };
        let (settings, progress, cancel) = (self.settings, self.progress, self.cancel);
        // Boxed one by one: a closure over them would not be general enough for a task that is spawned.
        let mut work = Vec::new();
        for (partition, part) in &mut self.parts {
            if let Some(stop) = to.get(partition) {
                work.push(advance(reader, settings, progress, cancel, *partition, part, *stop).boxed());
            }
        }
        let events: Vec<u64> =
            stream::iter(work).buffer_unordered(REBUILD_PARTITIONS_AT_ONCE).try_collect().await?;
        self.events += events.into_iter().sum::<u64>();
        Ok(())
    }
}

/// The position before the first record: from now on the generation has one in every partition. Below any
/// position that a record makes.
async fn begin(
    ports: &RebuildPorts,
    topic: &TopicDescription,
    epoch: Epoch,
    generation: Generation,
    partition: Partition,
    earliest: Offset,
) -> Result<(), RebuildError> {
    let row =
        PositionRow { topic_id: topic.id, partition, next: earliest, last_event_id: None, held: Vec::new() };
    let at = WriteTimestamp::delete(epoch, earliest);
    let write = ViewWrite { at, row: ViewRow::Position(row) };
    Ok(ports.ports.projection.write(generation, vec![write]).await?)
}

async fn advance(
    reader: BatchReader<'_>,
    settings: &ProjectorSettings,
    progress: &dyn RebuildProgress,
    cancel: &CancellationToken,
    partition: Partition,
    part: &mut ReplayedPartition,
    stop: ReplayStop,
) -> Result<u64, RebuildError> {
    let bounds = ReadBounds {
        records_max: settings.batch_records_max,
        bytes_max: settings.batch_bytes_max,
        wait_max: Duration::ZERO,
    };
    let mut events = 0;
    while part.next < stop.before && !part.done {
        if cancel.is_cancelled() {
            return Err(RebuildError::Cancelled);
        }
        let mut records = reader.log.read(Topic::Events, partition, part.next, bounds).await?;
        if records.is_empty() {
            return Err(RebuildError::Halted(format!(
                "partition {}: the log ends at {}, before the {} it is to be replayed to",
                partition.0, part.next.0, stop.before.0
            )));
        }
        records.truncate(records.partition_point(|record| record.source.offset < stop.before));
        if let Some(time) = stop.time
            && let Some(at) = records.iter().position(|record| record.appended_at >= time)
        {
            records.truncate(at);
            part.done = true;
        }
        if records.is_empty() {
            // What lies between here and there are offsets without records.
            break;
        }
        for records in split_at_releases(reader.codec, &records) {
            replay_batch(reader, settings, cancel, part, records).await?;
        }
        events += records.len() as u64;
        progress.events(records.len() as u64);
    }
    Ok(events)
}

async fn replay_batch(
    reader: BatchReader<'_>,
    settings: &ProjectorSettings,
    cancel: &CancellationToken,
    part: &mut ReplayedPartition,
    records: &[StoredRecord],
) -> Result<(), RebuildError> {
    let Some(last) = records.last() else { return Ok(()) };
    let mut ended = part.worker.process_batch(reader, settings, Publish::No, records, cancel).await;
    if ended == BatchEnd::Done {
        ended = part.worker.advance(reader, last, cancel).await;
    }
    match ended {
        BatchEnd::Done => {
            part.next = Offset(last.source.offset.0 + 1);
            Ok(())
        }
        BatchEnd::Cancelled => Err(RebuildError::Cancelled),
        BatchEnd::Halted => Err(RebuildError::Halted(part.worker.halted.clone().unwrap_or_default())),
    }
}
