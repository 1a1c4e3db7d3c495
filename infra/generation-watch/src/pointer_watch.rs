//! The pointer as a projector watches it: a change is known within [`POINTER_EVERY`], and the version that is
//! applied is acknowledged. A change that needs nothing the session does not have (all but the one that begins to
//! write a second generation) is applied between two batches; any other ends the session. What a change means to
//! a partition is decided by the projector.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::ports::{Generations, Pointer, StoreError};
use domain::rows::Generation;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::heartbeat::Heartbeat;
use crate::limits::{POINTER_EVERY, POINTER_STALE};

/// Which generations a projector writes, now and after each change.
pub struct PointerWatch(WatchMode);

enum WatchMode {
    /// Always the same generation, alone.
    Fixed(Generation),
    /// Whatever the stored pointer says.
    Stored(Box<StoredPointer>),
}

/// The stored pointer, as last read.
struct StoredPointer {
    generations: Arc<dyn Generations>,
    instance: String,
    /// The version that is applied.
    applied: AtomicU64,
    /// When the read began whose answer is the last one known.
    asked_at: Mutex<Instant>,
    session: Mutex<Option<WatchedSession>>,
}

/// The session that applies a pointer.
struct WatchedSession {
    pointer: Pointer,
    /// To be applied between two batches.
    next: Option<Pointer>,
    /// Cancelled by a pointer that this session cannot apply.
    token: CancellationToken,
}

/// Whether a session that applies the first pointer has all that the second one needs.
fn has_all_of(from: &Pointer, to: &Pointer) -> bool {
    let has = from.written();
    to.version > from.version && to.written().iter().all(|generation| has.contains(generation))
}

impl StoredPointer {
    fn session(&self) -> MutexGuard<'_, Option<WatchedSession>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read(&self) -> Result<Pointer, StoreError> {
        // Taken before the question: an instance that was stopped while the answer was under way knows nothing new.
        let asked_at = Instant::now();
        let pointer = self.generations.pointer().await?;
        let mut last = self.asked_at.lock().unwrap_or_else(PoisonError::into_inner);
        *last = asked_at.max(*last);
        Ok(pointer)
    }

    /// Hands a pointer to the session: to be applied between two batches, or by ending it.
    fn notify_session(&self, pointer: &Pointer) {
        let mut session = self.session();
        let Some(session) = session.as_mut() else { return };
        let latest = session.next.as_ref().unwrap_or(&session.pointer);
        if latest.version == pointer.version {
            return;
        }
        if has_all_of(&session.pointer, pointer) {
            session.next = Some(pointer.clone());
        } else {
            session.token.cancel();
        }
    }

    /// Reads and acknowledges, for ever.
    async fn watch(&self, heartbeat: &mut Heartbeat) {
        loop {
            // A store that does not answer is met, and logged, by whoever works with it.
            if let Ok(pointer) = self.read().await {
                self.notify_session(&pointer);
                heartbeat.after_read(&pointer, self.applied.load(Ordering::Acquire)).await;
            }
            tokio::time::sleep(POINTER_EVERY).await;
        }
    }
}

impl PointerWatch {
    /// One generation, whatever the stored pointer says.
    pub fn fixed(generation: Generation) -> Self {
        Self(WatchMode::Fixed(generation))
    }

    /// The stored pointer. `instance` is a name nobody else has: the applied version is acknowledged under it.
    pub fn stored(generations: Arc<dyn Generations>, instance: String) -> Self {
        Self(WatchMode::Stored(Box::new(StoredPointer {
            generations,
            instance,
            applied: AtomicU64::new(0),
            asked_at: Mutex::new(Instant::now()),
            session: Mutex::default(),
        })))
    }

    /// Does the work, and watches the pointer for as long as it takes.
    pub async fn watch_during<T>(&self, work: impl Future<Output = T>) -> T {
        let WatchMode::Stored(stored) = &self.0 else { return work.await };
        let mut heartbeat = Heartbeat::new(Arc::clone(&stored.generations), stored.instance.clone());
        let done = tokio::select! {
            done = work => done,
            () = stored.watch(&mut heartbeat) => unreachable!("it goes on for ever"),
        };
        heartbeat.withdraw().await;
        done
    }

    /// Begins a session: the pointer it applies, and a token that is cancelled when that no longer holds. Nothing
    /// of an earlier session may be under way any more.
    ///
    /// # Errors
    /// The store, when the pointer cannot be read.
    pub async fn begin_session(
        &self,
        cancel: &CancellationToken,
    ) -> Result<(Pointer, CancellationToken), StoreError> {
        let token = cancel.child_token();
        match &self.0 {
            WatchMode::Fixed(generation) => {
                Ok((Pointer { live: *generation, last: *generation, ..Pointer::FIRST }, token))
            }
            WatchMode::Stored(stored) => {
                let pointer = stored.read().await?;
                let session = WatchedSession { pointer: pointer.clone(), next: None, token: token.clone() };
                *stored.session() = Some(session);
                stored.applied.store(pointer.version, Ordering::Release);
                Ok((pointer, token))
            }
        }
    }

    /// Whether [`PointerWatch::take_next`] has one.
    pub fn has_next(&self) -> bool {
        let WatchMode::Stored(stored) = &self.0 else { return false };
        stored.session().as_ref().is_some_and(|session| session.next.is_some())
    }

    /// A later pointer that the session can apply, if there is one. From here on the session must apply it, or end.
    pub fn take_next(&self) -> Option<Pointer> {
        let WatchMode::Stored(stored) = &self.0 else { return None };
        let mut session = stored.session();
        let session = session.as_mut()?;
        session.pointer = session.next.take()?;
        Some(session.pointer.clone())
    }

    /// Nothing that is done from here on applies an earlier version.
    pub fn set_applied(&self, version: u64) {
        if let WatchMode::Stored(stored) = &self.0 {
            stored.applied.store(version, Ordering::Release);
        }
    }

    /// Whether that version may still be applied: read not long ago, or read now. An instance that was stopped for
    /// long enough to be taken for gone must not go on as if nothing had happened.
    ///
    /// # Errors
    /// The store, when the pointer has to be read.
    pub async fn is_current(&self, version: u64) -> Result<bool, StoreError> {
        let WatchMode::Stored(stored) = &self.0 else { return Ok(true) };
        let age = stored.asked_at.lock().unwrap_or_else(PoisonError::into_inner).elapsed();
        if age < POINTER_STALE {
            return Ok(true);
        }
        Ok(stored.read().await?.version == version)
    }
}
