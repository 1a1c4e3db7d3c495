//! Threads that look at pictures: few, of a low priority, with a queue of a fixed length. A verdict's answer and the
//! projection of events come first; whatever cores they leave belong to the pictures. A defect that breaks one job off
//! leaves the thread and all other jobs as they were. Not here: what a job is.

mod limits;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::oneshot;

use crate::limits::{THREADS_MAX, WAITING_MAX};

/// How much of a busy core the threads of a pool get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolPriority {
    /// Nobody waits for the answer: nice 19, the lowest among ordinary threads. Beside a thread at 0 it gets a share of 15 to
    /// 1024.
    Background,
    /// Somebody stands before a phone and waits: nice 5, a share of 335 to 1024. With less, a machine that is always busy
    /// would answer nobody within the time that a caller waits.
    Awaited,
}

impl PoolPriority {
    /// As Linux counts it.
    const fn nice(self) -> i32 {
        match self {
            Self::Background => 19,
            Self::Awaited => 5,
        }
    }
}

type Work<T> = Box<dyn FnOnce() -> T + Send>;

/// One job on its way.
struct Job<T> {
    work: Work<T>,
    answer: oneshot::Sender<Result<T, PoolError>>,
}

/// Why a job came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PoolError {
    /// As many jobs as may wait are waiting.
    #[error("as many jobs as may wait are waiting")]
    Full,
    /// It panicked, a defect in a decoder, say, or its thread is gone. Only this job is lost by it.
    #[error("the job broke off")]
    Broken,
}

/// Does jobs that come to a `T` on threads of its own. Dropped, it lets go of them: each ends after the job it is at.
pub struct PicturePool<T> {
    queue: SyncSender<Job<T>>,
}

impl<T: Send + 'static> PicturePool<T> {
    /// Starts the threads, at least one, which carry that name and a number; so many jobs may wait, at least one.
    ///
    /// # Errors
    /// The system gave no thread.
    pub fn start(
        name: &str,
        priority: PoolPriority,
        threads: usize,
        waiting: usize,
    ) -> std::io::Result<Self> {
        let (queue, receiver) = sync_channel(waiting.clamp(1, WAITING_MAX));
        let receiver = Arc::new(Mutex::new(receiver));
        for at in 0..threads.clamp(1, THREADS_MAX) {
            let receiver = Arc::clone(&receiver);
            thread::Builder::new().name(format!("{name}-{at}")).spawn(move || serve(priority, &receiver))?;
        }
        Ok(Self { queue })
    }

    /// Does the job, or says at once that it cannot be taken. One that nobody waits for any more is not begun.
    ///
    /// # Errors
    /// The queue is full, or the job broke off.
    pub async fn run(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, PoolError> {
        self.send(Box::new(work))?.await.unwrap_or(Err(PoolError::Broken))
    }

    fn send(&self, work: Work<T>) -> Result<oneshot::Receiver<Result<T, PoolError>>, PoolError> {
        let (answer, done) = oneshot::channel();
        self.queue.try_send(Job { work, answer }).map_err(|error| match error {
            TrySendError::Full(_) => PoolError::Full,
            TrySendError::Disconnected(_) => PoolError::Broken,
        })?;
        Ok(done)
    }
}

/// A thread's life. What a job starts itself, a runtime's thread, say, takes its priority on.
fn serve<T>(priority: PoolPriority, receiver: &Mutex<Receiver<Job<T>>>) {
    // On Linux, of a thread and not of the process. It may always be lowered; where it cannot, jobs still get done.
    if let Err(error) = rustix::process::setpriority_process(None, priority.nice()) {
        tracing::warn!(%error, "the threads that look at pictures keep the program's priority");
    }
    loop {
        let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { work, answer }) = next else { return };
        if answer.is_closed() {
            continue;
        }
        let done = catch_unwind(AssertUnwindSafe(work)).map_err(|_| PoolError::Broken);
        // Who no longer waits is not told.
        let _ = answer.send(done);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[tokio::test]
    async fn a_panic_ends_one_job_and_the_thread_goes_on() {
        let pool = PicturePool::start("test", PoolPriority::Background, 1, 4).expect("a thread");
        let broken = pool.run(|| panic!("a decoder's defect")).await;
        assert_eq!(broken, Err(PoolError::Broken));
        assert_eq!(pool.run(|| 7).await, Ok(7));
    }

    #[tokio::test]
    async fn a_full_queue_says_so_at_once() {
        let pool = PicturePool::start("test", PoolPriority::Background, 1, 1).expect("a thread");
        let (taken, released) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
        let (taken_there, released_there) = (Arc::clone(&taken), Arc::clone(&released));
        let first = pool.send(Box::new(move || {
            taken_there.wait();
            released_there.wait();
            1
        }));
        taken.wait();
        let second = pool.send(Box::new(|| 2));
        assert_eq!(pool.run(|| 3).await, Err(PoolError::Full));
        released.wait();
        assert_eq!(first.expect("taken").await, Ok(Ok(1)));
        assert_eq!(second.expect("waits").await, Ok(Ok(2)));
    }

    #[tokio::test]
    async fn its_threads_have_their_priority_and_ours_keeps_its_own() {
        let nice = || rustix::process::getpriority_process(None).expect("its own priority");
        let before = nice();
        for (priority, wanted) in [(PoolPriority::Background, 19), (PoolPriority::Awaited, 5)] {
            let pool = PicturePool::start("test", priority, 1, 1).expect("a thread");
            // A thread that is started there is as low: a model's runtime starts one.
            let seen = pool.run(move || (nice(), thread::spawn(nice).join().expect("no panic"))).await;
            // Whoever is lower already stays so.
            let wanted = wanted.max(before);
            assert_eq!(seen, Ok((wanted, wanted)));
        }
        assert_eq!(nice(), before);
    }
}
