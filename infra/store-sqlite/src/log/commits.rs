//! How readers hear of new records: at once of this process's commits, and of other processes' by one
//! thread that looks at SQLite's data version.

use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use domain::ports::Topic;
use rusqlite::Connection;
use tokio::sync::watch;

use super::readers;
use crate::limits::WATCH_EVERY;
use crate::migrate::SqliteOpenError;

/// How often a topic's bell was rung, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Rings {
    ours: u64,
    /// Rings of the watcher: only the file says what they are about.
    pub(super) watcher: u64,
}

/// One bell per topic. A ring says "look again", no more.
pub(super) struct Commits([watch::Sender<Rings>; 5]);

impl Commits {
    pub(super) fn new() -> Self {
        Self(Topic::ALL.map(|_| watch::Sender::new(Rings::default())))
    }

    /// Hears every ring from now on.
    pub(super) fn subscribe(&self, topic: Topic) -> watch::Receiver<Rings> {
        self.0[topic as usize].subscribe()
    }

    /// This process committed something to this topic.
    pub(super) fn ring(&self, topic: Topic) {
        self.0[topic as usize].send_modify(|rings| rings.ours = rings.ours.wrapping_add(1));
    }

    /// Something may have been committed to any topic.
    pub(super) fn ring_all(&self) {
        for bell in &self.0 {
            bell.send_modify(|rings| rings.watcher = rings.watcher.wrapping_add(1));
        }
    }
}

/// Notices what other processes commit.
pub(super) struct Watcher {
    /// Dropped to stop it.
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// Starts it; it has a connection of its own, on which nothing but the version is asked.
    pub(super) fn start(path: &Path, commits: Arc<Commits>) -> Result<Self, SqliteOpenError> {
        let connection = readers::connect(path)
            .map_err(|error| SqliteOpenError::Sqlite { path: path.to_owned(), error })?;
        // Asked here, not in the thread: nothing that is committed after this returns may go unnoticed.
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

fn watch(connection: &Connection, mut seen: Option<i64>, commits: &Commits, stopped: &mpsc::Receiver<()>) {
    while stopped.recv_timeout(WATCH_EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
        let now = version(connection);
        // A version that cannot be asked rings too: the readers then find out what is wrong, and say so.
        if now != seen || now.is_none() {
            seen = now;
            commits.ring_all();
        }
    }
}
