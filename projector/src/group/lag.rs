//! How many records of each partition that this projector has are not in the answering generation yet, as the
//! metric `identity_projector_lag_records`. Not here: the group's own lag, which `Member::report` leaves with the
//! log for other tools, and what `projector status` reads from the stored positions.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};

use domain::event::{Offset, Partition};
use domain::ports::{EventLog, OffsetRange, Topic};

use crate::limits::LAG_EVERY;

/// The next offset of each partition this projector has.
#[derive(Debug, Default)]
pub(crate) struct PartitionLag(Mutex<BTreeMap<Partition, Offset>>);

impl PartitionLag {
    /// This projector has the partition, and has applied everything before `next`.
    pub(crate) fn at(&self, partition: Partition, next: Offset) {
        self.lock().insert(partition, next);
    }

    /// It no longer has the partition: whoever has it now says how far that is.
    pub(crate) fn forget(&self, partition: Partition) {
        if self.lock().remove(&partition).is_some() {
            show(partition, 0);
        }
    }

    /// It has left the group.
    pub(crate) fn forget_all(&self) {
        std::mem::take(&mut *self.lock()).into_keys().for_each(|partition| show(partition, 0));
    }

    /// Shows every partition's lag again and again. While the log does not answer the last values stay.
    pub(crate) async fn watch(&self, log: &dyn EventLog) -> Infallible {
        let mut every = tokio::time::interval(LAG_EVERY);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            let Ok(ranges) = log.offsets(Topic::Events).await else { continue };
            self.behind(&ranges).into_iter().for_each(|(partition, records)| show(partition, records));
        }
    }

    fn behind(&self, ranges: &[OffsetRange]) -> Vec<(Partition, u64)> {
        let positions = self.lock();
        let of = |range: &OffsetRange| {
            let next = positions.get(&range.partition)?;
            Some((range.partition, range.end.0.saturating_sub(next.0)))
        };
        ranges.iter().filter_map(of).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Partition, Offset>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn show(partition: Partition, records: u64) {
    let label = partition.0.to_string();
    metrics::gauge!("identity_projector_lag_records", "partition" => label).set(records as f64);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_lags_by_what_it_has_not_taken_in() {
        let range = |partition, end| OffsetRange {
            partition: Partition(partition),
            earliest: Offset(0),
            end: Offset(end),
        };
        let ranges = [range(0, 10), range(1, 7), range(2, 5)];
        let lag = PartitionLag::default();
        assert_eq!(lag.behind(&ranges), [], "it has none");
        lag.at(Partition(0), Offset(4));
        lag.at(Partition(2), Offset(0));
        assert_eq!(lag.behind(&ranges), [(Partition(0), 6), (Partition(2), 5)]);
        lag.at(Partition(0), Offset(11));
        assert_eq!(lag.behind(&ranges)[0], (Partition(0), 0), "the end was asked for before it moved");
        lag.forget(Partition(2));
        lag.forget(Partition(2));
        assert_eq!(lag.behind(&ranges), [(Partition(0), 0)]);
    }
}
