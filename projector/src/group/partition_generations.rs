//! One partition, in every generation that is written. Of two generations one speaks, by the pointer; the
//! other one's rows are written before, and its position moves after, so that whoever hears an outcome finds
//! the row in both, and no position of any generation stands behind an event that was not spoken of.

use domain::event::{Offset, Partition, TopicId};
use domain::ports::{Pointer, StoredRecord};
use domain::rows::{Epoch, Generation, PositionRow};
use tokio_util::sync::CancellationToken;

use crate::batch::partition_worker::{Ended, KeyAway, PartitionWorker, Voice};
use crate::batch::reader::{Reader, next_after, split_at_releases};
use crate::group::positions::next_of;
use crate::settings::{Clock, Settings};

/// One generation of the partition.
struct Lane {
    generation: Generation,
    /// What it has taken in ends before this.
    next: Offset,
    worker: PartitionWorker,
}

/// A partition this projector has.
pub(crate) struct Lanes {
    partition: Partition,
    lanes: Vec<Lane>,
    /// It stands still.
    pub(crate) halted: bool,
}

impl Lanes {
    /// The partition in the generations that the pointer has written, each from its own position.
    pub(crate) fn new(
        topic_id: TopicId,
        epoch: Epoch,
        partition: Partition,
        pointer: &Pointer,
        start_of: impl Fn(Generation) -> Option<PositionRow>,
    ) -> Self {
        let lane = |generation| {
            let start = start_of(generation);
            let next = next_of(start.as_ref());
            let log = (topic_id, epoch);
            let worker = PartitionWorker::new(log, partition, generation, start, KeyAway::HoldsOrg);
            Lane { generation, next, worker }
        };
        Self { partition, lanes: pointer.written().into_iter().map(lane).collect(), halted: false }
    }

    /// Whether it, or one generation of it, stands still.
    pub(crate) fn stands_still(&self) -> bool {
        self.halted || self.lanes.iter().any(|lane| lane.worker.halted.is_some())
    }

    /// Leaves the generations that are no longer written.
    pub(crate) fn keep(&mut self, written: &[Generation]) {
        self.lanes.retain(|lane| written.contains(&lane.generation));
    }

    /// Takes records in, until they are done, the partition halts, or it is cancelled. Gives the next offset
    /// when it has moved.
    pub(crate) async fn process(
        &mut self,
        work: Work<'_>,
        records: &[StoredRecord],
        cancel: &CancellationToken,
    ) -> Option<Offset> {
        let mut next = None;
        if self.take_up_held(work, cancel).await != Ended::Done {
            return next;
        }
        for part in split_at_releases(work.reader.codec, records) {
            for part in split_at_handover(work.pointer, self.partition, part) {
                match self.part(work, part, cancel).await {
                    Ended::Done => next = next_after(part),
                    Ended::Cancelled => return next,
                    Ended::Halted => {
                        self.halt();
                        return next;
                    }
                }
            }
        }
        next
    }

    /// Whether an org that waits for a key is to be tried again.
    pub(crate) fn has_due(&self) -> bool {
        !self.halted
            && self.lanes.iter().any(|lane| lane.worker.halted.is_none() && lane.worker.held.is_due())
    }

    /// Tries orgs that wait for a key again; of two generations the one that answers last, so that whoever hears
    /// an outcome finds the row in both.
    async fn take_up_held(&mut self, work: Work<'_>, cancel: &CancellationToken) -> Ended {
        for answers in [false, true] {
            for lane in self.lanes.iter_mut().filter(|lane| {
                (lane.generation == work.pointer.live) == answers && lane.worker.halted.is_none()
            }) {
                let work = Work { reader: work.reader.of(lane.generation), ..work };
                match lane.worker.take_up_held(work, cancel).await {
                    Ended::Done => {}
                    Ended::Halted if !answers => {}
                    Ended::Halted => {
                        self.halt();
                        return Ended::Halted;
                    }
                    Ended::Cancelled => return Ended::Cancelled,
                }
            }
        }
        Ended::Done
    }

    fn halt(&mut self) {
        self.halted = true;
        self.show();
    }

    fn show(&self) {
        let (label, value) = (self.partition.0.to_string(), f64::from(u8::from(self.halted)));
        metrics::gauge!("identity_projector_partition_halted", "partition" => label).set(value);
    }

    /// Records that one generation speaks of.
    async fn part(&mut self, work: Work<'_>, records: &[StoredRecord], cancel: &CancellationToken) -> Ended {
        let (Some(first), Some(last)) = (records.first(), records.last()) else { return Ended::Done };
        let (speaker, _) = work.pointer.speaker(self.partition, first.source.offset);
        for lane in self.lanes.iter_mut().filter(|lane| lane.generation != speaker) {
            match lane.take_in(work, Voice::Silent, records, cancel).await {
                Ended::Done => {}
                // A generation that answers nobody holds nobody up.
                Ended::Halted if lane.generation != work.pointer.live => {}
                ended => return ended,
            }
        }
        for lane in self.lanes.iter_mut().filter(|lane| lane.generation == speaker) {
            match lane.take_in(work, Voice::Speaks(work.clock), records, cancel).await {
                Ended::Done => lane.next = lane.next.max(Offset(last.source.offset.0 + 1)),
                ended => return ended,
            }
        }
        for lane in self.lanes.iter_mut().filter(|lane| lane.generation != speaker) {
            let behind = lane.next <= last.source.offset && lane.worker.halted.is_none();
            if behind {
                match lane.worker.advance(work.reader.of(lane.generation), last, cancel).await {
                    Ended::Done => lane.next = Offset(last.source.offset.0 + 1),
                    ended => return ended,
                }
            }
        }
        Ended::Done
    }
}

/// Handed over, or taken up anew: what is shown is no longer this projector's, or begins again.
impl Drop for Lanes {
    fn drop(&mut self) {
        if std::mem::take(&mut self.halted) {
            self.show();
        }
    }
}

impl Lane {
    /// What of the records it has not taken in yet.
    async fn take_in(
        &mut self,
        work: Work<'_>,
        voice: Voice<'_>,
        records: &[StoredRecord],
        cancel: &CancellationToken,
    ) -> Ended {
        if self.worker.halted.is_some() {
            return Ended::Halted;
        }
        let due = records.partition_point(|record| record.source.offset < self.next);
        let reader = work.reader.of(self.generation);
        self.worker.take_in(reader, work.settings, voice, &records[due..], cancel).await
    }
}

/// What the work is done with.
#[derive(Clone, Copy)]
pub(crate) struct Work<'a> {
    pub(crate) reader: Reader<'a>,
    pub(crate) settings: &'a Settings,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) pointer: &'a Pointer,
}

/// Cuts records so that of each part one generation speaks.
pub(crate) fn split_at_handover<'a>(
    pointer: &Pointer,
    partition: Partition,
    records: &'a [StoredRecord],
) -> Vec<&'a [StoredRecord]> {
    let Some(first) = records.first() else { return Vec::new() };
    let (_, until) = pointer.speaker(partition, first.source.offset);
    let at = until.map_or(records.len(), |until| records.partition_point(|r| r.source.offset < until));
    let (below, from) = records.split_at(at);
    [below, from].into_iter().filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

    use super::*;

    /// Keeps what the one gauge of these tests was set to.
    #[derive(Default)]
    struct Shown(Arc<AtomicU64>);

    impl Shown {
        fn value(&self) -> f64 {
            f64::from_bits(self.0.load(Ordering::Relaxed))
        }
    }

    impl Recorder for Shown {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
            Counter::noop()
        }
        fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
            assert_eq!(key.name(), "identity_projector_partition_halted");
            Gauge::from_arc(Arc::clone(&self.0))
        }
        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }

    #[test]
    fn a_partition_that_stands_still_is_shown_until_it_is_handed_over() {
        let shown = Shown::default();
        metrics::with_local_recorder(&shown, || {
            let lanes = || Lanes::new(TopicId([1; 16]), Epoch(1), Partition(3), &Pointer::FIRST, |_| None);
            let mut halted = lanes();
            halted.halt();
            assert_eq!(shown.value(), 1.0);
            drop(lanes());
            assert_eq!(shown.value(), 1.0, "one that went on says nothing of another");
            drop(halted);
            assert_eq!(shown.value(), 0.0);
        });
    }
}
