//! Where a partition's projection stands, and whether the log is still the one it stood in.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::event::{Offset, Partition};
use domain::ports::{
    EventLog, LogError, Projection, ReadBounds, StartPositions, StoreError, Topic, TopicDescription,
};
use domain::rows::{Epoch, Generation, PositionRow, RowKey, ViewRow};
use event_codec::record_id;

/// Positions kept beside the rows of the generations that are written. Reading starts where the first of
/// them stands; each takes in what it has not.
pub struct StoredPositions {
    log: Arc<dyn EventLog>,
    projection: Arc<dyn Projection>,
    generations: Mutex<Vec<Generation>>,
    starts: Mutex<HashMap<(Generation, Partition), Option<PositionRow>>>,
}

impl StoredPositions {
    /// The positions of those generations.
    pub fn new(
        log: Arc<dyn EventLog>,
        projection: Arc<dyn Projection>,
        generations: Vec<Generation>,
    ) -> Self {
        Self { log, projection, generations: Mutex::new(generations), starts: Mutex::default() }
    }

    /// Leaves the generations that are no longer written.
    pub(crate) fn keep(&self, written: &[Generation]) {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        generations.retain(|generation| written.contains(generation));
    }

    fn generations(&self) -> Vec<Generation> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where a generation stood in a partition when the member was last given it.
    pub(crate) fn start_of(&self, generation: Generation, partition: Partition) -> Option<PositionRow> {
        let starts = self.starts.lock().unwrap_or_else(PoisonError::into_inner);
        starts.get(&(generation, partition)).cloned().flatten()
    }

    async fn starts(
        &self,
        generation: Generation,
        topic: &TopicDescription,
        partitions: &[Partition],
    ) -> Result<Vec<Option<PositionRow>>, LogError> {
        let epoch = self.projection.claim_epoch(topic.id).await.map_err(store_to_log)?;
        let keys: Vec<RowKey> = partitions.iter().map(|p| RowKey::Position(topic.id, *p)).collect();
        let rows = self.projection.load(generation, &keys).await.map_err(store_to_log)?;
        let mut starts = Vec::with_capacity(partitions.len());
        for (partition, row) in partitions.iter().zip(rows) {
            match row {
                Some(ViewRow::Position(position)) => {
                    self.check_last(&position).await?;
                    starts.push(Some(position));
                }
                Some(_) => return Err(LogError::Halted("a position of another kind of row".to_owned())),
                None if epoch == Epoch(1) => starts.push(None),
                None => {
                    return Err(LogError::Halted(format!(
                        "{} was recreated: partition {} of this topic id was never projected into these \
                         views, but another topic's was. Restore the topic, or rebuild the views",
                        topic.topic.name(),
                        partition.0
                    )));
                }
            }
        }
        Ok(starts)
    }

    /// The record before the position must still be the one that was taken in: otherwise the log was cut
    /// off or written anew under the same id.
    async fn check_last(&self, position: &PositionRow) -> Result<(), LogError> {
        let (Some(expected), Some(last)) = (&position.last_event_id, position.next.0.checked_sub(1)) else {
            return Ok(());
        };
        let one = ReadBounds { records_max: 1, bytes_max: 1, wait_max: Duration::ZERO };
        let found = match self.log.read(Topic::Events, position.partition, Offset(last), one).await {
            // The log says that it does not hold that offset any more.
            Err(LogError::Halted(_)) => Vec::new(),
            read => read?,
        };
        let same = found.first().is_some_and(|record| {
            record.source.offset.0 == last && record_id(record).as_ref() == Some(expected)
        });
        if same {
            return Ok(());
        }
        Err(LogError::Halted(format!(
            "partition {}: the event before position {} is not there, or not the one that was projected; the \
             log was cut or replaced. Restore it, or rebuild the views",
            position.partition.0, position.next.0
        )))
    }
}

/// Where reading goes on.
pub(crate) fn next_of(position: Option<&PositionRow>) -> Offset {
    position.map_or(Offset(0), |position| position.next)
}

fn store_to_log(error: StoreError) -> LogError {
    match error {
        StoreError::Unavailable(text) => LogError::Unavailable(text),
        StoreError::Corrupt(text) => LogError::Halted(text),
    }
}

#[async_trait]
impl StartPositions for StoredPositions {
    async fn start_positions(
        &self,
        topic: &TopicDescription,
        partitions: &[Partition],
    ) -> Result<Vec<Offset>, LogError> {
        let mut first: Vec<Option<Offset>> = vec![None; partitions.len()];
        for generation in self.generations() {
            let starts = match self.starts(generation, topic, partitions).await {
                // Left, and perhaps dropped, while it was looked at.
                Err(_) if !self.generations().contains(&generation) => continue,
                starts => starts?,
            };
            let mut known = self.starts.lock().unwrap_or_else(PoisonError::into_inner);
            for ((partition, start), first) in partitions.iter().zip(starts).zip(&mut first) {
                let row = start;
                let start = next_of(row.as_ref());
                known.insert((generation, *partition), row);
                *first = Some(first.map_or(start, |first| first.min(start)));
            }
        }
        Ok(first.into_iter().map(|first| first.unwrap_or(Offset(0))).collect())
    }
}
