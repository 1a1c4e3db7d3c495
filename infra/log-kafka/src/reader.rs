//! `read`: one partition from an offset on, with consumers that are kept for the next step of a walk. Not here:
//! following (`follower`).

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::event::{Offset, Partition, TopicId};
use domain::ports::{LogError, OffsetRange, ReadBounds, StoredRecord, Topic};
use tokio::sync::Semaphore;

use crate::error::{is_out_of_range, unavailable, words};
use crate::fetch::{Fetcher, Positions};
use crate::limits::{READERS_IDLE_MAX, READERS_MAX};
use crate::log::Shared;

/// A consumer that stands somewhere.
struct Reader {
    fetcher: Fetcher,
    topic: Topic,
    topic_id: TopicId,
    positions: Positions,
}

/// The consumers for reads.
pub(crate) struct Readers {
    idle: Mutex<Vec<Reader>>,
    permits: Semaphore,
}

/// One read as it was asked for.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
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

impl Readers {
    pub(crate) fn new() -> Self {
        Self { idle: Mutex::new(Vec::new()), permits: Semaphore::new(READERS_MAX) }
    }

    pub(crate) async fn read(&self, shared: &Shared, asked: Asked) -> Result<Vec<StoredRecord>, LogError> {
        let within = shared.options.timeouts.request;
        let Ok(Ok(_permit)) = tokio::time::timeout(within, self.permits.acquire()).await else {
            return Err(LogError::Unavailable("too many reads at once".to_owned()));
        };
        let name = shared.options.topic_name(asked.topic);
        let standing = match self.standing_at(&asked) {
            Some(reader) => Some(reader),
            None => self.place(shared, &asked, &name).await?,
        };
        let Some(mut reader) = standing else {
            return Err(unavailable("a consumer", "was closed", None));
        };
        let batch = reader.batch(shared, &asked, &name).await?;
        // Ids do not come back: the topic is the one it was when the reader was placed, so its records are.
        let now = shared.query.describe(&name).await?;
        if now.id != reader.topic_id.0 {
            return Err(crate::error::made_again(asked.topic, &name));
        }
        self.keep(reader);
        Ok(batch)
    }

    /// The reader that stands exactly there.
    fn standing_at(&self, asked: &Asked) -> Option<Reader> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let at = idle.iter().position(|reader| {
            reader.topic == asked.topic && reader.positions.get(&asked.partition) == Some(&asked.from)
        })?;
        Some(idle.swap_remove(at))
    }

    /// Any other reader, or a new one, placed there.
    async fn place(&self, shared: &Shared, asked: &Asked, name: &str) -> Result<Option<Reader>, LogError> {
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
        let mut reader = Reader { fetcher, topic: asked.topic, topic_id: TopicId(described.id), positions };
        within_range(name, asked.from, &range_of(shared, name, asked.partition).await?)?;
        reader.assign(name)?;
        Ok(Some(reader))
    }

    fn keep(&self, reader: Reader) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(reader);
        if idle.len() > READERS_IDLE_MAX {
            idle.remove(0);
        }
    }
}

impl Reader {
    fn assign(&mut self, name: &str) -> Result<(), LogError> {
        let assigned = self.fetcher.assign(name, &self.positions);
        assigned.map_err(|error| unavailable("a consumer", words(&error), None))
    }

    /// What is fetched already, or what comes: within `wait_max` at the end, within the request's time where
    /// the broker says that there is something.
    async fn batch(
        &mut self,
        shared: &Shared,
        asked: &Asked,
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
                    // A leader that had not caught up yet: the place is in the log after all.
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
            let trouble = self.fetcher.events().trouble_words();
            return Err(unavailable(name, "records that are there did not come in time", trouble));
        }
        Ok(Vec::new())
    }
}

async fn range_of(shared: &Shared, name: &str, partition: Partition) -> Result<OffsetRange, LogError> {
    let ranges = shared.query.offsets(name, vec![partition]).await?;
    ranges.into_iter().next().ok_or_else(|| unavailable(name, "no offsets were answered", None))
}
