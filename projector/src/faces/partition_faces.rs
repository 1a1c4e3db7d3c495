//! One partition of the second projection: its position, batch after batch, and what becomes of it when something is not
//! available. Not here: what a record comes to (`reference_photo`), and which partitions there are (`face_projection`).

use std::time::Duration;

use domain::event::{Offset, Partition};
use domain::ids::CustomerRef;
use domain::ports::{ReadBounds, StoredRecord, Topic};
use domain::rows::{Epoch, PositionRow, WriteTimestamp};
use event_codec::record_id;
use futures::stream::{self, StreamExt as _};
use retry_schedule::Backoff;
use tokio::time::Instant;
use tracing::{error, warn};

use crate::batch::decode_record::KeyWait;
use crate::faces::held_faces::HeldFaces;
use crate::faces::reference_photo::{FaceStop, FaceWork};
use crate::limits::{FACE_BATCH_BYTES_MAX, FACE_BATCH_RECORDS_MAX, FACE_PHOTOS_AT_ONCE, FACE_RETRY};

/// What is known of a partition once its position was read.
struct PartitionStanding {
    epoch: Epoch,
    /// As it stands in the store, or as it would before the first write.
    position: PositionRow,
    held: HeldFaces,
}

/// One partition.
pub(crate) struct PartitionFaces {
    partition: Partition,
    standing: Option<PartitionStanding>,
    /// Until when it is left alone, and how long the next time, after something was not available.
    retry: Option<(Instant, Backoff)>,
    halted: bool,
}

/// What became of some records.
#[derive(Default)]
struct BatchTaken {
    /// Orgs whose key was away, each at the first of its events that waits.
    away: Vec<KeyWait>,
    /// The first record that could not be taken in for another reason.
    stopped: Option<(Offset, FaceStop)>,
}

impl PartitionFaces {
    pub(crate) fn new(partition: Partition) -> Self {
        Self { partition, standing: None, retry: None, halted: false }
    }

    /// The next offset, once that is known.
    pub(crate) fn next(&self) -> Option<Offset> {
        self.standing.as_ref().map(|standing| standing.position.next)
    }

    /// When, from `now` on, there is something to do, where records before `upto` may be read; none while only a later
    /// `upto` helps.
    pub(crate) fn due(&self, upto: Offset, now: Instant) -> Option<Instant> {
        if self.halted {
            return None;
        }
        let held = self.standing.as_ref().and_then(|standing| standing.held.next_due());
        let behind = self.next().is_none_or(|next| next < upto).then_some(now);
        let due = held.into_iter().chain(behind).min()?;
        Some(self.retry.as_ref().map_or(due, |(until, _)| due.max(*until)))
    }

    /// Takes in one batch, of records before `upto`, and what waited for a key and is due.
    pub(crate) async fn process(&mut self, work: &FaceWork, upto: Offset) {
        match self.step(work, upto).await {
            Ok(()) => self.retry = None,
            Err(FaceStop::Halted(why)) => {
                error!(partition = self.partition.0, %why, "no photo of this partition is read any more");
                self.halted = true;
                self.show();
            }
            Err(FaceStop::Unavailable(why) | FaceStop::KeyAway(KeyWait { why, .. })) => {
                metrics::counter!("identity_face_retries_total").increment(1);
                warn!(partition = self.partition.0, %why, "photos cannot be read now; trying again");
                let (_, mut backoff) = self.retry.take().unwrap_or((Instant::now(), FACE_RETRY.start()));
                self.retry = Some((Instant::now() + backoff.next_pause(), backoff));
            }
        }
    }

    async fn step(&mut self, work: &FaceWork, upto: Offset) -> Result<(), FaceStop> {
        let standing = match &mut self.standing {
            Some(standing) => standing,
            none => none.insert(PartitionStanding::read(work, self.partition).await?),
        };
        standing.take_up_held(work).await?;
        standing.take_in_next(work, upto).await
    }

    fn show(&self) {
        let (label, value) = (self.partition.0.to_string(), f64::from(u8::from(self.halted)));
        metrics::gauge!("identity_face_partition_halted", "partition" => label).set(value);
    }
}

/// When the partition is handed over, the gauge no longer shows it as halted.
impl Drop for PartitionFaces {
    fn drop(&mut self) {
        if std::mem::take(&mut self.halted) {
            self.show();
        }
    }
}

impl PartitionStanding {
    async fn read(work: &FaceWork, partition: Partition) -> Result<Self, FaceStop> {
        let topic_id = work.ports.log.describe(Topic::Events).await?.id;
        let epoch = work.ports.projection.claim_epoch(topic_id).await?;
        let stored = work.faces.vectors.position(work.model(), topic_id, partition).await?;
        let position = match stored {
            Some(position) => {
                check_last(work, &position).await?;
                position
            }
            None => {
                let ranges = work.ports.log.offsets(Topic::Events).await?;
                let earliest = ranges.iter().find(|range| range.partition == partition);
                let next = earliest.map_or(Offset(0), |range| range.earliest);
                PositionRow { topic_id, partition, next, last_event_id: None, held: Vec::new() }
            }
        };
        let held = HeldFaces::new(partition, &position.held);
        Ok(Self { epoch, position, held })
    }

    async fn records(
        &self,
        work: &FaceWork,
        from: Offset,
        records_max: usize,
    ) -> Result<Vec<StoredRecord>, FaceStop> {
        let bounds = ReadBounds { records_max, bytes_max: FACE_BATCH_BYTES_MAX, wait_max: Duration::ZERO };
        Ok(work.ports.log.read(Topic::Events, self.position.partition, from, bounds).await?)
    }

    /// Tries orgs that wait again, of each at most a batch.
    async fn take_up_held(&mut self, work: &FaceWork) -> Result<(), FaceStop> {
        let upto = self.position.next;
        for (org, from, was_away) in self.held.due() {
            // While its key is away one event is asked for, not a batch of photos.
            let records_max = if was_away { 1 } else { FACE_BATCH_RECORDS_MAX };
            let mut records =
                if from < upto { self.records(work, from, records_max).await? } else { Vec::new() };
            records.retain(|record| record.source.offset < upto);
            let next = records.last().map_or(upto, |last| Offset(last.source.offset.0 + 1));
            records.retain(|record| {
                CustomerRef::of_record_key(&record.key).is_some_and(|whose| whose.org == org)
            });
            let taken = self.take_in(work, &records).await;
            if let Some((_, stop)) = taken.stopped {
                return Err(stop);
            }
            match taken.away.first() {
                Some(wait) => {
                    self.held.hold(wait);
                }
                None if next >= upto => self.held.let_go(&org),
                None => self.held.comes_along(&org, next),
            }
        }
        if self.held.is_empty() && !self.position.held.is_empty() {
            // After the write that said who waited, before any that a later event makes.
            let at = WriteTimestamp::delete(self.epoch, self.position.next);
            let position = PositionRow { held: Vec::new(), ..self.position.clone() };
            self.move_to(work, at, position).await?;
        }
        Ok(())
    }

    async fn take_in_next(&mut self, work: &FaceWork, upto: Offset) -> Result<(), FaceStop> {
        if self.position.next >= upto {
            return Ok(());
        }
        let mut records = self.records(work, self.position.next, FACE_BATCH_RECORDS_MAX).await?;
        records.retain(|record| record.source.offset < upto);
        let free: Vec<StoredRecord> =
            records.iter().filter(|record| !self.held.waits(record)).cloned().collect();
        let BatchTaken { away, mut stopped } = self.take_in(work, &free).await;
        for wait in away {
            let before = stopped.as_ref().is_none_or(|(at, _)| wait.at < *at);
            if before && !self.held.hold(&wait) {
                stopped = Some((wait.at, FaceStop::Unavailable(wait.why)));
            }
        }
        let done = stopped
            .as_ref()
            .map_or(records.len(), |(at, _)| records.partition_point(|record| record.source.offset < *at));
        if let Some(last) = done.checked_sub(1).and_then(|at| records.get(at)) {
            let at = WriteTimestamp::upsert(self.epoch, last.source.offset);
            let position = PositionRow {
                next: Offset(last.source.offset.0 + 1),
                last_event_id: record_id(last),
                held: self.held.rows(),
                ..self.position.clone()
            };
            self.move_to(work, at, position).await?;
        }
        stopped.map_or(Ok(()), |(_, stop)| Err(stop))
    }

    async fn move_to(
        &mut self,
        work: &FaceWork,
        at: WriteTimestamp,
        position: PositionRow,
    ) -> Result<(), FaceStop> {
        work.faces.vectors.move_position(at, work.model(), &position).await?;
        self.position = position;
        Ok(())
    }

    /// All of them, some at once; none depends on another.
    async fn take_in(&self, work: &FaceWork, records: &[StoredRecord]) -> BatchTaken {
        let each: Vec<_> = records.iter().map(|record| work.take_in(self.epoch, record)).collect();
        let taken: Vec<Result<(), FaceStop>> =
            stream::iter(each).buffered(FACE_PHOTOS_AT_ONCE).collect().await;
        let mut all = BatchTaken::default();
        for (record, taken) in records.iter().zip(taken) {
            match taken {
                Ok(()) => {}
                Err(FaceStop::KeyAway(wait)) => {
                    if !all.away.iter().any(|before| before.org == wait.org) {
                        all.away.push(wait);
                    }
                }
                Err(stop) => {
                    all.stopped.get_or_insert((record.source.offset, stop));
                }
            }
        }
        all
    }
}

/// The record before the position must still be the one that was taken in: otherwise the log was cut off or written anew
/// under the same id, and vectors would be taken for other photos'.
async fn check_last(work: &FaceWork, position: &PositionRow) -> Result<(), FaceStop> {
    let (Some(expected), Some(last)) = (&position.last_event_id, position.next.0.checked_sub(1)) else {
        return Ok(());
    };
    let one = ReadBounds { records_max: 1, bytes_max: 1, wait_max: Duration::ZERO };
    let read = work.ports.log.read(Topic::Events, position.partition, Offset(last), one).await;
    let found = match read {
        Err(error) if error.is_transient() => return Err(error.into()),
        read => read.unwrap_or_default(),
    };
    let same = found
        .first()
        .is_some_and(|record| record.source.offset.0 == last && record_id(record).as_ref() == Some(expected));
    if same {
        return Ok(());
    }
    Err(FaceStop::Halted(format!(
        "partition {}: the event before position {} of the face vectors is not there, or not the one that was read; the \
         log was cut or replaced. Restore it, or delete the face vectors, which are then made anew",
        position.partition.0, position.next.0
    )))
}
