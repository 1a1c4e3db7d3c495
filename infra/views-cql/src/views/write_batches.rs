//! What travels together: rows of one partition, and partitions of the same replicas, up to the bounds of a
//! batch. A row alone costs a node about twice what it costs among others (docs/decisions/0006-cql.md). Only
//! partitions of the same replicas, so that whoever is asked would have to write all of them anyway.

use std::collections::HashMap;
use std::hash::Hash;

use crate::limits::{BATCH_BYTES_MAX, BATCH_PARTITIONS_MAX, BATCH_ROWS_MAX};

/// What is sent in one request.
pub(super) struct WriteBatch<R> {
    pub(super) rows: Vec<R>,
    bytes: usize,
    partitions: usize,
}

impl<R> WriteBatch<R> {
    fn has_room_for(&self, other: &Self) -> bool {
        self.rows.len() + other.rows.len() <= BATCH_ROWS_MAX
            && self.bytes + other.bytes <= BATCH_BYTES_MAX
            && self.partitions + other.partitions <= BATCH_PARTITIONS_MAX
    }

    fn add(&mut self, other: Self) {
        self.rows.extend(other.rows);
        self.bytes += other.bytes;
        self.partitions += other.partitions;
    }
}

/// Puts together what has the same `place`; what has none goes alone.
fn together<R, K: Eq + Hash>(
    batches: impl Iterator<Item = (Option<K>, WriteBatch<R>)>,
) -> Vec<WriteBatch<R>> {
    let mut all: Vec<WriteBatch<R>> = Vec::new();
    // The last batch of each place, to which more may be added.
    let mut open: HashMap<K, usize> = HashMap::new();
    for (place, batch) in batches {
        let next = all.len();
        let Some(place) = place else {
            all.push(batch);
            continue;
        };
        let at = open.entry(place).or_insert(next);
        match all.get_mut(*at) {
            Some(last) if last.has_room_for(&batch) => last.add(batch),
            _ => {
                *at = next;
                all.push(batch);
            }
        }
    }
    all
}

/// Rows by their partitions. A row larger than a batch's bound goes alone.
pub(super) fn of_partitions<R, K: Eq + Hash>(
    rows: Vec<R>,
    partition: impl Fn(&mut R) -> Option<K>,
    size: impl Fn(&R) -> usize,
) -> Vec<WriteBatch<R>> {
    together(rows.into_iter().map(|mut row| {
        let bytes = size(&row);
        // A partition is counted once for its batch, by `of_replicas`.
        (partition(&mut row), WriteBatch { rows: vec![row], bytes, partitions: 0 })
    }))
}

/// Parcels by the replicas of their first row's partition, the only one they have.
pub(super) fn of_replicas<R, K: Eq + Hash>(
    batches: Vec<WriteBatch<R>>,
    replicas: impl Fn(&R) -> Option<K>,
) -> Vec<WriteBatch<R>> {
    if batches.len() < 2 {
        return batches;
    }
    together(batches.into_iter().map(|batch| {
        let place = batch.rows.first().and_then(&replicas);
        (place, WriteBatch { partitions: 1, ..batch })
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row's partition, what its replicas are called, and its size.
    type Row = (Option<u32>, u32, usize);

    fn sent(rows: Vec<Row>) -> Vec<Vec<Row>> {
        let batches = of_partitions(rows, |row| row.0, |row| row.2);
        of_replicas(batches, |row| Some(row.1)).into_iter().map(|batch| batch.rows).collect()
    }

    fn counts(rows: Vec<Row>) -> Vec<usize> {
        sent(rows).iter().map(Vec::len).collect()
    }

    #[test]
    fn partitions_of_the_same_replicas_share_a_request() {
        let (one, two, alone) = ((Some(1), 7, 10), (Some(2), 7, 10), (None, 7, 10));
        let elsewhere = (Some(3), 8, 10);
        let sent = sent(vec![one, elsewhere, two, alone, one]);
        assert_eq!(sent, [vec![one, one, two, alone], vec![elsewhere]]);
    }

    #[test]
    fn a_request_has_bounds() {
        assert_eq!(counts(vec![(Some(1), 0, 1); BATCH_ROWS_MAX + 1]), [BATCH_ROWS_MAX, 1]);
        assert_eq!(counts(vec![(Some(1), 0, BATCH_BYTES_MAX / 2); 3]), [2, 1]);
        assert_eq!(counts(vec![(None, 0, 1); BATCH_PARTITIONS_MAX + 1]), [BATCH_PARTITIONS_MAX, 1]);
        // Of one partition there may be many rows.
        let mut rows = vec![(Some(1), 0, 1); BATCH_PARTITIONS_MAX + 1];
        rows.push((Some(2), 0, 1));
        assert_eq!(counts(rows), [BATCH_PARTITIONS_MAX + 2]);
    }

    #[test]
    fn what_is_too_large_or_of_unknown_replicas_goes_alone() {
        let (large, small) = ((Some(1), 0, BATCH_BYTES_MAX + 1), (Some(1), 0, 1));
        assert_eq!(sent(vec![small, large, small]), [vec![small], vec![large], vec![small]]);
        let batches = of_partitions(vec![small, (Some(2), 0, 1)], |row| row.0, |row| row.2);
        assert_eq!(of_replicas(batches, |_| None::<u32>).len(), 2);
    }
}
