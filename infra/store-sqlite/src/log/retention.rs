//! What may leave the log: expired outcomes and dead letters, and what a later record of its key replaced
//! among the orgs. Runs in the writer, in short steps between the groups; never touches events or audit.

use domain::event::{Offset, Partition};
use domain::ports::{Retention, TopicDescription};
use domain::time::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::schema::{self, statements, table};
use crate::limits::RETENTION_STEP_RECORDS;

/// One day in milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What a run of retention deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RetentionCounts {
    /// Records older than their topic keeps.
    pub expired: u64,
    /// Records that a later one of the same key replaced.
    pub compacted: u64,
}

/// One step, in one transaction. False when there may be more to do.
pub(super) fn step(
    connection: &mut Connection,
    topics: &[TopicDescription; 5],
    now: Timestamp,
    so_far: &mut RetentionCounts,
) -> rusqlite::Result<bool> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut room = RETENTION_STEP_RECORDS;
    let mut done = *so_far;
    for topic in topics {
        match topic.topic.retention() {
            Retention::Forever => {}
            Retention::Days(days) => {
                let cutoff = now.millis() - i64::from(days) * DAY_MS;
                for partition in (0..topic.partitions).map(Partition) {
                    let gone = expire(&transaction, topic, partition, cutoff, room)?;
                    done.expired += gone as u64;
                    room -= gone;
                }
            }
            Retention::LatestPerKey => {
                let gone = compact(&transaction, topic, room)?;
                done.compacted += gone as u64;
                room -= gone;
            }
        }
    }
    transaction.commit()?;
    *so_far = done;
    Ok(room > 0)
}

/// Deletes a partition's expired records, at most `room`. They are its first ones: times never fall within
/// a partition.
fn expire(
    transaction: &Transaction<'_>,
    topic: &TopicDescription,
    partition: Partition,
    cutoff: i64,
    room: usize,
) -> rusqlite::Result<usize> {
    let first = schema::place(partition, Offset(0));
    let mut gone = 0;
    let mut last = None;
    let mut oldest = transaction.prepare_cached(&statements(topic.topic).oldest)?;
    let mut rows = oldest.query(params![first, schema::place_after(partition), room as i64])?;
    while let Some(row) = rows.next()? {
        let (place, at): (i64, i64) = (row.get(0)?, row.get(1)?);
        if at >= cutoff {
            break;
        }
        last = Some((place, at));
        gone += 1;
    }
    drop(rows);
    let Some((place, at)) = last else { return Ok(0) };
    transaction.prepare_cached(&statements(topic.topic).delete)?.execute(params![first, place + 1])?;
    transaction
        .prepare_cached(
            "INSERT INTO floors (topic, partition, earliest, appended_at) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT DO UPDATE SET earliest = excluded.earliest, appended_at = excluded.appended_at",
        )?
        .execute(params![topic.topic.name(), partition.0, schema::offset(place).0 as i64 + 1, at])?;
    Ok(gone)
}

/// Deletes records that a later one of the same key replaced, at most `room`. The end of a partition stays:
/// its last record is the latest of its key.
fn compact(transaction: &Transaction<'_>, topic: &TopicDescription, room: usize) -> rusqlite::Result<usize> {
    let table = table(topic.topic);
    transaction
        .prepare_cached(&format!(
            "DELETE FROM {table} WHERE place IN (SELECT old.place FROM {table} AS old WHERE EXISTS \
             (SELECT 1 FROM {table} AS later WHERE later.key = old.key AND later.place > old.place) LIMIT ?1)"
        ))?
        .execute([room as i64])
}
