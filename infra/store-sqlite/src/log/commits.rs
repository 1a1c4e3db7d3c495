//! How readers are woken for new records: at once by this process's commits, and for those of other processes by one
//! thread that polls SQLite's data version.

use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use domain::ports::Topic;
use rusqlite::Connection;
use tokio::sync::watch;

use super::readers;
use crate::limits::WATCH_EVERY;
use crate::migrate::SqliteOpenError;

/// How often a topic was signalled, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct CommitCounts {
    ours: u64,
    /// Signals of the watcher, after which only the file says what was committed.
    pub(super) watcher: u64,
}

/// One signal per topic. It says that there may be new records, and no more.
pub(super) struct CommitSignals([watch::Sender<CommitCounts>; 5]);

impl CommitSignals {
    pub(super) fn new() -> Self {
        Self(Topic::ALL.map(|_| watch::Sender::new(CommitCounts::default())))
    }

    /// Receives every signal from now on.
    pub(super) fn subscribe(&self, topic: Topic) -> watch::Receiver<CommitCounts> {
        self.0[topic as usize].subscribe()
    }

    /// This process committed something to this topic.
    pub(super) fn signal(&self, topic: Topic) {
        self.0[topic as usize].send_modify(|counts| counts.ours = counts.ours.wrapping_add(1));
    }

    /// Something may have been committed to any topic.
    pub(super) fn signal_all(&self) {
        for sender in &self.0 {
            sender.send_modify(|counts| counts.watcher = counts.watcher.wrapping_add(1));
        }
    }
}

/// Notices what other processes commit.
pub(super) struct CommitWatcher {
    /// Dropped to stop it.
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl CommitWatcher {
    /// Starts it, with a connection of its own, on which only the version is read.
    pub(super) fn start(path: &Path, commits: Arc<CommitSignals>) -> Result<Self, SqliteOpenError> {
        let connection = readers::connect(path)
            .map_err(|error| SqliteOpenError::Sqlite { path: path.to_owned(), error })?;
        // Read here, not in the thread: what is committed after this returns must not go unnoticed.
        let seen = version(&connection);
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("log-watcher".to_owned())
            .spawn(move || watch(&connection, seen, &commits, &stopped))
            .map_err(|error| SqliteOpenError::Io { path: PathBuf::from(path), error })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }

    /// Ends the thread and closes its connection.
    pub(super) fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // Its panic, if any, was reported by the panic hook; there is nothing left to do for it.
            let _ = thread.join();
        }
    }
}

fn version(connection: &Connection) -> Option<i64> {
    connection.pragma_query_value(None, "data_version", |row| row.get(0)).ok()
}

fn watch(
    connection: &Connection,
    mut seen: Option<i64>,
    commits: &CommitSignals,
    stopped: &mpsc::Receiver<()>,
) {
    while stopped.recv_timeout(WATCH_EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
        let now = version(connection);
        // A version that cannot be read signals too: the readers then find out what is wrong, and report it.
        if now != seen || now.is_none() {
            seen = now;
            commits.signal_all();
        }
    }
}
