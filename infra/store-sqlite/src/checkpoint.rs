//! Copying a write-ahead log into its file beside whoever writes: on a thread and a connection of its own, so
//! that commits need not wait until many megabytes are copied and synced. The log of changes grows meanwhile;
//! so it goes on until little is left, and that little is the writer's to copy between two commits, after which
//! SQLite begins the file of changes anew. Knows no table.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use rusqlite::{Connection, OpenFlags};

use crate::SqliteOpenError;
use crate::limits::{BUSY_TIMEOUT, CHECKPOINT_LEFT_FRAMES, CHECKPOINT_PASSES_MAX};

/// Frames in the file of changes, and how many of them are copied; none when somebody was in the way.
pub(crate) struct Copied {
    frames: i64,
    copied: i64,
}

impl Copied {
    /// Nothing is left to copy.
    pub(crate) fn is_all(&self) -> bool {
        self.copied >= self.frames
    }
}

/// Copies what readers do not hold (`PASSIVE`), or waits for them and cuts the file back (`TRUNCATE`).
pub(crate) fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<Option<Copied>> {
    connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
        let busy = row.get::<_, i64>(0)? != 0;
        Ok((!busy).then_some(Copied { frames: row.get(1)?, copied: row.get(2)? }))
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Resting,
    Working,
    /// Little is left, or nothing more can be done here.
    Done,
    Stopped,
}

struct Shared {
    stage: Mutex<Stage>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for work; false when there will be none.
    fn wait(&self) -> bool {
        let mut stage = self.lock();
        while matches!(*stage, Stage::Resting | Stage::Done) {
            stage = self.changed.wait(stage).unwrap_or_else(PoisonError::into_inner);
        }
        *stage == Stage::Working
    }
}

/// The thread that copies.
pub(crate) struct Checkpointer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// Starts the thread, for a file that is there already.
    pub(crate) fn start(path: &Path, name: &str) -> Result<Self, SqliteOpenError> {
        let connection =
            connect(path).map_err(|error| SqliteOpenError::Sqlite { path: path.to_owned(), error })?;
        let shared = Arc::new(Shared { stage: Mutex::new(Stage::Resting), changed: Condvar::new() });
        let ours = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                while ours.wait() {
                    copy_most(&connection);
                    let mut stage = ours.lock();
                    if *stage == Stage::Working {
                        *stage = Stage::Done;
                    }
                }
            })
            .map_err(|error| SqliteOpenError::Io { path: path.to_owned(), error })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Begins to copy, unless it is at it.
    pub(crate) fn begin(&self) {
        let mut stage = self.shared.lock();
        if *stage == Stage::Resting {
            *stage = Stage::Working;
            drop(stage);
            self.shared.changed.notify_one();
        }
    }

    /// Whether it has done its part since it began: says so once.
    pub(crate) fn is_done(&self) -> bool {
        let mut stage = self.shared.lock();
        let done = *stage == Stage::Done;
        if done {
            *stage = Stage::Resting;
        }
        done
    }

    /// Ends the thread, after the pass it is at, and closes its connection.
    pub(crate) fn stop(&mut self) {
        *self.shared.lock() = Stage::Stopped;
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
    // The file is synced by the pass that copies the last frame, and before the file of changes begins anew; a pass
    // that stops earlier leaves its pages to the system.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    Ok(connection)
}

/// Each pass is as much shorter as copying is faster than writing.
fn copy_most(connection: &Connection) {
    for _ in 0..CHECKPOINT_PASSES_MAX {
        match checkpoint(connection, "PASSIVE") {
            Ok(Some(Copied { frames, copied })) if frames - copied > CHECKPOINT_LEFT_FRAMES => {}
            // Little is left, or somebody is in the way: the writer finds out how much.
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
    use crate::migrate::{self, Durability};

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
        let writer = migrate::open(&path, "log", &[SCHEMA], Durability::Full).expect("opens");
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
            // The next write begins the file of changes anew.
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
