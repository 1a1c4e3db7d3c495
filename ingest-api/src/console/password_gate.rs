//! Trying a password: throttled first, then at most two at once, so that nobody can keep the processors busy with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use domain::staff::{PasswordHash, StaffUserName};
use tokio::sync::Semaphore;
use vault::PasswordHasher;
use zeroize::Zeroizing;

use crate::console::error::ConsoleError;
use crate::console::known_browser::KnownBrowser;
use crate::console::throttle::{SignInThrottle, TryingAddress};
use crate::limits::{PASSWORD_HASH_WAIT, PASSWORD_HASHES_AT_ONCE, PASSWORD_HASHES_WAITING_MAX};

/// The way to a password's hash.
#[derive(Debug)]
pub struct PasswordGate {
    throttle: SignInThrottle,
    hasher: PasswordHasher,
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Default for PasswordGate {
    fn default() -> Self {
        Self {
            throttle: SignInThrottle::default(),
            hasher: PasswordHasher::default(),
            turns: Arc::new(Semaphore::new(PASSWORD_HASHES_AT_ONCE)),
            waiting: AtomicUsize::new(0),
        }
    }
}

/// Who tries a password.
#[derive(Debug, Clone, Copy)]
pub enum TryOrigin {
    /// A browser with which the account has signed in before.
    Browser(KnownBrowser),
    /// Anybody else.
    Address(TryingAddress),
}

/// Why a password was not tried.
#[derive(Debug)]
pub enum PasswordRefusal {
    /// Too often; another try after that.
    Throttled(Duration),
    /// Too many at once.
    Busy,
    /// It could not be.
    Failed(ConsoleError),
}

/// One that waits for its turn.
struct WaitingPassword<'a>(&'a AtomicUsize);

impl Drop for WaitingPassword<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl PasswordGate {
    /// Takes a try at that name: of a browser that is known for it, or else of the address.
    ///
    /// # Errors
    /// [`PasswordRefusal::Throttled`].
    pub fn take_try(&self, from: TryOrigin, name: &Option<StaffUserName>) -> Result<(), PasswordRefusal> {
        let taken = match from {
            TryOrigin::Browser(browser) => self.throttle.take_known(browser, Instant::now()),
            TryOrigin::Address(address) => self.throttle.take(address, name, Instant::now()),
        };
        taken.map_err(PasswordRefusal::Throttled)
    }

    /// It was the password.
    pub fn forgive(&self, from: TryOrigin, name: &Option<StaffUserName>) {
        match from {
            TryOrigin::Browser(browser) => self.throttle.forgive_known(browser),
            TryOrigin::Address(address) => self.throttle.forgive(address, name),
        }
    }

    /// Whether that is the password of the hash; without a hash it takes as long and is not. A known browser waits its turn
    /// however many others do: its own tries are few, and each place before it is soon free.
    ///
    /// # Errors
    /// [`PasswordRefusal`].
    pub async fn verify(
        &self,
        from: TryOrigin,
        password: Zeroizing<String>,
        hash: Option<PasswordHash>,
    ) -> Result<bool, PasswordRefusal> {
        let waiting = self.waiting.fetch_add(1, Ordering::AcqRel);
        let entry = WaitingPassword(&self.waiting);
        let is_known = matches!(from, TryOrigin::Browser(_));
        if !is_known && waiting >= PASSWORD_HASHES_WAITING_MAX + PASSWORD_HASHES_AT_ONCE {
            return Err(PasswordRefusal::Busy);
        }
        let turn = tokio::time::timeout(PASSWORD_HASH_WAIT, Arc::clone(&self.turns).acquire_owned()).await;
        let turn = turn.map_err(|_| PasswordRefusal::Busy)?;
        let hasher = self.hasher.clone();
        metrics::counter!("identity_console_password_hashes_total").increment(1);
        let verified = tokio::task::spawn_blocking(move || {
            let verified = hasher.verify(&password, hash.as_ref());
            // Held until the end, also where nobody waits for it any more.
            drop(turn);
            verified
        })
        .await;
        drop(entry);
        let verified = verified.map_err(|_| internal("a password's hash was broken off".to_owned()))?;
        verified.map_err(|error| internal(error.to_string()))
    }
}

fn internal(cause: String) -> PasswordRefusal {
    PasswordRefusal::Failed(ConsoleError::Internal(cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the cheapest parameters there are.
    fn cheap() -> Option<PasswordHash> {
        let hash =
            "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        PasswordHash::parse(hash)
    }

    fn stranger() -> TryOrigin {
        TryOrigin::Address(TryingAddress::of(std::net::IpAddr::from([192, 0, 2, 7])))
    }

    fn password() -> Zeroizing<String> {
        Zeroizing::new("kata sandi".to_owned())
    }

    #[tokio::test]
    async fn two_passwords_are_hashed_at_once_some_wait_and_more_are_told_to_come_back() {
        let gate = Arc::new(PasswordGate::default());
        let turns = Arc::clone(&gate.turns);
        let taken = turns.acquire_many(PASSWORD_HASHES_AT_ONCE as u32).await.expect("two turns");
        assert!(gate.turns.try_acquire().is_err(), "there are no more");
        let all = PASSWORD_HASHES_AT_ONCE + PASSWORD_HASHES_WAITING_MAX;
        let waiting: Vec<_> = (0..all)
            .map(|_| {
                let gate = Arc::clone(&gate);
                tokio::spawn(async move { gate.verify(stranger(), password(), cheap()).await })
            })
            .collect();
        while gate.waiting.load(Ordering::Acquire) < all {
            tokio::task::yield_now().await;
        }
        let one_more = gate.verify(stranger(), password(), cheap()).await;
        assert!(matches!(one_more, Err(PasswordRefusal::Busy)), "{one_more:?}");
        let known = gate.verify(TryOrigin::Browser(KnownBrowser::numbered(1)), password(), cheap());
        futures::pin_mut!(known);
        assert!(futures::poll!(&mut known).is_pending(), "it has a place");
        drop(taken);
        assert!(matches!(known.await, Ok(false)));
        for verified in waiting {
            assert!(matches!(verified.await.expect("no panic"), Ok(false)));
        }
        assert_eq!(gate.waiting.load(Ordering::Acquire), 0);
        assert_eq!(gate.turns.available_permits(), PASSWORD_HASHES_AT_ONCE);
    }

    #[tokio::test]
    async fn whoever_goes_away_gives_the_place_in_the_queue_back() {
        let gate = PasswordGate::default();
        let taken = gate.turns.acquire_many(PASSWORD_HASHES_AT_ONCE as u32).await.expect("two turns");
        {
            let waiting = gate.verify(stranger(), password(), cheap());
            futures::pin_mut!(waiting);
            assert!(futures::poll!(&mut waiting).is_pending());
            assert_eq!(gate.waiting.load(Ordering::Acquire), 1);
        }
        assert_eq!(gate.waiting.load(Ordering::Acquire), 0);
        drop(taken);
    }
}
