//! Trying a password: throttled first, then at most two at once, so that nobody can keep the processors busy with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use domain::staff::{PasswordHash, StaffUserName};
use tokio::sync::Semaphore;
use vault::PasswordHasher;
use zeroize::Zeroizing;

use crate::console::error::ConsoleError;
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
    /// Takes a try of that address with that name.
    ///
    /// # Errors
    /// [`PasswordRefusal::Throttled`].
    pub fn take_try(
        &self,
        address: TryingAddress,
        name: &Option<StaffUserName>,
    ) -> Result<(), PasswordRefusal> {
        self.throttle.take(address, name, Instant::now()).map_err(PasswordRefusal::Throttled)
    }

    /// It was the password.
    pub fn forgive(&self, address: TryingAddress, name: &Option<StaffUserName>) {
        self.throttle.forgive(address, name);
    }

    /// Whether that is the password of the hash; without a hash it takes as long and is not.
    ///
    /// # Errors
    /// [`PasswordRefusal`].
    pub async fn verify(
        &self,
        password: Zeroizing<String>,
        hash: Option<PasswordHash>,
    ) -> Result<bool, PasswordRefusal> {
        let waiting = self.waiting.fetch_add(1, Ordering::AcqRel);
        let entry = WaitingPassword(&self.waiting);
        if waiting >= PASSWORD_HASHES_WAITING_MAX + PASSWORD_HASHES_AT_ONCE {
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
