//! The partitions of a topic as one sequence, by (appendedAt, partition, offset), and within a partition always by
//! offset. Of each partition one piece is in memory, made into what is shown as soon as it is read.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use domain::event::{Offset, Partition};
use domain::ports::{EventLog, OffsetRange, RowPlace, StoredRecord, Topic};

use crate::ReadError;
use crate::partition_walk::{PartitionWalk, bounds_beside};

/// Hears how many records a long reading has come past.
pub trait ReadProgress {
    /// So many more.
    fn records(&self, count: u64);
}

/// Nobody hears it.
impl ReadProgress for () {
    fn records(&self, _: u64) {}
}

/// What is made of records before they are merged.
pub(crate) trait PieceReader {
    /// One of them.
    type Item;

    /// What is shown of the records of one partition, in their order, each with its place.
    async fn read(
        &mut self,
        partition: Partition,
        records: Vec<StoredRecord>,
    ) -> Result<Vec<(RowPlace, Self::Item)>, ReadError>;
}

/// One partition.
struct PartitionLane<T> {
    walk: PartitionWalk,
    ready: VecDeque<(RowPlace, T)>,
}

/// A record's place in the sequence.
pub(crate) fn place_of(record: &StoredRecord) -> RowPlace {
    RowPlace {
        created_at: record.appended_at,
        partition: record.source.partition,
        offset: record.source.offset,
    }
}

/// Reads those partitions to their ends, and hands over what the reader makes of their records, in order.
pub(crate) async fn read_merged<R: PieceReader>(
    log: &dyn EventLog,
    (topic, ranges): (Topic, &[OffsetRange]),
    reader: &mut R,
    progress: &dyn ReadProgress,
    mut show: impl FnMut(R::Item) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    let bounds = bounds_beside(ranges.len());
    let mut lanes: Vec<PartitionLane<R::Item>> = ranges
        .iter()
        .map(|range| PartitionLane {
            walk: PartitionWalk::new(topic, *range, bounds),
            ready: VecDeque::new(),
        })
        .collect();
    let mut heads: BinaryHeap<Reverse<(RowPlace, usize)>> = BinaryHeap::with_capacity(lanes.len());
    for (number, lane) in lanes.iter_mut().enumerate() {
        fill(log, lane, reader, progress).await?;
        heads.extend(lane.ready.front().map(|(place, _)| Reverse((*place, number))));
    }
    while let Some(Reverse((_, number))) = heads.pop() {
        let lane = &mut lanes[number];
        let Some((_, item)) = lane.ready.pop_front() else { continue };
        show(item)?;
        if lane.ready.is_empty() {
            fill(log, lane, reader, progress).await?;
        }
        heads.extend(lane.ready.front().map(|(place, _)| Reverse((*place, number))));
    }
    Ok(())
}

/// Reads on until something of the partition is to be shown, or it ends.
async fn fill<R: PieceReader>(
    log: &dyn EventLog,
    lane: &mut PartitionLane<R::Item>,
    reader: &mut R,
    progress: &dyn ReadProgress,
) -> Result<(), ReadError> {
    while lane.ready.is_empty() && lane.walk.remaining() > 0 {
        let before = lane.walk.remaining();
        let records = lane.walk.next_records(log).await?;
        lane.ready.extend(reader.read(lane.walk.partition(), records).await?);
        progress.records(before - lane.walk.remaining());
    }
    Ok(())
}

/// Records in those partitions.
pub(crate) fn records_in(ranges: &[OffsetRange]) -> u64 {
    ranges.iter().map(|OffsetRange { earliest: Offset(earliest), end: Offset(end), .. }| end - earliest).sum()
}
