//! Taking turns by name, on this instance: of requests about the same thing, one after the other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

type Name = [u8; 32];

/// Everyone who has a turn or waits for one; names nobody waits for are forgotten.
#[derive(Debug, Clone, Default)]
pub struct Turns(Arc<Mutex<HashMap<Name, Arc<AsyncMutex<()>>>>>);

/// A turn, until dropped.
#[derive(Debug)]
pub struct TurnGuard {
    turns: Turns,
    name: Name,
    held: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits for the turn of that name.
    pub async fn enter(&self, name: Name) -> TurnGuard {
        let lock = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(turns.entry(name).or_default())
        };
        // From here on: who goes away while waiting takes its name with it, too.
        let mut guard = TurnGuard { turns: self.clone(), name, held: None };
        guard.held = Some(lock.lock_owned().await);
        guard
    }
}

impl Drop for TurnGuard {
    fn drop(&mut self) {
        drop(self.held.take());
        let mut turns = self.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.get(&self.name).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            turns.remove(&self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_at_a_time_and_nothing_is_kept() {
        let turns = Turns::default();
        let first = turns.enter([1; 32]).await;
        let other = turns.enter([2; 32]).await;
        let waiting = turns.clone();
        let second = tokio::spawn(async move { drop(waiting.enter([1; 32]).await) });
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        drop(first);
        second.await.expect("no panic");
        drop(other);
        assert!(turns.0.lock().expect("no panic").is_empty());
    }
}
