//! The queue of the writer: bounded by count and by bytes, refuses at once when full, and is taken in groups. No SQL.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use domain::event::Partition;
use domain::ports::{Appended, LogError, Topic};
use domain::time::Timestamp;
use tokio::sync::oneshot;

use super::retention::RetentionCounts;
use crate::limits::{GROUP_BYTES_MAX, GROUP_RECORDS_MAX, QUEUE_BYTES_MAX, QUEUE_RECORDS_MAX};

/// A record that waits to be appended, and its caller.
pub(super) struct PendingAppend {
    pub(super) topic: Topic,
    pub(super) partition: Partition,
    pub(super) key: Bytes,
    /// Encoded.
    pub(super) headers: Vec<u8>,
    /// The same, not encoded, for followers.
    pub(super) named: Vec<(String, Bytes)>,
    pub(super) value: Bytes,
    pub(super) answer: oneshot::Sender<Result<Appended, LogError>>,
}

impl PendingAppend {
    pub(super) fn size(&self) -> usize {
        self.key.len() + self.headers.len() + self.value.len()
    }
}

/// A run of retention, and what it has deleted so far.
pub(super) struct RetentionRun {
    pub(super) now: Timestamp,
    pub(super) so_far: RetentionCounts,
    pub(super) answer: oneshot::Sender<Result<RetentionCounts, LogError>>,
}

/// A job for the writer.
pub(super) enum WriterJob {
    Append(PendingAppend),
    Retain(RetentionRun),
}

/// What the writer is to do next.
pub(super) enum NextWork {
    /// Append these records in one transaction.
    Group(Vec<PendingAppend>),
    /// Do one step of this run.
    Retain(RetentionRun),
    /// No job came within the idle time.
    Idle,
    /// The queue is empty and closed.
    Closed,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<WriterJob>,
    bytes: usize,
    closed: bool,
}

/// The queue of the writer.
#[derive(Default)]
pub(super) struct WriterQueue {
    state: Mutex<State>,
    arrived: Condvar,
}

impl WriterQueue {
    /// Puts a job at the end, or says at once why not.
    pub(super) fn push(&self, job: WriterJob) -> Result<(), LogError> {
        let mut state = self.lock();
        if state.closed {
            return Err(LogError::Unavailable("the log is closed".to_owned()));
        }
        if let WriterJob::Append(record) = &job {
            let bytes = state.bytes + record.size();
            let full = state.jobs.len() >= QUEUE_RECORDS_MAX || bytes > QUEUE_BYTES_MAX;
            if full && !state.jobs.is_empty() {
                metrics::counter!("identity_log_queue_full_total").increment(1);
                return Err(LogError::Unavailable("too many appends are waiting".to_owned()));
            }
            state.bytes = bytes;
        }
        state.jobs.push_back(job);
        drop(state);
        self.arrived.notify_one();
        Ok(())
    }

    /// Puts a job with steps left behind those that were queued meanwhile. For the writer alone: it works on a closed
    /// and on a full queue too, since the job was admitted before.
    pub(super) fn put_back(&self, job: WriterJob) {
        self.lock().jobs.push_back(job);
    }

    /// Waits for a job; for ever, or until none came within `idle`. All queued appends form one group, up to its bounds;
    /// a group is not held back to be filled.
    pub(super) fn next(&self, idle: Option<Duration>) -> NextWork {
        let mut state = self.lock();
        while state.jobs.is_empty() {
            if state.closed {
                return NextWork::Closed;
            }
            state = match idle {
                None => self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(idle) => {
                    let (state, waited) =
                        self.arrived.wait_timeout(state, idle).unwrap_or_else(PoisonError::into_inner);
                    if waited.timed_out() && state.jobs.is_empty() && !state.closed {
                        return NextWork::Idle;
                    }
                    state
                }
            };
        }
        state.take_group()
    }

    /// Refuses further jobs; those that wait are still done.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }

    /// Fails the jobs that wait. Only for a writer that ended without doing them.
    pub(super) fn abandon(&self) {
        let mut state = self.lock();
        state.closed = true;
        let jobs = std::mem::take(&mut state.jobs);
        drop(state);
        let gone = || LogError::Unavailable("the log's writer has stopped".to_owned());
        for job in jobs {
            match job {
                WriterJob::Append(record) => drop(record.answer.send(Err(gone()))),
                WriterJob::Retain(run) => drop(run.answer.send(Err(gone()))),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere cannot leave the state half changed: no foreign code runs under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take_group(&mut self) -> NextWork {
        let mut group = Vec::new();
        let mut bytes = 0;
        while let Some(job) = self.jobs.pop_front() {
            match job {
                WriterJob::Retain(run) if group.is_empty() => return NextWork::Retain(run),
                WriterJob::Append(record)
                    if group.is_empty()
                        || (group.len() < GROUP_RECORDS_MAX && bytes + record.size() <= GROUP_BYTES_MAX) =>
                {
                    bytes += record.size();
                    self.bytes -= record.size();
                    group.push(record);
                }
                other => {
                    self.jobs.push_front(other);
                    break;
                }
            }
        }
        NextWork::Group(group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(bytes: usize) -> (WriterJob, oneshot::Receiver<Result<Appended, LogError>>) {
        let (answer, answered) = oneshot::channel();
        let value = Bytes::from(vec![0; bytes]);
        let record = PendingAppend {
            topic: Topic::Events,
            partition: Partition(0),
            key: Bytes::new(),
            headers: Vec::new(),
            named: Vec::new(),
            value,
            answer,
        };
        (WriterJob::Append(record), answered)
    }

    fn group(queue: &WriterQueue) -> usize {
        match queue.next(None) {
            NextWork::Group(group) => group.len(),
            _ => panic!("a group"),
        }
    }

    #[test]
    fn a_full_queue_refuses_at_once_and_takes_again_when_there_is_room() {
        let queue = WriterQueue::default();
        for _ in 0..QUEUE_RECORDS_MAX {
            queue.push(record(1).0).expect("room");
        }
        assert!(matches!(queue.push(record(1).0), Err(LogError::Unavailable(_))));
        assert_eq!(group(&queue), GROUP_RECORDS_MAX);
        queue.push(record(1).0).expect("room again");
    }

    #[test]
    fn bytes_bound_the_queue_and_the_group_but_never_one_record() {
        let queue = WriterQueue::default();
        queue.push(record(QUEUE_BYTES_MAX + 1).0).expect("one record always fits");
        assert!(queue.push(record(1).0).is_err());
        assert_eq!(group(&queue), 1);
        for _ in 0..3 {
            queue.push(record(GROUP_BYTES_MAX / 2).0).expect("room");
        }
        assert_eq!((group(&queue), group(&queue)), (2, 1));
    }

    #[test]
    fn a_closed_queue_is_drained_and_then_ends() {
        let queue = WriterQueue::default();
        queue.push(record(1).0).expect("room");
        queue.close();
        assert!(queue.push(record(1).0).is_err());
        assert_eq!(group(&queue), 1);
        assert!(matches!(queue.next(None), NextWork::Closed));
    }

    #[test]
    fn who_waits_for_a_writer_that_stopped_hears_of_it() {
        let queue = WriterQueue::default();
        let (job, mut answered) = record(1);
        queue.push(job).expect("room");
        queue.abandon();
        assert!(matches!(answered.try_recv(), Ok(Err(LogError::Unavailable(_)))));
    }
}
