//! Which installation a store's file belongs to (see `installation.sql`), asked without opening the store: a file
//! that turns out to be another's must be left as it is. And what files of before the ids say about it. What follows
//! from the answers is the engine's.

use std::path::Path;

use domain::event::TopicId;
use domain::ports::Topic;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, TransactionBehavior, params};

use crate::SqliteOpenError;
use crate::limits::BUSY_TIMEOUT;

/// An installation: 16 random bytes, made with its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstallationId(pub [u8; 16]);

/// How far the making of an installation is, as its log says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstallationStage {
    /// Parts that are missing are still to be made.
    Making,
    /// Parts of before the ids are still to be marked; none may be missing.
    Adopting,
    /// All parts have the id.
    Whole,
}

impl InstallationStage {
    fn code(self) -> &'static str {
        match self {
            Self::Making => "making",
            Self::Adopting => "adopting",
            Self::Whole => "whole",
        }
    }
}

/// What a store's file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreMark {
    /// There is no file.
    Missing,
    /// The file has no bytes.
    Empty,
    /// A file of before the ids.
    Unmarked,
    /// A file of that installation. The stage counts in the log only.
    Marked(InstallationId, InstallationStage),
}

/// Whether a file of before the ids was used with a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsedWith {
    /// It was.
    ThisLog,
    /// Only with others.
    AnotherLog,
    /// It does not say: it is new, or of before it did.
    Unknown,
}

/// Asks a store's file. Writes nothing into it.
///
/// # Errors
/// [`SqliteOpenError`]: it cannot be read, or is no SQLite file.
pub fn mark_of(path: &Path) -> Result<StoreMark, SqliteOpenError> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(StoreMark::Missing),
        Err(error) => return Err(SqliteOpenError::Io { path: path.to_owned(), error }),
        Ok(meta) if meta.len() == 0 => return Ok(StoreMark::Empty),
        Ok(_) => {}
    }
    look(path, |connection| {
        if !has_table(connection, "installation")? {
            return Ok(StoreMark::Unmarked);
        }
        let mark = connection.query_row(STANDS, [], mark).optional()?;
        Ok(mark.map_or(StoreMark::Unmarked, |(id, stage)| StoreMark::Marked(id, stage)))
    })
}

/// Marks a store's file, of this build's format, unless it is marked already; and takes its stage to `whole` when
/// that is the stage. What stands then.
///
/// # Errors
/// [`SqliteOpenError`].
pub fn set_mark(
    path: &Path,
    id: InstallationId,
    stage: InstallationStage,
) -> Result<InstallationId, SqliteOpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    with(path, flags, |connection| {
        // As the log and the key store: what a start decides by must not be lost by a power cut.
        connection.pragma_update(None, "synchronous", "FULL")?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute(
            "INSERT INTO installation (only, id, stage) VALUES (1, ?1, ?2) ON CONFLICT DO NOTHING",
            params![id.0, stage.code()],
        )?;
        if stage == InstallationStage::Whole {
            transaction.execute("UPDATE installation SET stage = 'whole' WHERE id = ?1", [id.0])?;
        }
        let (stands, _) = transaction.query_row(STANDS, [], mark)?;
        transaction.commit()?;
        Ok(stands)
    })
}

/// A topic's id in a log's file; none when the file was not finished.
///
/// # Errors
/// As [`mark_of`].
pub fn topic_id(log: &Path, topic: Topic) -> Result<Option<TopicId>, SqliteOpenError> {
    look(log, |connection| {
        if !has_table(connection, "topics")? {
            return Ok(None);
        }
        let id = connection
            .query_row("SELECT id FROM topics WHERE name = ?1", [topic.name()], |row| row.get(0))
            .optional()?;
        Ok(id.map(TopicId))
    })
}

/// Whether a read model was projected from the log of that `identity.events`.
///
/// # Errors
/// As [`mark_of`].
pub fn views_used_with(views: &Path, events: TopicId) -> Result<UsedWith, SqliteOpenError> {
    look(views, |connection| {
        if !has_table(connection, "epoch")? {
            return Ok(UsedWith::Unknown);
        }
        let (all, ours) = connection.query_row(
            "SELECT count(*), count(*) FILTER (WHERE topic_id = ?1) FROM epoch",
            [events.0],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
        )?;
        Ok(match (all, ours) {
            (0, _) => UsedWith::Unknown,
            (_, 0) => UsedWith::AnotherLog,
            (_, _) => UsedWith::ThisLog,
        })
    })
}

/// A note of a key store; none where there is none, or no notes yet.
///
/// # Errors
/// As [`mark_of`].
pub fn key_store_note(keys: &Path, name: &str) -> Result<Option<String>, SqliteOpenError> {
    look(keys, |connection| {
        if !has_table(connection, "note")? {
            return Ok(None);
        }
        connection.query_row("SELECT text FROM note WHERE name = ?1", [name], |row| row.get(0)).optional()
    })
}

/// Of those records' keys of `identity.orgs`, whether the log has any; none when it has no record there at all.
///
/// # Errors
/// As [`mark_of`].
pub fn log_has_any_org(log: &Path, record_keys: &[Vec<u8>]) -> Result<Option<bool>, SqliteOpenError> {
    look(log, |connection| {
        if !has_table(connection, "orgs")?
            || !connection.query_row("SELECT EXISTS (SELECT 1 FROM orgs)", [], |row| row.get(0))?
        {
            return Ok(None);
        }
        let mut has = connection.prepare("SELECT EXISTS (SELECT 1 FROM orgs WHERE key = ?1)")?;
        for key in record_keys {
            if has.query_row([key], |row| row.get(0))? {
                return Ok(Some(true));
            }
        }
        Ok(Some(false))
    })
}

const STANDS: &str = "SELECT id, stage FROM installation";

fn mark(row: &Row<'_>) -> rusqlite::Result<(InstallationId, InstallationStage)> {
    let code: String = row.get(1)?;
    let stage = match code.as_str() {
        "making" => InstallationStage::Making,
        "adopting" => InstallationStage::Adopting,
        _ => InstallationStage::Whole,
    };
    Ok((InstallationId(row.get(0)?), stage))
}

fn has_table(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1)";
    connection.query_row(sql, [name], |row| row.get(0))
}

/// Read-only also in what closing does: the last writer to close would copy another's write-ahead log.
fn look<T>(path: &Path, ask: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, SqliteOpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    with(path, flags, |connection| ask(connection))
}

fn with<T>(
    path: &Path,
    flags: OpenFlags,
    ask: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
) -> Result<T, SqliteOpenError> {
    let sqlite = |error| SqliteOpenError::Sqlite { path: path.to_owned(), error };
    let mut connection = Connection::open_with_flags(path, flags).map_err(sqlite)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(sqlite)?;
    connection.pragma_update(None, "trusted_schema", false).map_err(sqlite)?;
    ask(&mut connection).map_err(sqlite)
}
