//! The log's file as SQL: its migrations, the statements of each topic's table, and where a record stands
//! in it. No threads, no waiting; what calls when is the writer's and the readers' business.

use std::path::Path;
use std::sync::LazyLock;

use domain::event::{Offset, Partition, TopicId};
use domain::ports::{LogError, OffsetRange, Topic, TopicDescription};
use domain::time::Timestamp;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, TransactionBehavior, ffi, params};

use crate::limits::PARTITIONS_MAX;
use crate::migrate::SqliteOpenError;

/// In order; one that was released is never edited.
pub(super) const MIGRATIONS: &[&str] =
    &[include_str!("v1.sql"), concat!(include_str!("../installation.sql"), include_str!("v2.sql"))];

/// Bits of a place that are the offset; the rest is the partition.
const OFFSET_BITS: u32 = 40;

/// The topic's table.
pub(super) fn table(topic: Topic) -> &'static str {
    match topic {
        Topic::Events => "events",
        Topic::Audit => "audit",
        Topic::Outcomes => "outcomes",
        Topic::Orgs => "orgs",
        Topic::DeadLetters => "dead_letters",
    }
}

/// A topic's statements, made once: they are looked up by their text in each connection's cache.
pub(super) struct Statements {
    /// (place, appended_at, key, headers, value)
    pub(super) insert: String,
    /// (first place, first place of the next partition) -> the last record's place, appended_at
    pub(super) last: String,
    /// (first place, first place of the next partition, limit) -> place, appended_at, key, headers, value
    pub(super) read: String,
    /// (first place, first place of the next partition, limit) -> place, appended_at
    pub(super) oldest: String,
    /// (first place, place after the last)
    pub(super) delete: String,
}

/// The statements of that topic.
pub(super) fn statements(topic: Topic) -> &'static Statements {
    static ALL: LazyLock<[Statements; 5]> = LazyLock::new(|| {
        Topic::ALL.map(|topic| {
            let table = table(topic);
            Statements {
                insert: format!(
                    "INSERT INTO {table} (place, appended_at, key, headers, value) VALUES (?1, ?2, ?3, ?4, ?5)"
                ),
                last: format!(
                    "SELECT place, appended_at FROM {table} WHERE place >= ?1 AND place < ?2 \
                     ORDER BY place DESC LIMIT 1"
                ),
                read: format!(
                    "SELECT place, appended_at, key, headers, value FROM {table} \
                     WHERE place >= ?1 AND place < ?2 ORDER BY place LIMIT ?3"
                ),
                oldest: format!(
                    "SELECT place, appended_at FROM {table} WHERE place >= ?1 AND place < ?2 \
                     ORDER BY place LIMIT ?3"
                ),
                delete: format!("DELETE FROM {table} WHERE place >= ?1 AND place < ?2"),
            }
        })
    });
    &ALL[topic as usize]
}

/// The place of that offset. Offsets beyond 2^40 cannot come about: they would take a century of appends.
pub(super) fn place(partition: Partition, offset: Offset) -> i64 {
    let offset = offset.0.min((1 << OFFSET_BITS) - 1) as i64;
    (i64::from(partition.0) << OFFSET_BITS) | offset
}

/// The place just after the partition's last possible one.
pub(super) fn place_after(partition: Partition) -> i64 {
    (i64::from(partition.0) + 1) << OFFSET_BITS
}

/// The offset of that place.
pub(super) fn offset(place: i64) -> Offset {
    Offset((place & ((1 << OFFSET_BITS) - 1)) as u64)
}

/// A partition as it stands in one transaction.
#[derive(Debug, Clone, Copy)]
pub(super) struct PartitionExtent {
    /// The first offset still there.
    pub(super) earliest: Offset,
    /// The next record's.
    pub(super) end: Offset,
    /// The newest record's time, also if retention took it; none before the first.
    pub(super) newest: Option<Timestamp>,
}

impl PartitionExtent {
    /// The port's view of it.
    pub(super) fn range(self, partition: Partition) -> OffsetRange {
        OffsetRange { partition, earliest: self.earliest, end: self.end }
    }
}

/// The next record's offset, and the newest record's time. Cheaper than [`extent`]: where a partition begins
/// matters only while it is empty.
pub(super) fn end(
    connection: &Connection,
    topic: Topic,
    partition: Partition,
) -> rusqlite::Result<(Offset, Option<Timestamp>)> {
    if let Some((place, at)) = last(connection, topic, partition)? {
        return Ok((Offset(offset(place).0 + 1), Some(Timestamp::from_millis(at))));
    }
    let PartitionExtent { end, newest, .. } = extent(connection, topic, partition)?;
    Ok((end, newest))
}

/// The last record's place and time.
fn last(connection: &Connection, topic: Topic, partition: Partition) -> rusqlite::Result<Option<(i64, i64)>> {
    connection
        .prepare_cached(&statements(topic).last)?
        .query_row(params![place(partition, Offset(0)), place_after(partition)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()
}

/// Asks where the partition begins and ends.
pub(super) fn extent(
    connection: &Connection,
    topic: Topic,
    partition: Partition,
) -> rusqlite::Result<PartitionExtent> {
    let last = last(connection, topic, partition)?;
    let floor: Option<(i64, i64)> = connection
        .prepare_cached("SELECT earliest, appended_at FROM floors WHERE topic = ?1 AND partition = ?2")?
        .query_row(params![topic.name(), partition.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let earliest = Offset(floor.map_or(0, |(earliest, _)| earliest.max(0) as u64));
    let end = last.map_or(earliest, |(last, _)| Offset(offset(last).0 + 1).max(earliest));
    let newest = last.or(floor).map(|(_, at)| Timestamp::from_millis(at));
    Ok(PartitionExtent { earliest, end, newest })
}

/// A topic as the file has it.
pub(super) fn describe(connection: &Connection, topic: Topic) -> rusqlite::Result<Option<TopicDescription>> {
    connection
        .prepare_cached("SELECT id, partitions FROM topics WHERE name = ?1")?
        .query_row([topic.name()], |row| {
            Ok(TopicDescription { topic, id: TopicId(row.get(0)?), partitions: row.get(1)? })
        })
        .optional()
}

/// Makes the topics that are not there yet, and checks that the others have the wanted partition count.
pub(super) fn ensure_topics(
    connection: &mut Connection,
    path: &Path,
    partitions: u32,
) -> Result<[TopicDescription; 5], SqliteOpenError> {
    let sqlite = |error| SqliteOpenError::Sqlite { path: path.to_owned(), error };
    let mismatch = |why| SqliteOpenError::Mismatch { path: path.to_owned(), why };
    if !(1..=PARTITIONS_MAX).contains(&partitions) {
        return Err(mismatch(format!(
            "{partitions} partitions are wanted; 1 to {PARTITIONS_MAX} can be had"
        )));
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
    let mut found = Vec::with_capacity(Topic::ALL.len());
    for topic in Topic::ALL {
        let description = match describe(&transaction, topic).map_err(sqlite)? {
            Some(there) => there,
            None => {
                let made = TopicDescription { topic, id: TopicId(rand::random()), partitions };
                transaction
                    .execute(
                        "INSERT INTO topics (name, id, partitions) VALUES (?1, ?2, ?3)",
                        params![topic.name(), made.id.0, partitions],
                    )
                    .map_err(sqlite)?;
                made
            }
        };
        if description.partitions != partitions {
            return Err(mismatch(format!(
                "{} was made with {} partitions and keeps them; {partitions} are wanted",
                topic.name(),
                description.partitions,
            )));
        }
        found.push(description);
    }
    transaction.commit().map_err(sqlite)?;
    found.try_into().map_err(|_| mismatch("not all topics are there".to_owned()))
}

fn extended(error: &rusqlite::Error) -> Option<i32> {
    error.sqlite_error().map(|e| e.extended_code)
}

/// What a failed statement means to a reader, or to a writer whose transaction certainly did not commit.
pub(super) fn log_error(error: rusqlite::Error) -> LogError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => LogError::Unavailable("the disk is full".to_owned()),
        Some(ErrorCode::SystemIoFailure) if extended(&error) == Some(ffi::SQLITE_IOERR_WRITE) => {
            LogError::Unavailable("the disk takes no more, or failed".to_owned())
        }
        Some(
            ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase
            | ErrorCode::ConstraintViolation
            | ErrorCode::TypeMismatch,
        ) => LogError::Halted(format!("the log's file is damaged: {error}")),
        _ => LogError::Unavailable(error.to_string()),
    }
}

/// What a failed COMMIT means. Its record is written last, then fsynced, then entered in the WAL's index. A
/// write that failed left no valid record behind; after that the transaction lies in the file whole, and a
/// crash before the next commit overwrites it would bring it back.
pub(super) fn commit_error(error: rusqlite::Error) -> LogError {
    match extended(&error) {
        Some(ffi::SQLITE_FULL | ffi::SQLITE_IOERR_WRITE | ffi::SQLITE_BUSY) => log_error(error),
        _ => LogError::Unconfirmed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_keep_the_order_of_partitions_and_offsets() {
        let mut last = -1;
        for partition in [0, 1, 2, PARTITIONS_MAX] {
            for at in [0, 1, 4096, (1 << OFFSET_BITS) - 1] {
                let here = place(Partition(partition), Offset(at));
                assert!(here > last && here < place_after(Partition(partition)));
                assert_eq!(offset(here), Offset(at));
                last = here;
            }
        }
    }
}
