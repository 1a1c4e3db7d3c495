//! A walk over one partition in bounded pieces, from its beginning to where it ended when the walk began. What is
//! appended meanwhile is not part of it, so that a walk has an end.

use domain::event::{Offset, Partition};
use domain::ports::{EventLog, LogError, OffsetRange, ReadBounds, StoredRecord, Topic};

use crate::limits::{
    MERGED_BYTES, MERGED_ITEMS_MAX, READ_BYTES, READ_RECORDS_MAX, READ_RETRY, READ_TRIES, READ_WAIT,
};

/// How much one read brings when so many partitions are walked over side by side.
pub(crate) fn bounds_beside(partitions: usize) -> ReadBounds {
    let share = |of: usize| of / partitions.max(1);
    ReadBounds {
        records_max: share(MERGED_ITEMS_MAX).clamp(1, READ_RECORDS_MAX),
        bytes_max: share(MERGED_BYTES).clamp(*READ_BYTES.start(), *READ_BYTES.end()),
        wait_max: READ_WAIT,
    }
}

/// A walk.
#[derive(Debug, Clone)]
pub(crate) struct PartitionWalk {
    topic: Topic,
    partition: Partition,
    next: Offset,
    end: Offset,
    bounds: ReadBounds,
}

impl PartitionWalk {
    pub(crate) fn new(topic: Topic, range: OffsetRange, bounds: ReadBounds) -> Self {
        Self { topic, partition: range.partition, next: range.earliest, end: range.end, bounds }
    }

    pub(crate) fn partition(&self) -> Partition {
        self.partition
    }

    /// Offsets that it has not come to.
    pub(crate) fn remaining(&self) -> u64 {
        self.end.0.saturating_sub(self.next.0)
    }

    /// The next records; empty at the end.
    pub(crate) async fn next_records(&mut self, log: &dyn EventLog) -> Result<Vec<StoredRecord>, LogError> {
        if self.next >= self.end {
            return Ok(Vec::new());
        }
        let mut records = read_present(log, self.topic, self.partition, self.next, self.bounds).await?;
        if let Some(last) = records.last() {
            self.next = Offset(last.source.offset.0 + 1);
        }
        records.retain(|record| record.source.offset < self.end);
        Ok(records)
    }
}

/// Reads records that are known to be there, and tries again while the log does not answer.
pub(crate) async fn read_present(
    log: &dyn EventLog,
    topic: Topic,
    partition: Partition,
    from: Offset,
    bounds: ReadBounds,
) -> Result<Vec<StoredRecord>, LogError> {
    let mut backoff = READ_RETRY.start();
    let mut tries = 1;
    loop {
        let error = match log.read(topic, partition, from, bounds).await {
            Ok(records) if !records.is_empty() => return Ok(records),
            Ok(_) => LogError::Unavailable(format!(
                "partition {} of {} brought nothing from offset {} on, and has records there",
                partition.0,
                topic.name(),
                from.0
            )),
            Err(error) => error,
        };
        if !error.is_transient() || tries == READ_TRIES {
            return Err(error);
        }
        tries += 1;
        tokio::time::sleep(backoff.next_pause()).await;
    }
}
