//! Following the pointer: hearing of a change within [`POINTER_EVERY`], and saying which pointer is worked by,
//! as long as a rebuild may want to know. What a change means is the runner's.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use domain::ports::{Acknowledgement, Generations, Pointer, StoreError};
use domain::rows::Generation;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::limits::{ACKNOWLEDGE_EVERY, POINTER_EVERY, POINTER_STALE};

/// What a runner follows.
pub(crate) enum Following {
    /// Always the same generation, alone.
    Fixed(Generation),
    /// The pointer.
    Pointer(Heard),
}

/// The pointer, as last heard of.
pub(crate) struct Heard {
    generations: Arc<dyn Generations>,
    instance: String,
    /// The version that is worked by.
    applied: AtomicU64,
    heard_at: Mutex<Instant>,
    /// The session that works by a version, to be ended by another.
    session: Mutex<Option<(u64, CancellationToken)>>,
}

impl Heard {
    /// Under that name.
    pub(crate) fn new(generations: Arc<dyn Generations>, instance: String) -> Self {
        Self {
            generations,
            instance,
            applied: AtomicU64::new(0),
            heard_at: Mutex::new(Instant::now()),
            session: Mutex::default(),
        }
    }

    async fn ask(&self) -> Result<Pointer, StoreError> {
        let pointer = self.generations.pointer().await?;
        *self.heard_at.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        Ok(pointer)
    }

    /// Hears and says, for ever.
    async fn follow(&self) {
        let mut said: Option<(u64, Instant)> = None;
        let mut beat = 0;
        loop {
            // A store that does not answer is met, and logged, by whoever works with it.
            if let Ok(pointer) = self.ask().await {
                let session = self.session.lock().unwrap_or_else(PoisonError::into_inner).clone();
                if let Some((version, session)) = session
                    && version != pointer.version
                {
                    session.cancel();
                }
                let applied = self.applied.load(Ordering::Acquire);
                let due =
                    said.is_none_or(|(version, at)| version != applied || at.elapsed() >= ACKNOWLEDGE_EVERY);
                if pointer.beside.is_some() && due {
                    beat += 1;
                    let now = Acknowledgement { instance: self.instance.clone(), version: applied, beat };
                    if self.generations.acknowledge(&self.instance, Some(&now)).await.is_ok() {
                        said = Some((applied, Instant::now()));
                    }
                } else if pointer.beside.is_none() && said.is_some() {
                    self.leave().await;
                    said = None;
                }
            }
            tokio::time::sleep(POINTER_EVERY).await;
        }
    }

    async fn leave(&self) {
        if let Err(error) = self.generations.acknowledge(&self.instance, None).await {
            // It is waited for a little longer, then taken for gone.
            warn!(%error, "could not say that this instance no longer follows");
        }
    }
}

impl Following {
    /// Does the work, and meanwhile hears and says.
    pub(crate) async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        let Self::Pointer(heard) = self else { return work.await };
        let done = tokio::select! {
            done = work => done,
            () = heard.follow() => unreachable!("it goes on for ever"),
        };
        heard.leave().await;
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
                let session = Some((pointer.version, token.clone()));
                *heard.session.lock().unwrap_or_else(PoisonError::into_inner) = session;
                heard.applied.store(pointer.version, Ordering::Release);
                Ok((pointer, token))
            }
        }
    }

    /// Whether that version may still be worked by: heard of lately, or asked now. An instance that stood
    /// still for long enough to be taken for gone must not go on as if nothing had happened.
    pub(crate) async fn still(&self, version: u64) -> Result<bool, StoreError> {
        let Self::Pointer(heard) = self else { return Ok(true) };
        let age = heard.heard_at.lock().unwrap_or_else(PoisonError::into_inner).elapsed();
        if age < POINTER_STALE {
            return Ok(true);
        }
        Ok(heard.ask().await?.version == version)
    }
}
