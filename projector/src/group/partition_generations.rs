//! One partition, in every generation that is written. Of two generations the pointer names one that publishes the
//! outcomes. The other one's rows are written before and its position is moved after, so that whoever receives an
//! outcome finds the row in both, and no position of any generation has passed an event whose outcomes were not
//! published.

use domain::event::{Offset, Partition, TopicId};
use domain::ports::{Pointer, StoredRecord};
use domain::rows::{Epoch, Generation, PositionRow};
use tokio_util::sync::CancellationToken;

use crate::batch::partition_worker::{BatchEnd, KeyAwayPolicy, PartitionWorker, Publish};
use crate::batch::split::{BatchWork, next_after, split_at_handover, split_at_releases};
use crate::group::positions::next_of;

/// One generation of the partition.
struct GenerationWriter {
    generation: Generation,
    /// The first offset that it has not processed.
    next: Offset,
    worker: PartitionWorker,
}

/// A partition this projector has.
pub(crate) struct PartitionGenerations {
    partition: Partition,
    writers: Vec<GenerationWriter>,
    /// Nothing is applied to it until an operator acts.
    pub(crate) halted: bool,
}

impl PartitionGenerations {
    /// The partition in the generations that the pointer has written, each from its own position.
    pub(crate) fn new(
        topic_id: TopicId,
        epoch: Epoch,
        partition: Partition,
        pointer: &Pointer,
        start_of: impl Fn(Generation) -> Option<PositionRow>,
    ) -> Self {
        let writer = |generation| {
            let start = start_of(generation);
            let next = next_of(start.as_ref());
            let log = (topic_id, epoch);
            let worker = PartitionWorker::new(log, partition, generation, start, KeyAwayPolicy::HoldOrg);
            GenerationWriter { generation, next, worker }
        };
        Self { partition, writers: pointer.written().into_iter().map(writer).collect(), halted: false }
    }

    /// Whether the partition, or one generation of it, is halted.
    pub(crate) fn has_halted(&self) -> bool {
        self.halted || self.writers.iter().any(|writer| writer.worker.halted.is_some())
    }

    /// Drops the generations that are no longer written.
    pub(crate) fn keep(&mut self, written: &[Generation]) {
        self.writers.retain(|writer| written.contains(&writer.generation));
    }

    /// Processes records until they are done, the partition halts, or it is cancelled. Gives the next offset when
    /// that has moved.
    pub(crate) async fn process(
        &mut self,
        work: BatchWork<'_>,
        records: &[StoredRecord],
        cancel: &CancellationToken,
    ) -> Option<Offset> {
        let mut next = None;
        if self.take_up_held(work, cancel).await != BatchEnd::Done {
            return next;
        }
        for part in split_at_releases(work.reader.codec, records) {
            for part in split_at_handover(work.pointer, self.partition, part) {
                match self.process_part(work, part, cancel).await {
                    BatchEnd::Done => next = next_after(part),
                    BatchEnd::Cancelled => return next,
                    BatchEnd::Halted => {
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
            && self.writers.iter().any(|writer| writer.worker.halted.is_none() && writer.worker.held.is_due())
    }

    /// Tries orgs that wait for a key again; of two generations the one that answers last, so that whoever hears
    /// an outcome finds the row in both.
    async fn take_up_held(&mut self, work: BatchWork<'_>, cancel: &CancellationToken) -> BatchEnd {
        for answers in [false, true] {
            for writer in self.writers.iter_mut().filter(|writer| {
                (writer.generation == work.pointer.live) == answers && writer.worker.halted.is_none()
            }) {
                let work = BatchWork { reader: work.reader.of(writer.generation), ..work };
                match writer.worker.take_up_held(work, cancel).await {
                    BatchEnd::Done => {}
                    BatchEnd::Halted if !answers => {}
                    BatchEnd::Halted => {
                        self.halt();
                        return BatchEnd::Halted;
                    }
                    BatchEnd::Cancelled => return BatchEnd::Cancelled,
                }
            }
        }
        BatchEnd::Done
    }

    fn halt(&mut self) {
        self.halted = true;
        self.show();
    }

    fn show(&self) {
        let (label, value) = (self.partition.0.to_string(), f64::from(u8::from(self.halted)));
        metrics::gauge!("identity_projector_partition_halted", "partition" => label).set(value);
    }

    /// Processes records whose outcomes the same generation publishes.
    async fn process_part(
        &mut self,
        work: BatchWork<'_>,
        records: &[StoredRecord],
        cancel: &CancellationToken,
    ) -> BatchEnd {
        let (Some(first), Some(last)) = (records.first(), records.last()) else { return BatchEnd::Done };
        let (publishing, _) = work.pointer.publishing_generation(self.partition, first.source.offset);
        for writer in self.writers.iter_mut().filter(|writer| writer.generation != publishing) {
            match writer.process_due(work, Publish::No, records, cancel).await {
                BatchEnd::Done => {}
                // A halted generation that does not answer must not stop the one that does.
                BatchEnd::Halted if writer.generation != work.pointer.live => {}
                ended => return ended,
            }
        }
        for writer in self.writers.iter_mut().filter(|writer| writer.generation == publishing) {
            match writer.process_due(work, Publish::Yes(work.clock), records, cancel).await {
                BatchEnd::Done => writer.next = writer.next.max(Offset(last.source.offset.0 + 1)),
                ended => return ended,
            }
        }
        for writer in self.writers.iter_mut().filter(|writer| writer.generation != publishing) {
            let behind = writer.next <= last.source.offset && writer.worker.halted.is_none();
            if behind {
                match writer.worker.advance(work.reader.of(writer.generation), last, cancel).await {
                    BatchEnd::Done => writer.next = Offset(last.source.offset.0 + 1),
                    ended => return ended,
                }
            }
        }
        BatchEnd::Done
    }
}

/// When a partition is revoked, or begun again, the gauge no longer shows it as halted.
impl Drop for PartitionGenerations {
    fn drop(&mut self) {
        if std::mem::take(&mut self.halted) {
            self.show();
        }
    }
}

impl GenerationWriter {
    /// Processes those of the records that it has not processed yet.
    async fn process_due(
        &mut self,
        work: BatchWork<'_>,
        publish: Publish<'_>,
        records: &[StoredRecord],
        cancel: &CancellationToken,
    ) -> BatchEnd {
        if self.worker.halted.is_some() {
            return BatchEnd::Halted;
        }
        let due = records.partition_point(|record| record.source.offset < self.next);
        let reader = work.reader.of(self.generation);
        self.worker.process_batch(reader, work.settings, publish, &records[due..], cancel).await
    }
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
    fn a_halted_partition_is_shown_until_it_is_handed_over() {
        let shown = Shown::default();
        metrics::with_local_recorder(&shown, || {
            let writers = || {
                PartitionGenerations::new(TopicId([1; 16]), Epoch(1), Partition(3), &Pointer::FIRST, |_| None)
            };
            let mut halted = writers();
            halted.halt();
            assert_eq!(shown.value(), 1.0);
            drop(writers());
            assert_eq!(shown.value(), 1.0, "one that went on says nothing of another");
            drop(halted);
            assert_eq!(shown.value(), 0.0);
        });
    }
}
