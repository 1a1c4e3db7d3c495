//! The live generation, known to an instance that only reads, without a question to the store at each request.
//!
//! The pointer is read every [`POINTER_EVERY`], and what was asked for longer ago than [`POINTER_STALE`] is asked
//! for again before it is used. While there is a second generation the instance acknowledges the version it reads
//! by, as a projector does; a rebuild drops nothing before all have acknowledged the new one. Both generations are
//! written from before the switch until then, so whichever of them a reader still uses has every row whose outcome
//! was published (docs/decisions/0007-rebuild.md).

use std::sync::{Arc, Mutex, PoisonError};

use domain::ports::{Generations, Pointer, READERS, StoreError};
use domain::rows::Generation;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::heartbeat::Heartbeat;
use crate::limits::{POINTER_EVERY, POINTER_STALE};

/// The generation that answers, as last read. Cheap to clone.
#[derive(Clone)]
pub struct LiveGeneration(Arc<LiveState>);

struct LiveState {
    generations: Arc<dyn Generations>,
    last: Mutex<Option<PointerRead>>,
}

#[derive(Clone)]
struct PointerRead {
    pointer: Pointer,
    /// When it was asked for: what is older may have been pointed elsewhere since.
    asked_at: Instant,
    /// When the answer was there.
    answered_at: Instant,
}

impl LiveGeneration {
    /// Watches the pointer until cancelled. `instance` is a name nobody else has.
    pub fn start(
        generations: Arc<dyn Generations>,
        instance: &str,
        cancel: CancellationToken,
    ) -> (Self, JoinHandle<()>) {
        let heartbeat = Heartbeat::new(Arc::clone(&generations), format!("{READERS}{instance}"));
        let live = Self(Arc::new(LiveState { generations, last: Mutex::default() }));
        let watching = live.clone();
        (live, tokio::spawn(async move { watching.watch(heartbeat, cancel).await }))
    }

    /// The generation to read. Of the pointer as it stood at most [`POINTER_STALE`] ago.
    ///
    /// # Errors
    /// The store, when it has to be asked.
    pub async fn generation(&self) -> Result<Generation, StoreError> {
        match self.fresh() {
            Some(generation) => Ok(generation),
            None => Ok(self.read().await?.live),
        }
    }

    /// As last read, unless that is too old.
    fn fresh(&self) -> Option<Generation> {
        let last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        let last = last.as_ref().filter(|last| last.asked_at.elapsed() < POINTER_STALE)?;
        Some(last.pointer.live)
    }

    async fn read(&self) -> Result<Pointer, StoreError> {
        let asked_at = Instant::now();
        let pointer = self.0.generations.pointer().await?;
        let read = PointerRead { pointer, asked_at, answered_at: Instant::now() };
        let mut last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(keep_later(&mut last, read).pointer.clone())
    }

    async fn watch(self, mut heartbeat: Heartbeat, cancel: CancellationToken) {
        let mut every = tokio::time::interval(POINTER_EVERY);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while cancel.run_until_cancelled(every.tick()).await.is_some() {
            // From here on no request begins to read by an earlier one, so this one is what is read by.
            if let Ok(pointer) = self.read().await {
                heartbeat.after_read(&pointer, pointer.version).await;
            }
        }
        heartbeat.withdraw().await;
    }
}

/// Keeps whichever of the two is later. Of two answers that were under way at once the order is not known, but
/// the version only grows; one that was asked for after the other was there is later in any case.
fn keep_later(last: &mut Option<PointerRead>, read: PointerRead) -> &PointerRead {
    let before = last.take();
    let kept = match before {
        Some(before)
            if read.pointer.version < before.pointer.version && read.asked_at < before.answered_at =>
        {
            before
        }
        Some(before) if read.pointer.version == before.pointer.version && read.asked_at < before.asked_at => {
            before
        }
        _ => read,
    };
    last.insert(kept)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use testkit::memory::MemoryViews;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_that_was_stopped_asks_before_it_reads() {
        let store = Arc::new(MemoryViews::default());
        // Nobody watches for it: as in a process that is stopped.
        let live = LiveGeneration(Arc::new(LiveState { generations: store.clone(), last: Mutex::default() }));
        assert_eq!(live.generation().await, Ok(Generation(1)));
        let to = Pointer::FIRST.changed(Generation(2), None);
        assert_eq!(store.point(&to).await, Ok(true));
        assert_eq!(live.generation().await, Ok(Generation(1)), "known, and not old yet");
        tokio::time::advance(POINTER_STALE).await;
        assert_eq!(live.generation().await, Ok(Generation(2)));
    }

    fn read(version: u64, asked_at: Instant, answered_at: Instant) -> PointerRead {
        let pointer = Pointer { version, ..Pointer::FIRST };
        PointerRead { pointer, asked_at, answered_at }
    }

    #[test]
    fn an_answer_that_was_overtaken_changes_nothing() {
        let at = Instant::now();
        let ms = |ms| at + Duration::from_millis(ms);
        let version = |last: &Option<PointerRead>| last.as_ref().map(|last| last.pointer.version);
        let mut last = None;
        keep_later(&mut last, read(4, ms(0), ms(2)));
        keep_later(&mut last, read(3, ms(1), ms(3)));
        assert_eq!(version(&last), Some(4), "asked for before the other was there");
        keep_later(&mut last, read(5, ms(1), ms(9)));
        keep_later(&mut last, read(5, ms(0), ms(12)));
        assert_eq!(last.as_ref().map(|last| last.asked_at), Some(ms(1)));
        keep_later(&mut last, read(2, ms(20), ms(21)));
        assert_eq!(version(&last), Some(2), "a store that was put back is believed");
    }
}
