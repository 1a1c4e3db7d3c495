//! The projector's loads and writes: one thread does all that wait at once, the loads in one read
//! transaction, then the writes in one write transaction. The partitions of a projector ask for the same at
//! the same moment; apart, each would pay for a thread's waking and a commit. Working on the writer's own
//! connection keeps its page cache warm: another connection's is worth nothing after every commit.

use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use domain::ids::{CustomerRef, VerificationId};
use domain::ports::StoreError;
use domain::rows::{Generation, RowKey, ViewRow, ViewWrite};
use rusqlite::hooks::Wal;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use super::limits::{TURN_JOBS_MAX, TURN_ROWS_MAX, WAL_BLOCKING_PAGES, WAL_PAGES};
use super::{read, write};
use crate::OpenError;
use crate::checkpoint::{Checkpointer, checkpoint};
use crate::pool::Failure;

type Rows = Vec<Option<ViewRow>>;
type Ids = Vec<Option<Vec<VerificationId>>>;
type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

/// The writer's connection, shared with whoever else writes.
type Writer = Arc<tokio::sync::Mutex<Connection>>;

enum Job {
    Load { generation: Generation, keys: Vec<RowKey>, answer: Answer<Rows> },
    Ids { generation: Generation, customers: Vec<CustomerRef>, limit: usize, answer: Answer<Ids> },
    Write { generation: Generation, stages: Vec<Vec<ViewWrite>>, answer: Answer<()> },
}

impl Job {
    fn rows(&self) -> usize {
        match self {
            Self::Load { keys, .. } => keys.len(),
            Self::Ids { customers, .. } => customers.len(),
            Self::Write { stages, .. } => stages.iter().map(Vec::len).sum(),
        }
    }

    fn refuse(self, error: StoreError) {
        // A caller that went away has no use for the answer; here and below.
        match self {
            Self::Load { answer, .. } => drop(answer.send(Err(error))),
            Self::Ids { answer, .. } => drop(answer.send(Err(error))),
            Self::Write { answer, .. } => drop(answer.send(Err(error))),
        }
    }
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    closed: bool,
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No code of others runs under this lock: the state is whole whatever panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, job: Job) {
        let mut state = self.lock();
        if state.closed || state.jobs.len() >= TURN_JOBS_MAX {
            drop(state);
            return job.refuse(StoreError::Unavailable("the read model takes no more work".to_owned()));
        }
        state.jobs.push_back(job);
        drop(state);
        self.arrived.notify_one();
    }

    /// Waits for work; what waits then, up to the bound. None once closed and empty.
    fn next(&self) -> Option<Vec<Job>> {
        let mut state = self.lock();
        while state.jobs.is_empty() {
            if state.closed {
                return None;
            }
            state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let mut rows = 0;
        let mut turn = Vec::with_capacity(state.jobs.len());
        while let Some(job) = state.jobs.front() {
            rows += job.rows();
            if rows > TURN_ROWS_MAX && !turn.is_empty() {
                break;
            }
            turn.extend(state.jobs.pop_front());
        }
        Some(turn)
    }

    fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }
}

/// The thread and its queue. Dropping it does what waits and ends the thread.
pub(super) struct BatchThread {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

impl BatchThread {
    /// Starts the thread.
    pub(super) fn start(writer: Writer, path: &Path) -> Result<Self, OpenError> {
        let checkpointer = Checkpointer::start(path, "views-checkpoint")?;
        let queue = Arc::new(Queue::default());
        let ours = Arc::clone(&queue);
        let thread = std::thread::Builder::new()
            .name("views-writer".to_owned())
            .spawn(move || {
                while let Some(turn) = ours.next() {
                    let mut connection = writer.blocking_lock();
                    // The answers of a turn that panicked are dropped with it, and its callers hear so.
                    let _ = catch_unwind(AssertUnwindSafe(|| take_turn(&mut connection, turn)));
                    keep_short(&connection, &checkpointer);
                }
            })
            .map_err(|error| OpenError::Io { path: path.to_owned(), error })?;
        Ok(Self { queue, thread: Some(thread) })
    }

    /// Rows by name.
    pub(super) async fn load(&self, generation: Generation, keys: Vec<RowKey>) -> Result<Rows, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.queue.push(Job::Load { generation, keys, answer });
        answered.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Ids of verifications by customer.
    pub(super) async fn verification_ids(
        &self,
        generation: Generation,
        customers: Vec<CustomerRef>,
        limit: usize,
    ) -> Result<Ids, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.queue.push(Job::Ids { generation, customers, limit, answer });
        answered.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Writes the stages, in order, in one transaction. A caller that goes away does not stop it.
    pub(super) async fn write(
        &self,
        generation: Generation,
        stages: Vec<Vec<ViewWrite>>,
    ) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        self.queue.push(Job::Write { generation, stages, answer });
        answered.await.unwrap_or_else(|_| Err(gone()))
    }
}

impl Drop for BatchThread {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            // Its panic, if any, was reported by the panic hook.
            let _ = thread.join();
        }
    }
}

thread_local! {
    /// Pages in the file of changes after this thread's last commit.
    static PAGES: Cell<i32> = const { Cell::new(0) };
}

/// What every commit of the writer does, in place of SQLite's own checkpoint after so many pages: this one is
/// made beside the projector, unless whoever writes is not the projector and writes very much.
pub(super) fn after_commit(wal: &Wal, pages: i32) -> rusqlite::Result<()> {
    PAGES.set(pages);
    if pages >= WAL_BLOCKING_PAGES {
        // The transaction has committed: what becomes of the checkpoint is no error of it.
        let _ = wal.checkpoint();
    }
    Ok(())
}

/// Begins a checkpoint when it is time, and does the little that it leaves.
fn keep_short(connection: &Connection, checkpointer: &Checkpointer) {
    if checkpointer.is_done() {
        if let Err(error) = checkpoint(connection, "PASSIVE") {
            tracing::warn!(%error, "the read model's WAL could not be copied into its file; writes go on");
        }
    } else if PAGES.get() >= WAL_PAGES {
        checkpointer.begin();
    }
}

fn gone() -> StoreError {
    StoreError::Unavailable("the read model's writer ended while it worked on this".to_owned())
}

type Write = (Generation, Vec<Vec<ViewWrite>>, Answer<()>);

/// The loads first: none of them may see a write of this turn, which is not confirmed yet.
fn take_turn(connection: &mut Connection, turn: Vec<Job>) {
    let (mut loads, mut writes): (Vec<Job>, Vec<Write>) = Default::default();
    for job in turn {
        match job {
            Job::Load { .. } | Job::Ids { .. } => loads.push(job),
            Job::Write { generation, stages, answer } => writes.push((generation, stages, answer)),
        }
    }
    if !loads.is_empty() {
        load_all(connection, loads);
    }
    if !writes.is_empty() {
        write_all(connection, writes);
    }
}

fn load_all(connection: &mut Connection, loads: Vec<Job>) {
    let transaction = match connection.transaction() {
        Ok(transaction) => transaction,
        Err(error) => {
            let error = StoreError::from(Failure::from(error));
            return loads.into_iter().for_each(|load| load.refuse(error.clone()));
        }
    };
    for load in loads {
        match load {
            Job::Load { generation, keys, answer } => {
                let rows = keys.iter().map(|key| read::row(&transaction, generation, key));
                let rows: Result<Rows, Failure> = rows.collect();
                let _ = answer.send(rows.map_err(StoreError::from));
            }
            Job::Ids { generation, customers, limit, answer } => {
                let ids = customers.iter();
                let ids = ids.map(|whose| read::verification_ids(&transaction, generation, whose, limit));
                let ids: Result<Ids, Failure> = ids.collect();
                let _ = answer.send(ids.map_err(StoreError::from));
            }
            Job::Write { .. } => load.refuse(gone()),
        }
    }
    // A read transaction has nothing to keep or to lose.
}

fn write_all(connection: &mut Connection, writes: Vec<Write>) {
    let together = commit(connection, &writes);
    let Err(Refused::Row(_)) = together else {
        let answered = together.map_err(StoreError::from);
        return writes.into_iter().for_each(|(.., answer)| drop(answer.send(answered.clone())));
    };
    // A row of one of them failed all: each alone, so that whoever is not to blame gets through.
    for write in writes {
        let alone = std::slice::from_ref(&write);
        let answered = commit(connection, alone).map_err(StoreError::from);
        let _ = write.2.send(answered);
    }
}

/// Why a transaction was not committed.
enum Refused {
    /// One of its rows.
    Row(Failure),
    /// Its beginning or its end, which is nobody's fault: a lock that another process holds, a full disk. Each
    /// of them alone would only wait for the same once more.
    Transaction(rusqlite::Error),
}

impl From<Refused> for StoreError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Row(failure) => failure.into(),
            Refused::Transaction(error) => Failure::from(error).into(),
        }
    }
}

fn commit(connection: &mut Connection, writes: &[Write]) -> Result<(), Refused> {
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(Refused::Transaction)?;
    for (generation, stages, _) in writes {
        write_stages(&transaction, *generation, stages).map_err(Refused::Row)?;
    }
    transaction.commit().map_err(Refused::Transaction)
}

fn write_stages(
    transaction: &Transaction<'_>,
    generation: Generation,
    stages: &[Vec<ViewWrite>],
) -> Result<(), Failure> {
    stages.iter().flatten().try_for_each(|write| write::row(transaction, generation, write))
}
