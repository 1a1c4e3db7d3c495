//! Copies a write-ahead log into its file while the writer goes on: on a thread and a connection of its own, so that
//! commits need not wait until many megabytes are copied and synced. The write-ahead log grows meanwhile, so passes
//! are repeated until little is left. The writer copies that rest between two commits, after which SQLite starts the
//! write-ahead log from its beginning. Knows no table.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use rusqlite::{Connection, OpenFlags};

use crate::SqliteOpenError;
use crate::limits::{BUSY_TIMEOUT, CHECKPOINT_LEFT_FRAMES, CHECKPOINT_PASSES_MAX};

/// Frames in the write-ahead log, and how many of them are copied.
pub(crate) struct CheckpointProgress {
    frames: i64,
    copied: i64,
}

impl CheckpointProgress {
    /// Nothing is left to copy.
    pub(crate) fn is_all(&self) -> bool {
        self.copied >= self.frames
    }
}

/// Copies the frames that no reader uses (`PASSIVE`), or waits for readers and truncates the file (`TRUNCATE`). None
/// when another checkpoint was running.
pub(crate) fn checkpoint(
    connection: &Connection,
    mode: &str,
) -> rusqlite::Result<Option<CheckpointProgress>> {
    connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
        let busy = row.get::<_, i64>(0)? != 0;
        Ok((!busy).then_some(CheckpointProgress { frames: row.get(1)?, copied: row.get(2)? }))
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum CheckpointStage {
    Resting,
    Working,
    /// Little is left, or the thread can do nothing more.
    Done,
    Stopped,
}

struct CheckpointState {
    stage: Mutex<CheckpointStage>,
    changed: Condvar,
}

impl CheckpointState {
    fn lock(&self) -> MutexGuard<'_, CheckpointStage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for work; false when the thread is to end.
    fn wait(&self) -> bool {
        let mut stage = self.lock();
        while matches!(*stage, CheckpointStage::Resting | CheckpointStage::Done) {
            stage = self.changed.wait(stage).unwrap_or_else(PoisonError::into_inner);
        }
        *stage == CheckpointStage::Working
    }
}

/// The thread that copies, and its state.
pub(crate) struct Checkpointer {
    shared: Arc<CheckpointState>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// Starts the thread, for a file that exists already.
    pub(crate) fn start(path: &Path, name: &str) -> Result<Self, SqliteOpenError> {
        let connection =
            connect(path).map_err(|error| SqliteOpenError::Sqlite { path: path.to_owned(), error })?;
        let shared = Arc::new(CheckpointState {
            stage: Mutex::new(CheckpointStage::Resting),
            changed: Condvar::new(),
        });
        let ours = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                while ours.wait() {
                    copy_most(&connection);
                    let mut stage = ours.lock();
                    if *stage == CheckpointStage::Working {
                        *stage = CheckpointStage::Done;
                    }
                }
            })
            .map_err(|error| SqliteOpenError::Io { path: path.to_owned(), error })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Starts copying, unless it is running.
    pub(crate) fn begin(&self) {
        let mut stage = self.shared.lock();
        if *stage == CheckpointStage::Resting {
            *stage = CheckpointStage::Working;
            drop(stage);
            self.shared.changed.notify_one();
        }
    }

    /// Whether it has finished since it was started; true once.
    pub(crate) fn is_done(&self) -> bool {
        let mut stage = self.shared.lock();
        let done = *stage == CheckpointStage::Done;
        if done {
            *stage = CheckpointStage::Resting;
        }
        done
    }

    /// Ends the thread after the present pass, and closes its connection.
    pub(crate) fn stop(&mut self) {
        *self.shared.lock() = CheckpointStage::Stopped;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // Its panic, if any, was reported by the panic hook.
            let _ = thread.join();
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // The file is synced by the pass that copies the last frame, and before the write-ahead log starts from its
    // beginning; a pass that stops earlier leaves its pages to the system.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    Ok(connection)
}

/// Each pass is as much shorter as copying is faster than writing.
fn copy_most(connection: &Connection) {
    for _ in 0..CHECKPOINT_PASSES_MAX {
        match checkpoint(connection, "PASSIVE") {
            Ok(Some(CheckpointProgress { frames, copied })) if frames - copied > CHECKPOINT_LEFT_FRAMES => {}
            // Little is left, or a reader is in the way: the writer finds out how much.
            Ok(_) => return,
            Err(error) => {
                tracing::warn!(%error, "the write-ahead log could not be copied into its file; writes go on");
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use rusqlite::params;

    use super::*;
    use crate::migrate::{self, Durability, OlderFormat};

    const SCHEMA: &str = "CREATE TABLE filler (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT";

    fn write(connection: &Connection, rows: usize) {
        for _ in 0..rows {
            let bytes = vec![7_u8; 64 * 1024];
            connection.execute("INSERT INTO filler (bytes) VALUES (?1)", params![bytes]).expect("written");
        }
    }

    #[test]
    fn most_is_copied_beside_the_writer_and_the_rest_by_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let writer =
            migrate::open(&path, "log", &[SCHEMA], Durability::Full, OlderFormat::Migrate).expect("opens");
        writer.pragma_update(None, "wal_autocheckpoint", 0).expect("set");
        let mut checkpointer = Checkpointer::start(&path, "test-checkpoint").expect("starts");
        assert!(!checkpointer.is_done(), "nothing was begun");
        for _ in 0..3 {
            write(&writer, 100);
            checkpointer.begin();
            checkpointer.begin();
            let began = Instant::now();
            let mut written = 0;
            while !checkpointer.is_done() {
                assert!(began.elapsed() < Duration::from_secs(60), "never done");
                if written < 50 {
                    write(&writer, 1);
                    written += 1;
                }
            }
            assert!(!checkpointer.is_done(), "said once");
            let copied = checkpoint(&writer, "PASSIVE").expect("asked").expect("nobody is in the way");
            assert!(copied.is_all());
            // The next write starts the write-ahead log from its beginning.
            write(&writer, 1);
            let again = checkpoint(&writer, "PASSIVE").expect("asked").expect("nobody is in the way");
            assert!(again.is_all() && again.frames < copied.frames, "{} frames", again.frames);
        }
        checkpointer.stop();
        checkpointer.begin();
        assert!(!checkpointer.is_done());
        let rows: i64 =
            writer.query_row("SELECT count(*) FROM filler", [], |row| row.get(0)).expect("counted");
        assert!(rows >= 303);
    }
}
