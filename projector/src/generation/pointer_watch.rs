//! Following the pointer: hearing of a change within [`POINTER_EVERY`], and saying which pointer is worked by.
//! A change that asks for nothing the session does not have (all but the one that begins to write a second
//! generation) is taken up between two batches; any other ends the session. What a change means is the runner's.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::ports::{Generations, Pointer, StoreError};
use domain::rows::Generation;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::generation::heartbeat::Beats;
use crate::limits::{POINTER_EVERY, POINTER_STALE};

/// What a runner follows.
pub(crate) enum Following {
    /// Always the same generation, alone.
    Fixed(Generation),
    /// The pointer.
    Pointer(Box<Heard>),
}

/// The pointer, as last heard of.
pub(crate) struct Heard {
    generations: Arc<dyn Generations>,
    instance: String,
    /// The version that is worked by.
    applied: AtomicU64,
    /// When it was last asked for and heard of.
    asked_at: Mutex<Instant>,
    session: Mutex<Option<Stay>>,
}

/// The session that works by a pointer.
struct Stay {
    pointer: Pointer,
    /// To be taken up between two batches.
    next: Option<Pointer>,
    /// Cancelled by a pointer that cannot be.
    token: CancellationToken,
}

/// Whether a session by the first pointer has all that the second one asks for.
fn fits(from: &Pointer, to: &Pointer) -> bool {
    let has = from.written();
    to.version > from.version && to.written().iter().all(|generation| has.contains(generation))
}

impl Heard {
    /// Under that name.
    pub(crate) fn new(generations: Arc<dyn Generations>, instance: String) -> Self {
        Self {
            generations,
            instance,
            applied: AtomicU64::new(0),
            asked_at: Mutex::new(Instant::now()),
            session: Mutex::default(),
        }
    }

    fn stay(&self) -> MutexGuard<'_, Option<Stay>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self) -> Result<Pointer, StoreError> {
        // Before the question: an instance that stood still while the answer lay there knows nothing new.
        let asked_at = Instant::now();
        let pointer = self.generations.pointer().await?;
        let mut last = self.asked_at.lock().unwrap_or_else(PoisonError::into_inner);
        *last = asked_at.max(*last);
        Ok(pointer)
    }

    fn tell(&self, pointer: &Pointer) {
        let mut stay = self.stay();
        let Some(stay) = stay.as_mut() else { return };
        let latest = stay.next.as_ref().unwrap_or(&stay.pointer);
        if latest.version == pointer.version {
            return;
        }
        if fits(&stay.pointer, pointer) {
            stay.next = Some(pointer.clone());
        } else {
            stay.token.cancel();
        }
    }

    /// Hears and says, for ever.
    async fn follow(&self, beats: &mut Beats) {
        loop {
            // A store that does not answer is met, and logged, by whoever works with it.
            if let Ok(pointer) = self.ask().await {
                self.tell(&pointer);
                beats.after(&pointer, self.applied.load(Ordering::Acquire)).await;
            }
            tokio::time::sleep(POINTER_EVERY).await;
        }
    }
}

impl Following {
    /// Does the work, and meanwhile hears and says.
    pub(crate) async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        let Self::Pointer(heard) = self else { return work.await };
        let mut beats = Beats::new(Arc::clone(&heard.generations), heard.instance.clone());
        let done = tokio::select! {
            done = work => done,
            () = heard.follow(&mut beats) => unreachable!("it goes on for ever"),
        };
        beats.leave().await;
        done
    }

    /// Begins a session: the pointer it works by, and a token that is cancelled when that changes. Nothing of
    /// an earlier session may be under way any more.
    pub(crate) async fn begin(
        &self,
        cancel: &CancellationToken,
    ) -> Result<(Pointer, CancellationToken), StoreError> {
        let token = cancel.child_token();
        match self {
            Self::Fixed(generation) => {
                Ok((Pointer { live: *generation, last: *generation, ..Pointer::FIRST }, token))
            }
            Self::Pointer(heard) => {
                let pointer = heard.ask().await?;
                *heard.stay() = Some(Stay { pointer: pointer.clone(), next: None, token: token.clone() });
                heard.applied.store(pointer.version, Ordering::Release);
                Ok((pointer, token))
            }
        }
    }

    /// Whether [`Following::next`] has one.
    pub(crate) fn has_next(&self) -> bool {
        let Self::Pointer(heard) = self else { return false };
        heard.stay().as_ref().is_some_and(|stay| stay.next.is_some())
    }

    /// A later pointer that the session can go on by, if one was heard of. From here on it must, or end.
    pub(crate) fn next(&self) -> Option<Pointer> {
        let Self::Pointer(heard) = self else { return None };
        let mut stay = heard.stay();
        let stay = stay.as_mut()?;
        stay.pointer = stay.next.take()?;
        Some(stay.pointer.clone())
    }

    /// Nothing that is done from here on follows an earlier pointer.
    pub(crate) fn works_by(&self, version: u64) {
        if let Self::Pointer(heard) = self {
            heard.applied.store(version, Ordering::Release);
        }
    }

    /// Whether that version may still be worked by: heard of lately, or asked now. An instance that stood
    /// still for long enough to be taken for gone must not go on as if nothing had happened.
    pub(crate) async fn still(&self, version: u64) -> Result<bool, StoreError> {
        let Self::Pointer(heard) = self else { return Ok(true) };
        let age = heard.asked_at.lock().unwrap_or_else(PoisonError::into_inner).elapsed();
        if age < POINTER_STALE {
            return Ok(true);
        }
        Ok(heard.ask().await?.version == version)
    }
}
