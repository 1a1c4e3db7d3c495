//! Opening a store's file: permissions, journal, durability, and the migrations that bring an older file up
//! to this build. No table is named here; each store hands in its own migrations.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::limits::{BUSY_TIMEOUT, WAL_SWITCH_PAUSE, WAL_SWITCH_TRIES};

/// What a commit survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Each commit is fsynced before it returns: for what nothing else could bring back.
    Full,
    /// A power cut may lose the latest commits, never their order: for what a replay rebuilds.
    Normal,
}

/// What becomes of a file that an older build wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OlderFormat {
    /// It is brought up to this build's format: for the program that serves, which no other one runs beside.
    Migrate,
    /// It is refused and left alone: the server of the older build may be running on it.
    Refuse,
}

/// Why a store's file could not be opened. Texts are for operators.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqliteOpenError {
    /// The file was written by a newer build, which alone knows what is in it.
    #[error(
        "{path} was written by a newer version of this program (its format is {found}, this build knows \
         formats up to {known}): use that version or a newer one",
        path = path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The highest format this build knows.
        known: u32,
    },
    /// The file was written by an older build, and whoever opens it may not change its format.
    #[error(
        "{path} was written by an older version of this program (its format is {found}, this build's is \
         {known}), and only a server brings it up to date: stop the older server and start this version's once, or \
         use the commands of the version that wrote it",
        path = path.display()
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// This build's.
        known: u32,
    },
    /// The file is a SQLite file of something else.
    #[error("{path} is not {kind} of this program", path = path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What was expected there.
        kind: String,
    },
    /// What is stored does not fit what was asked for.
    #[error("{path}: {why}", path = path.display())]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// What differs, in words.
        why: String,
    },
    /// The file or its folder could not be made, read or protected.
    #[error("{path}: {error}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// SQLite refused.
    #[error("{path}: {error}", path = path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What it said.
        error: rusqlite::Error,
    },
}

/// Opens or makes a store's file and applies the migrations it has not seen, if `older` lets it, in one transaction:
/// a file is this build's or as it was. `kind` names the store ("log", "views", "keys"); its first two letters mark
/// the file, so that one store's file is never taken for another's. The file's mode is 0600; SQLite gives its
/// companions the same.
pub(crate) fn open(
    path: &Path,
    kind: &str,
    migrations: &[&str],
    durability: Durability,
    older: OlderFormat,
) -> Result<Connection, SqliteOpenError> {
    protect(path).map_err(|error| SqliteOpenError::Io { path: path.to_owned(), error })?;
    let sqlite = |error| SqliteOpenError::Sqlite { path: path.to_owned(), error };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(sqlite)?;
    // Looked at before anything is written: a file that is refused is left exactly as it was.
    connection.busy_timeout(BUSY_TIMEOUT).map_err(sqlite)?;
    let expected = Expected { path, kind, known: u32::try_from(migrations.len()).unwrap_or(u32::MAX), older };
    let found = expected.look(&connection)?;
    configure(&connection, durability).map_err(sqlite)?;
    if found < expected.known {
        expected.migrate(&mut connection, migrations)?;
    }
    Ok(connection)
}

/// Makes the file with mode 0600, or gives an existing one that mode.
fn protect(path: &Path) -> io::Result<()> {
    match OpenOptions::new().create_new(true).write(true).mode(0o600).open(path) {
        // The folder's entry too, or a power cut could take a file whose commits were fsynced.
        Ok(_) => File::open(path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))?
            .sync_all(),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let mode = fs::metadata(path)?.permissions().mode() & 0o777;
            if mode == 0o600 { Ok(()) } else { fs::set_permissions(path, Permissions::from_mode(0o600)) }
        }
        Err(error) => Err(error),
    }
}

fn configure(connection: &Connection, durability: Durability) -> rusqlite::Result<()> {
    switch_to_wal(connection)?;
    let synchronous = match durability {
        Durability::Full => "FULL",
        Durability::Normal => "NORMAL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    // Where fsync does not reach the platter by itself (macOS); elsewhere it changes nothing.
    let full = durability == Durability::Full;
    connection.pragma_update(None, "fullfsync", full)?;
    connection.pragma_update(None, "checkpoint_fullfsync", full)?;
    // Destroyed keys and expired rows are overwritten, not only unlinked (design §3).
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Nothing here may name a function or a table in a hand-made schema and have it run.
    connection.pragma_update(None, "trusted_schema", false)
}

/// The switch takes an exclusive lock that SQLite's busy handler does not always wait for.
fn switch_to_wal(connection: &Connection) -> rusqlite::Result<()> {
    let mut tries = 0;
    loop {
        match connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0)) {
            Ok(mode) if mode.eq_ignore_ascii_case("wal") => return Ok(()),
            Ok(_) if tries < WAL_SWITCH_TRIES => {}
            Err(error) if is_busy(&error) && tries < WAL_SWITCH_TRIES => {}
            Ok(mode) => {
                return Err(rusqlite::Error::InvalidParameterName(format!("journal mode stays {mode}")));
            }
            Err(error) => return Err(error),
        }
        tries += 1;
        thread::sleep(WAL_SWITCH_PAUSE);
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// What a file must be to be opened.
#[derive(Debug, Clone, Copy)]
struct Expected<'a> {
    path: &'a Path,
    kind: &'a str,
    known: u32,
    older: OlderFormat,
}

impl Expected<'_> {
    /// What [`Expected::check`] says of one moment of the file: read one by one, the mark could be from before another
    /// process made the file and the format from after it.
    fn look(self, connection: &Connection) -> Result<u32, SqliteOpenError> {
        let moment = connection.unchecked_transaction().map_err(|error| self.sqlite(error))?;
        let found = self.check(&moment)?;
        moment.commit().map_err(|error| self.sqlite(error))?;
        Ok(found)
    }

    /// The format in the file; 0 for one just made. Refuses foreign and newer files, and older ones unless they may be
    /// brought up. Within a transaction.
    fn check(self, connection: &Connection) -> Result<u32, SqliteOpenError> {
        let Self { path, kind, known, older } = self;
        let number = |name| {
            let value = connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
            value.map_err(|error| self.sqlite(error))
        };
        let (mark, found) = (number("application_id")?, number("user_version")?);
        let found = u32::try_from(found).unwrap_or(u32::MAX);
        if mark == 0 && found == 0 && number("schema_version")? == 0 {
            return Ok(0);
        }
        if mark != i64::from(application_id(kind)) {
            return Err(SqliteOpenError::Foreign {
                path: path.to_owned(),
                kind: format!("the {kind} store"),
            });
        }
        if found > known {
            return Err(SqliteOpenError::Newer { path: path.to_owned(), found, known });
        }
        if found < known && older == OlderFormat::Refuse {
            return Err(SqliteOpenError::Older { path: path.to_owned(), found, known });
        }
        Ok(found)
    }

    /// Applies the migrations that the file lacks. Another process that opened it at the same moment may have been
    /// faster: asked again under the write lock.
    fn migrate(self, connection: &mut Connection, migrations: &[&str]) -> Result<(), SqliteOpenError> {
        let sqlite = |error| self.sqlite(error);
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
        let found = self.check(&transaction)? as usize;
        for migration in migrations.iter().skip(found) {
            transaction.execute_batch(migration).map_err(sqlite)?;
        }
        transaction.pragma_update(None, "application_id", application_id(self.kind)).map_err(sqlite)?;
        transaction.pragma_update(None, "user_version", self.known).map_err(sqlite)?;
        transaction.commit().map_err(sqlite)
    }

    fn sqlite(self, error: rusqlite::Error) -> SqliteOpenError {
        SqliteOpenError::Sqlite { path: self.path.to_owned(), error }
    }
}

/// "ID" and the kind's first two letters.
fn application_id(kind: &str) -> i32 {
    let mut letters = kind.bytes();
    i32::from_be_bytes([b'I', b'D', letters.next().unwrap_or(b' '), letters.next().unwrap_or(b' ')])
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "CREATE TABLE one (x INTEGER) STRICT; INSERT INTO one VALUES (1)";
    const SECOND: &str = "CREATE TABLE two (x INTEGER) STRICT; INSERT INTO two SELECT x FROM one";

    fn open_or_bring_up(
        path: &Path,
        migrations: &[&str],
        durability: Durability,
    ) -> Result<Connection, SqliteOpenError> {
        open(path, "log", migrations, durability, OlderFormat::Migrate)
    }

    fn open_as_a_tool(path: &Path, migrations: &[&str]) -> Result<Connection, SqliteOpenError> {
        open(path, "log", migrations, Durability::Full, OlderFormat::Refuse)
    }

    fn number(connection: &Connection, sql: &str) -> i64 {
        connection.query_row(sql, [], |row| row.get(0)).expect(sql)
    }

    #[test]
    fn a_connection_is_as_durable_and_as_clean_as_it_was_asked_to_be() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, durability, synchronous) in [("a", Durability::Full, 2), ("b", Durability::Normal, 1)] {
            let connection =
                open_or_bring_up(&folder.path().join(name), &[FIRST], durability).expect("opens");
            for (pragma, value) in [
                ("synchronous", synchronous),
                ("fullfsync", synchronous - 1),
                ("secure_delete", 1),
                ("foreign_keys", 1),
                ("trusted_schema", 0),
                ("busy_timeout", BUSY_TIMEOUT.as_millis() as i64),
            ] {
                assert_eq!(number(&connection, &format!("PRAGMA {pragma}")), value, "{pragma}");
            }
            let mode: String =
                connection.pragma_query_value(None, "journal_mode", |r| r.get(0)).expect("asked");
            assert_eq!(mode, "wal");
        }
    }

    #[test]
    fn an_older_file_is_brought_up_and_a_current_one_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        for (migrations, version) in [(&[FIRST][..], 1), (&[FIRST, SECOND], 2), (&[FIRST, SECOND], 2)] {
            let connection = open_or_bring_up(&path, migrations, Durability::Full).expect("opens");
            assert_eq!(number(&connection, "PRAGMA user_version"), version);
            assert_eq!(number(&connection, "SELECT count(*) FROM one"), 1);
        }
        let newer = open_or_bring_up(&path, &[FIRST], Durability::Full);
        assert!(matches!(newer, Err(SqliteOpenError::Newer { found: 2, known: 1, .. })));
        let other = open(&path, "views", &[FIRST, SECOND], Durability::Full, OlderFormat::Migrate);
        assert!(matches!(other, Err(SqliteOpenError::Foreign { .. })));
    }

    #[test]
    fn a_tool_makes_a_file_opens_a_current_one_and_leaves_an_older_one_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        drop(open_as_a_tool(&path, &[FIRST]).expect("made"));
        drop(open_as_a_tool(&path, &[FIRST]).expect("opened"));
        let before = fs::read(&path).expect("read");
        let refused = open_as_a_tool(&path, &[FIRST, SECOND]).expect_err("must be refused");
        assert!(matches!(refused, SqliteOpenError::Older { found: 1, known: 2, .. }), "{refused:?}");
        let words = refused.to_string();
        assert!(words.contains("older version") && words.contains("start this version's once"), "{words}");
        assert!(fs::read(&path).expect("read") == before, "not a byte was changed");
        drop(open_or_bring_up(&path, &[FIRST, SECOND], Durability::Full).expect("brought up"));
        drop(open_as_a_tool(&path, &[FIRST, SECOND]).expect("opened"));
        let refused = open_as_a_tool(&path, &[FIRST]);
        assert!(matches!(refused, Err(SqliteOpenError::Newer { found: 2, known: 1, .. })), "{refused:?}");
    }

    #[test]
    fn migrations_of_which_one_fails_leave_the_file_as_it_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let broken = "CREATE TABLE three (x INTEGER) STRICT; INSERT INTO nowhere VALUES (1)";
        for migrations in [&[FIRST, SECOND, broken][..], &[FIRST]] {
            let opened = open_or_bring_up(&path, migrations, Durability::Full);
            assert_eq!(opened.is_ok(), migrations.len() == 1, "{opened:?}");
        }
        let failed = open_or_bring_up(&path, &[FIRST, SECOND, broken], Durability::Full);
        assert!(matches!(failed, Err(SqliteOpenError::Sqlite { .. })), "{failed:?}");
        let connection = open_or_bring_up(&path, &[FIRST], Durability::Full).expect("the first stands");
        assert_eq!(number(&connection, "SELECT count(*) FROM sqlite_schema WHERE name <> 'one'"), 0);
    }

    #[test]
    fn many_that_open_a_new_file_at_once_make_it_once() {
        let folder = tempfile::tempdir().expect("a folder");
        // Many times: what one reads between two steps of another is a matter of microseconds.
        for round in 0..50 {
            let path = folder.path().join(round.to_string());
            let open = || open_as_a_tool(&path, &[FIRST, SECOND]).map(drop);
            thread::scope(|scope| {
                let all: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
                for one in all {
                    one.join().expect("no panic").expect("opens");
                }
            });
            let connection = Connection::open(&path).expect("opens");
            assert_eq!(number(&connection, "SELECT count(*) FROM two"), 1);
        }
    }
}
