//! The threads that read photos: few, of the lowest priority, with a queue of a fixed length. A verdict's answer and the
//! projection of events come first; whatever cores they leave belong to the photos. A defect that breaks a photo off
//! leaves the thread and all other photos as they were. Not here: what reading is.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use async_trait::async_trait;
use domain::ports::{FaceCause, FaceModelId, FaceModelSet, FaceReader, FaceReaderError, FaceReading};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::limits::{QUEUE_MAX, THREADS_MAX};
use crate::models::FaceModels;
use crate::reader::Read;

/// The lowest priority there is among ordinary threads: against one at 0 it gets a share of 15 to 1024.
const NICE: i32 = 19;

type Work = Box<dyn FnOnce() -> Read + Send>;

/// One photo on its way.
struct Job {
    work: Work,
    answer: oneshot::Sender<Result<Result<FaceReading, FaceCause>, FaceReaderError>>,
}

/// Reads photos on threads of its own. Dropped, it lets go of them: each ends after the photo it is at.
pub struct FacePool {
    models: Arc<FaceModels>,
    queue: SyncSender<Job>,
}

impl FacePool {
    /// Starts the threads, at least one.
    ///
    /// # Errors
    /// The system gave no thread.
    pub fn start(models: Arc<FaceModels>, threads: usize, queue: usize) -> std::io::Result<Self> {
        let queue = start(threads, queue)?;
        Ok(Self { models, queue })
    }
}

#[async_trait]
impl FaceReader for FacePool {
    fn models(&self) -> &FaceModelSet {
        self.models.set()
    }

    async fn read(
        &self,
        photo: Zeroizing<Vec<u8>>,
        embedder: &FaceModelId,
    ) -> Result<Result<FaceReading, FaceCause>, FaceReaderError> {
        let (models, embedder) = (Arc::clone(&self.models), embedder.clone());
        run(&self.queue, Box::new(move || models.read(&photo, &embedder))).await
    }
}

/// The threads, and where they take their work from.
fn start(threads: usize, queue: usize) -> std::io::Result<SyncSender<Job>> {
    let (sender, receiver) = sync_channel(queue.clamp(1, QUEUE_MAX));
    let receiver = Arc::new(Mutex::new(receiver));
    for at in 0..threads.clamp(1, THREADS_MAX) {
        let receiver = Arc::clone(&receiver);
        thread::Builder::new().name(format!("face-{at}")).spawn(move || work(&receiver))?;
    }
    Ok(sender)
}

/// A thread's life. The runtime's own thread is started from this one and takes its priority on.
fn work(receiver: &Mutex<Receiver<Job>>) {
    // On Linux, of a thread and not of the process. It may always be lowered; where it cannot, photos still get read.
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::warn!(%error, "the threads that read photos keep the program's priority");
    }
    loop {
        let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { work, answer }) = next else { return };
        if answer.is_closed() {
            continue;
        }
        let read = match catch_unwind(AssertUnwindSafe(work)) {
            Ok(read) => read,
            Err(_) => Err(FaceReaderError::Broken),
        };
        // Who no longer waits is not told.
        let _ = answer.send(read);
    }
}

async fn run(queue: &SyncSender<Job>, work: Work) -> Result<Result<FaceReading, FaceCause>, FaceReaderError> {
    let (answer, read) = oneshot::channel();
    queue.try_send(Job { work, answer }).map_err(|error| match error {
        TrySendError::Full(_) => FaceReaderError::Full,
        TrySendError::Disconnected(_) => FaceReaderError::Broken,
    })?;
    read.await.unwrap_or(Err(FaceReaderError::Broken))
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[tokio::test]
    async fn a_panic_ends_one_photo_and_the_thread_goes_on() {
        let queue = start(1, 4).expect("a thread");
        let broken = run(&queue, Box::new(|| panic!("a decoder's defect"))).await;
        assert_eq!(broken, Err(FaceReaderError::Broken));
        let next = run(&queue, Box::new(|| Ok(Err(FaceCause::NoFace)))).await;
        assert_eq!(next, Ok(Err(FaceCause::NoFace)));
    }

    #[tokio::test]
    async fn a_full_queue_says_so_at_once() {
        let queue = start(1, 1).expect("a thread");
        let (taken, released) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
        let (taken_there, released_there) = (Arc::clone(&taken), Arc::clone(&released));
        let first = Box::new(move || {
            taken_there.wait();
            released_there.wait();
            Ok(Err(FaceCause::NoFace))
        });
        let send = |work: Work| {
            let (answer, read) = oneshot::channel();
            (queue.try_send(Job { work, answer }).is_ok(), read)
        };
        let (first_sent, first) = send(first);
        taken.wait();
        let (second_sent, second) = send(Box::new(|| Ok(Err(FaceCause::Blurred))));
        assert!(first_sent && second_sent);
        let third = run(&queue, Box::new(|| Ok(Err(FaceCause::TooLarge)))).await;
        assert_eq!(third, Err(FaceReaderError::Full));
        released.wait();
        assert_eq!(first.await.expect("answered"), Ok(Err(FaceCause::NoFace)));
        assert_eq!(second.await.expect("answered"), Ok(Err(FaceCause::Blurred)));
    }

    #[tokio::test]
    async fn its_threads_have_the_lowest_priority_and_ours_keeps_its_own() {
        let queue = start(1, 1).expect("a thread");
        let nice = |_| rustix::process::getpriority_process(None).expect("its own priority");
        let before = nice(());
        let (sender, receiver) = std::sync::mpsc::channel();
        let work = move || {
            // A thread that is started there is as low: the runtime starts one.
            let child = thread::spawn(move || nice(())).join().expect("no panic");
            sender.send((nice(()), child)).expect("somebody listens");
            Ok(Err(FaceCause::NoFace))
        };
        run(&queue, Box::new(work)).await.expect("read").expect_err("a cause");
        assert_eq!(receiver.recv().expect("sent"), (NICE, NICE));
        assert_eq!(nice(()), before);
    }
}
