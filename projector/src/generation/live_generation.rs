//! Which generation answers, known to an instance that only reads, without asking the store at each request.
//!
//! It is asked for every [`POINTER_EVERY`], and what was asked for longer ago than [`POINTER_STALE`] is asked for
//! again before it is used. While something stands beside, the instance says which pointer it reads by, like a
//! projector; a rebuild drops nothing before all have said that they read by the new one. Both generations are
//! written from before the switch until then, so whichever of them a reader still knows has every row that
//! anybody was told of (docs/decisions/0007-rebuild.md).

use std::sync::{Arc, Mutex, PoisonError};

use domain::ports::{Generations, Pointer, READERS, StoreError};
use domain::rows::Generation;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::generation::heartbeat::Beats;
use crate::limits::{POINTER_EVERY, POINTER_STALE};

/// The generation that answers, as last heard of.
#[derive(Clone)]
pub struct Live(Arc<Inner>);

struct Inner {
    generations: Arc<dyn Generations>,
    known: Mutex<Option<Known>>,
}

#[derive(Clone)]
struct Known {
    pointer: Pointer,
    /// When it was asked for: what is older may have been pointed elsewhere since.
    asked_at: Instant,
    /// When the answer was there.
    heard_at: Instant,
}

impl Live {
    /// Follows the pointer until cancelled. `instance` is a name nobody else has.
    pub fn follow(
        generations: Arc<dyn Generations>,
        instance: &str,
        cancel: CancellationToken,
    ) -> (Self, JoinHandle<()>) {
        let beats = Beats::new(Arc::clone(&generations), format!("{READERS}{instance}"));
        let live = Self(Arc::new(Inner { generations, known: Mutex::default() }));
        let following = live.clone();
        (live, tokio::spawn(async move { following.run(beats, cancel).await }))
    }

    /// The generation to read. Of the pointer as it stood at most [`POINTER_STALE`] ago.
    ///
    /// # Errors
    /// The store, when it has to be asked.
    pub async fn generation(&self) -> Result<Generation, StoreError> {
        match self.known() {
            Some(generation) => Ok(generation),
            None => Ok(self.ask().await?.live),
        }
    }

    /// What is known and not too old.
    fn known(&self) -> Option<Generation> {
        let known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.as_ref().filter(|known| known.asked_at.elapsed() < POINTER_STALE)?;
        Some(known.pointer.live)
    }

    async fn ask(&self) -> Result<Pointer, StoreError> {
        let asked_at = Instant::now();
        let pointer = self.0.generations.pointer().await?;
        let heard = Known { pointer, asked_at, heard_at: Instant::now() };
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(later(&mut known, heard).pointer.clone())
    }

    async fn run(self, mut beats: Beats, cancel: CancellationToken) {
        let mut every = tokio::time::interval(POINTER_EVERY);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while cancel.run_until_cancelled(every.tick()).await.is_some() {
            // From here on no request begins to read by an earlier one, so this one is what is read by.
            if let Ok(pointer) = self.ask().await {
                beats.after(&pointer, pointer.version).await;
            }
        }
        beats.leave().await;
    }
}

/// Keeps whichever of the two is later. Of two answers that were under way at once the order is not known, but
/// the version only grows; one that was asked for after the other was there is later in any case.
fn later(known: &mut Option<Known>, heard: Known) -> &Known {
    let stands = known.take();
    let kept = match stands {
        Some(stands)
            if heard.pointer.version < stands.pointer.version && heard.asked_at < stands.heard_at =>
        {
            stands
        }
        Some(stands)
            if heard.pointer.version == stands.pointer.version && heard.asked_at < stands.asked_at =>
        {
            stands
        }
        _ => heard,
    };
    known.insert(kept)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use testkit::memory::MemoryViews;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_that_stood_still_asks_before_it_reads() {
        let store = Arc::new(MemoryViews::default());
        // Nobody follows for it: as in a process that is stopped.
        let live = Live(Arc::new(Inner { generations: store.clone(), known: Mutex::default() }));
        assert_eq!(live.generation().await, Ok(Generation(1)));
        let to = Pointer::FIRST.changed(Generation(2), None);
        assert_eq!(store.point(&to).await, Ok(true));
        assert_eq!(live.generation().await, Ok(Generation(1)), "known, and not old yet");
        tokio::time::advance(POINTER_STALE).await;
        assert_eq!(live.generation().await, Ok(Generation(2)));
    }

    fn heard(version: u64, asked_at: Instant, heard_at: Instant) -> Known {
        let pointer = Pointer { version, ..Pointer::FIRST };
        Known { pointer, asked_at, heard_at }
    }

    #[test]
    fn an_answer_that_was_overtaken_changes_nothing() {
        let at = Instant::now();
        let ms = |ms| at + Duration::from_millis(ms);
        let version = |known: &Option<Known>| known.as_ref().map(|known| known.pointer.version);
        let mut known = None;
        later(&mut known, heard(4, ms(0), ms(2)));
        later(&mut known, heard(3, ms(1), ms(3)));
        assert_eq!(version(&known), Some(4), "asked for before the other was there");
        later(&mut known, heard(5, ms(1), ms(9)));
        later(&mut known, heard(5, ms(0), ms(12)));
        assert_eq!(known.as_ref().map(|known| known.asked_at), Some(ms(1)));
        later(&mut known, heard(2, ms(20), ms(21)));
        assert_eq!(version(&known), Some(2), "a store that was put back is believed");
    }
}
