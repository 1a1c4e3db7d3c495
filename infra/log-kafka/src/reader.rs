//! `read`: one partition from an offset on, by consumers that are kept for the next read of the same walk. Not here:
//! following (`follower`).

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::event::{Offset, Partition, TopicId};
use domain::ports::{LogError, OffsetRange, ReadBounds, StoredRecord, Topic};
use tokio::sync::Semaphore;

use crate::error::{is_out_of_range, unavailable, words};
use crate::fetch::{Fetcher, Positions};
use crate::limits::{READERS_IDLE_MAX, READERS_MAX};
use crate::log::LogShared;

/// A consumer that is kept for the next read, with its position.
struct PooledReader {
    fetcher: Fetcher,
    topic: Topic,
    topic_id: TopicId,
    positions: Positions,
}

/// The consumers of `read`.
pub(crate) struct ReaderPool {
    idle: Mutex<Vec<PooledReader>>,
    permits: Semaphore,
}

/// The arguments of one read.
#[derive(Clone, Copy)]
pub(crate) struct PartitionRead {
    pub(crate) topic: Topic,
    pub(crate) partition: Partition,
    pub(crate) from: Offset,
    pub(crate) bounds: ReadBounds,
}

/// `Halted` for a position that is not in the partition.
pub(crate) fn within_range(name: &str, position: Offset, range: &OffsetRange) -> Result<(), LogError> {
    let OffsetRange { partition, earliest, end } = range;
    if position < *earliest || position > *end {
        return Err(LogError::Halted(format!(
            "partition {} of {name} holds offsets {} to {}, but {} is asked for",
            partition.0, earliest.0, end.0, position.0
        )));
    }
    Ok(())
}

impl ReaderPool {
    pub(crate) fn new() -> Self {
        Self { idle: Mutex::new(Vec::new()), permits: Semaphore::new(READERS_MAX) }
    }

    pub(crate) async fn read(
        &self,
        shared: &LogShared,
        asked: PartitionRead,
    ) -> Result<Vec<StoredRecord>, LogError> {
        let within = shared.options.timeouts.request;
        let Ok(Ok(_permit)) = tokio::time::timeout(within, self.permits.acquire()).await else {
            return Err(LogError::Unavailable("too many reads at once".to_owned()));
        };
        let name = shared.options.topic_name(asked.topic);
        let positioned = match self.take_positioned(&asked) {
            Some(reader) => Some(reader),
            None => self.place(shared, &asked, &name).await?,
        };
        let Some(mut reader) = positioned else {
            return Err(unavailable("a consumer", "was closed", None));
        };
        let batch = reader.batch(shared, &asked, &name).await?;
        // A topic id is never used again: the topic is the one to which the reader was assigned, and so are its records.
        let now = shared.query.describe(&name).await?;
        if now.id != reader.topic_id.0 {
            return Err(crate::error::recreated(asked.topic, &name));
        }
        self.keep(reader);
        Ok(batch)
    }

    /// Takes the reader whose position is exactly there.
    fn take_positioned(&self, asked: &PartitionRead) -> Option<PooledReader> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let at = idle.iter().position(|reader| {
            reader.topic == asked.topic && reader.positions.get(&asked.partition) == Some(&asked.from)
        })?;
        Some(idle.swap_remove(at))
    }

    /// Takes any other reader, or opens one, and assigns that position to it.
    async fn place(
        &self,
        shared: &LogShared,
        asked: &PartitionRead,
        name: &str,
    ) -> Result<Option<PooledReader>, LogError> {
        let described = shared.query.describe(name).await?;
        if asked.partition.0 >= described.partitions {
            let words = format!("{name} has no partition {}", asked.partition.0);
            return Err(LogError::Halted(words));
        }
        let fetcher = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop().map(|r| r.fetcher);
        let opened = match fetcher {
            Some(fetcher) => Ok(fetcher),
            None => Fetcher::open(&shared.options.for_reader(), "reader"),
        };
        let fetcher = opened.map_err(|error| unavailable("a consumer", words(&error), None))?;
        let positions = Positions::from([(asked.partition, asked.from)]);
        let mut reader =
            PooledReader { fetcher, topic: asked.topic, topic_id: TopicId(described.id), positions };
        within_range(name, asked.from, &range_of(shared, name, asked.partition).await?)?;
        reader.assign(name)?;
        Ok(Some(reader))
    }

    fn keep(&self, reader: PooledReader) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(reader);
        if idle.len() > READERS_IDLE_MAX {
            idle.remove(0);
        }
    }
}

impl PooledReader {
    fn assign(&mut self, name: &str) -> Result<(), LogError> {
        let assigned = self.fetcher.assign(name, &self.positions);
        assigned.map_err(|error| unavailable("a consumer", words(&error), None))
    }

    /// The records that were fetched already, or the next ones: within `wait_max` at the end of the partition, within
    /// the request's timeout where the broker says that there are some.
    async fn batch(
        &mut self,
        shared: &LogShared,
        asked: &PartitionRead,
        name: &str,
    ) -> Result<Vec<StoredRecord>, LogError> {
        let asked_at = Instant::now();
        let ready = self.fetcher.drain(self.topic_id, asked.bounds, &mut self.positions);
        if !ready.is_empty() {
            return Ok(ready);
        }
        let range = range_of(shared, name, asked.partition).await?;
        within_range(name, asked.from, &range)?;
        let is_there = asked.from < range.end;
        let wait = if is_there { shared.options.timeouts.request } else { asked.bounds.wait_max };
        let deadline = asked_at + wait.max(asked.bounds.wait_max).min(Duration::from_secs(86_400));
        loop {
            let batch = self.fetcher.drain(self.topic_id, asked.bounds, &mut self.positions);
            if !batch.is_empty() {
                return Ok(batch);
            }
            if let Some(code) = self.fetcher.failure() {
                if is_out_of_range(code) {
                    within_range(name, asked.from, &range_of(shared, name, asked.partition).await?)?;
                    // The leader had not caught up yet: the position is in the log after all.
                    self.assign(name)?;
                }
                continue;
            }
            if Instant::now() >= deadline {
                break;
            }
            self.fetcher.wait(deadline).await;
        }
        if is_there {
            let trouble = self.fetcher.events().trouble_text();
            return Err(unavailable(name, "records that are there did not come in time", trouble));
        }
        Ok(Vec::new())
    }
}

async fn range_of(shared: &LogShared, name: &str, partition: Partition) -> Result<OffsetRange, LogError> {
    let ranges = shared.query.offsets(name, vec![partition]).await?;
    ranges.into_iter().next().ok_or_else(|| unavailable(name, "no offsets were answered", None))
}
