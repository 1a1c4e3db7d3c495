//! A mutex for each key, on this instance: requests about the same thing go one after the other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

type MutexKey = [u8; 32];

/// The mutexes that somebody holds or waits for; others are forgotten.
#[derive(Debug, Clone, Default)]
pub struct KeyedMutex(Arc<Mutex<HashMap<MutexKey, Arc<AsyncMutex<()>>>>>);

/// Holds the mutex of a key until it is dropped.
#[derive(Debug)]
pub struct KeyedMutexGuard {
    mutexes: KeyedMutex,
    key: MutexKey,
    held: Option<OwnedMutexGuard<()>>,
}

impl KeyedMutex {
    /// Waits until the key's mutex is free.
    pub async fn lock(&self, key: MutexKey) -> KeyedMutexGuard {
        let lock = {
            let mut mutexes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(mutexes.entry(key).or_default())
        };
        // From here on: who goes away while waiting leaves no mutex behind either.
        let mut guard = KeyedMutexGuard { mutexes: self.clone(), key, held: None };
        guard.held = Some(lock.lock_owned().await);
        guard
    }
}

impl Drop for KeyedMutexGuard {
    fn drop(&mut self) {
        drop(self.held.take());
        let mut mutexes = self.mutexes.0.lock().unwrap_or_else(PoisonError::into_inner);
        if mutexes.get(&self.key).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            mutexes.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_at_a_time_and_nothing_is_kept() {
        let mutexes = KeyedMutex::default();
        let first = mutexes.lock([1; 32]).await;
        let other = mutexes.lock([2; 32]).await;
        let waiting = mutexes.clone();
        let second = tokio::spawn(async move { drop(waiting.lock([1; 32]).await) });
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        drop(first);
        second.await.expect("no panic");
        drop(other);
        assert!(mutexes.0.lock().expect("no panic").is_empty());
    }
}
