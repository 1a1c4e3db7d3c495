//! One writer and a few readers over one file, off the async threads: what the read model and the key store
//! have in common. Knows no table. The log has its own writer, because it shares commits.

mod limits;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::ports::StoreError;
use row_codec::RowError;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use tokio::sync::Semaphore;
use tokio::task::{JoinError, spawn_blocking};

use self::limits::{READERS, STATEMENTS_PREPARED_MAX};
use crate::OpenError;
use crate::limits::BUSY_TIMEOUT;

/// Why a job did not do it, before the port's words for it.
#[derive(Debug)]
pub(crate) enum Failure {
    /// SQLite refused.
    Sqlite(rusqlite::Error),
    /// What is stored is not what this build writes; the text names the column's kind, never a value.
    Stored(&'static str),
    /// A body that the row codec does not read.
    Row(RowError),
    /// Not now.
    Unavailable(&'static str),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<RowError> for Failure {
    fn from(error: RowError) -> Self {
        Self::Row(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Sqlite(error) => from_sqlite(&error),
            Failure::Stored(what) => Self::Corrupt(what.to_owned()),
            Failure::Row(error) => error.into(),
            Failure::Unavailable(why) => Self::Unavailable(why.to_owned()),
        }
    }
}

/// Only what SQLite itself says, never the error's own text: rusqlite puts statements into some of them.
fn from_sqlite(error: &rusqlite::Error) -> StoreError {
    let Some(code) = error.sqlite_error() else {
        return StoreError::Corrupt("a column of another type than this build writes".to_owned());
    };
    let text =
        format!("sqlite error {}: {}", code.extended_code, rusqlite::ffi::code_to_str(code.extended_code));
    match code.code {
        ErrorCode::DatabaseCorrupt
        | ErrorCode::NotADatabase
        | ErrorCode::ConstraintViolation
        | ErrorCode::TypeMismatch
        | ErrorCode::ApiMisuse
        | ErrorCode::ParameterOutOfRange
        // "SQL logic error": a table or column is not there.
        | ErrorCode::Unknown => StoreError::Corrupt(text),
        _ => StoreError::Unavailable(text),
    }
}

/// The connections of one store.
pub(crate) struct Pool {
    writer: Arc<tokio::sync::Mutex<Connection>>,
    readers: Arc<Readers>,
}

impl Pool {
    /// Takes the writer that `migrate::open` made and opens the readers beside it; each caches up to
    /// `cache_kib` of pages.
    pub(crate) fn new(writer: Connection, path: &Path, cache_kib: i64) -> Result<Self, OpenError> {
        let sqlite = |error| OpenError::Sqlite { path: path.to_owned(), error };
        prepare(&writer, cache_kib).map_err(sqlite)?;
        let idle =
            (0..READERS).map(|_| reader(path, cache_kib)).collect::<Result<Vec<_>, _>>().map_err(sqlite)?;
        Ok(Self {
            writer: Arc::new(tokio::sync::Mutex::new(writer)),
            readers: Arc::new(Readers { idle: Mutex::new(idle), free: Semaphore::new(READERS) }),
        })
    }

    /// The writer, for a thread that works with it beside the jobs of this pool.
    pub(crate) fn writer(&self) -> Arc<tokio::sync::Mutex<Connection>> {
        Arc::clone(&self.writer)
    }

    /// Runs the job in one write transaction and commits it. A caller that goes away does not stop it.
    pub(crate) async fn write<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, Failure> + Send + 'static,
    {
        self.with_writer(move |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let answer = job(&transaction)?;
            transaction.commit()?;
            Ok(answer)
        })
        .await
    }

    /// Runs the job with the writer, outside a transaction.
    pub(crate) async fn with_writer<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, Failure> + Send + 'static,
    {
        let mut connection = Arc::clone(&self.writer).lock_owned().await;
        joined(spawn_blocking(move || job(&mut connection)).await)
    }

    /// Runs the job in one read transaction: it sees every write that was confirmed before, and one state.
    pub(crate) async fn read<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, Failure> + Send + 'static,
    {
        let readers = Arc::clone(&self.readers);
        // Waited for here, so that at most as many blocking threads are taken as there are readers.
        match readers.free.acquire().await {
            Ok(permit) => permit.forget(),
            Err(_) => return Err(StoreError::Unavailable("the store is closed".to_owned())),
        }
        let mut lent = Lent { connection: None, readers: Arc::clone(&readers) };
        joined(
            spawn_blocking(move || {
                let connection = lent.take()?;
                let transaction = connection.transaction()?;
                let answer = job(&transaction)?;
                transaction.finish()?;
                Ok(answer)
            })
            .await,
        )
    }
}

fn joined<T>(ended: Result<Result<T, Failure>, JoinError>) -> Result<T, StoreError> {
    match ended {
        Ok(answer) => answer.map_err(StoreError::from),
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(StoreError::Unavailable("the process is shutting down".to_owned())),
    }
}

/// Readers that nobody uses just now, and how many those are.
struct Readers {
    idle: Mutex<Vec<Connection>>,
    free: Semaphore,
}

impl Readers {
    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        // A panic while the list is held can only come from its allocation: the list itself is whole.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A right to one reader; gives the reader and the right back however the job ends, a panic included.
struct Lent {
    connection: Option<Connection>,
    readers: Arc<Readers>,
}

impl Lent {
    fn take(&mut self) -> Result<&mut Connection, Failure> {
        if self.connection.is_none() {
            self.connection = self.readers.idle().pop();
        }
        self.connection.as_mut().ok_or(Failure::Unavailable("no reader is free"))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.readers.idle().push(connection);
        }
        self.readers.free.add_permits(1);
    }
}

fn reader(path: &Path, cache_kib: i64) -> rusqlite::Result<Connection> {
    // Not read-only: the last reader to close must be able to tidy the WAL away.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    prepare(&connection, cache_kib)?;
    Ok(connection)
}

fn prepare(connection: &Connection, cache_kib: i64) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS_PREPARED_MAX);
    // Sorting and statement journals stay in memory: nothing of a row in a temporary file.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -cache_kib)
}
