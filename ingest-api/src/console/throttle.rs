//! How often somebody may try a password, before anything is hashed. By the address that tries, by the account that is
//! tried, and by both together. All of it only slows: whoever knows the password and comes from an address that has not
//! failed with this account lately is let try, however many others fail with it.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::staff::StaffUserName;

use crate::limits::{SIGN_IN_ACCOUNT_TRIES, SIGN_IN_ADDRESS_TRIES, SIGN_IN_BUCKETS_MAX, SIGN_IN_PAIR_TRIES};

/// So many tries at once, and another one after each such time.
#[derive(Debug, Clone, Copy)]
pub struct TryAllowance {
    /// Tries of somebody who has not tried for long.
    pub burst: u32,
    /// One more after each of these.
    pub every: Duration,
}

/// Who tries. All that one household or one machine can have of IPv6 counts as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TryingAddress(IpAddr);

impl TryingAddress {
    /// The address without what its owner may choose of it: the lower half of an IPv6 address (RFC 4291 §2.5.1).
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() & (u128::MAX << 64)).into()),
            address @ IpAddr::V4(_) => address,
        })
    }
}

/// A name that was tried; none where it cannot be one, all of which are one.
type TriedName = Option<StaffUserName>;

/// What is left to somebody.
#[derive(Debug, Clone, Copy)]
struct TryBucket {
    /// When it is full, at which it has `burst` tries.
    full_at: Instant,
}

/// Buckets by key. A bucket that is full is as good as none, so they are dropped when there are many.
#[derive(Debug)]
struct TryBuckets<K> {
    allowance: TryAllowance,
    buckets: HashMap<K, TryBucket>,
}

impl<K: Eq + Hash + Clone> TryBuckets<K> {
    fn new(allowance: TryAllowance) -> Self {
        Self { allowance, buckets: HashMap::new() }
    }

    /// How long until there is another try; zero when there is one.
    fn wait(&self, key: &K, now: Instant) -> Duration {
        let TryAllowance { burst, every } = self.allowance;
        self.until_full(key, now).saturating_sub(every * burst.saturating_sub(1))
    }

    /// How long until nothing is known of any try; zero when nothing is.
    fn until_full(&self, key: &K, now: Instant) -> Duration {
        self.buckets.get(key).map_or(Duration::ZERO, |bucket| bucket.full_at.saturating_duration_since(now))
    }

    /// Takes a try, also where there is none left, up to an empty bucket.
    fn take(&mut self, key: &K, now: Instant) {
        if self.buckets.len() >= SIGN_IN_BUCKETS_MAX && !self.buckets.contains_key(key) {
            self.make_room(now);
        }
        let TryAllowance { burst, every } = self.allowance;
        let bucket = self.buckets.entry(key.clone()).or_insert(TryBucket { full_at: now });
        bucket.full_at = (bucket.full_at.max(now) + every).min(now + every * burst);
    }

    /// Gives a try back.
    fn give_back(&mut self, key: &K) {
        if let Some(bucket) = self.buckets.get_mut(key)
            && let Some(full_at) = bucket.full_at.checked_sub(self.allowance.every)
        {
            bucket.full_at = full_at;
        }
    }

    /// Drops the full ones, and where none is full the one that is next to be.
    fn make_room(&mut self, now: Instant) {
        self.buckets.retain(|_, bucket| bucket.full_at > now);
        if self.buckets.len() >= SIGN_IN_BUCKETS_MAX
            && let Some(next) = self.buckets.iter().min_by_key(|(_, bucket)| bucket.full_at)
        {
            let next = next.0.clone();
            self.buckets.remove(&next);
        }
    }
}

#[derive(Debug)]
struct AllBuckets {
    addresses: TryBuckets<TryingAddress>,
    accounts: TryBuckets<TriedName>,
    pairs: TryBuckets<(TryingAddress, TriedName)>,
}

/// Who has tried how often.
#[derive(Debug)]
pub struct SignInThrottle(Mutex<AllBuckets>);

impl Default for SignInThrottle {
    fn default() -> Self {
        Self(Mutex::new(AllBuckets {
            addresses: TryBuckets::new(SIGN_IN_ADDRESS_TRIES),
            accounts: TryBuckets::new(SIGN_IN_ACCOUNT_TRIES),
            pairs: TryBuckets::new(SIGN_IN_PAIR_TRIES),
        }))
    }
}

impl SignInThrottle {
    /// Takes a try of that address with that name.
    ///
    /// # Errors
    /// Where it has none: how long until it has one.
    pub fn take(&self, address: TryingAddress, name: &TriedName, now: Instant) -> Result<(), Duration> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pair = (address, name.clone());
        let mut wait = all.addresses.wait(&address, now).max(all.pairs.wait(&pair, now));
        let account_wait = all.accounts.wait(name, now);
        if !account_wait.is_zero() {
            // Many fail with this account: an address counts that has nothing to do with that, and no other.
            wait = wait.max(account_wait.min(all.pairs.until_full(&pair, now)));
        }
        if !wait.is_zero() {
            return Err(wait);
        }
        all.addresses.take(&address, now);
        all.accounts.take(name, now);
        all.pairs.take(&pair, now);
        Ok(())
    }

    /// It was the password: the try that was taken does not count, nor do those before of that address with that name.
    pub fn forgive(&self, address: TryingAddress, name: &TriedName) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.addresses.give_back(&address);
        all.accounts.give_back(name);
        all.pairs.buckets.remove(&(address, name.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u32) -> TryingAddress {
        TryingAddress::of(IpAddr::from(n.to_be_bytes()))
    }

    fn name(text: &str) -> TriedName {
        StaffUserName::parse(text)
    }

    /// Tries until the throttle refuses; how many it let through.
    fn exhaust(throttle: &SignInThrottle, address: TryingAddress, name: &TriedName, now: Instant) -> u32 {
        (0..1_000).take_while(|_| throttle.take(address, name, now).is_ok()).count() as u32
    }

    #[test]
    fn one_address_with_one_account_has_few_tries_and_one_more_after_a_while() {
        let (throttle, now, ana) = (SignInThrottle::default(), Instant::now(), name("ana"));
        assert_eq!(exhaust(&throttle, address(1), &ana, now), SIGN_IN_PAIR_TRIES.burst);
        let wait = throttle.take(address(1), &ana, now).expect_err("refused");
        assert!(!wait.is_zero() && wait <= SIGN_IN_PAIR_TRIES.every, "{wait:?}");
        assert_eq!(exhaust(&throttle, address(1), &ana, now + wait), 1);
    }

    #[test]
    fn one_address_has_some_tries_whatever_the_accounts() {
        let (throttle, now) = (SignInThrottle::default(), Instant::now());
        let names = (0..1_000).map(|n| name(&format!("user-{n}")));
        let tries = names.take_while(|name| throttle.take(address(1), name, now).is_ok()).count() as u32;
        assert_eq!(tries, SIGN_IN_ADDRESS_TRIES.burst);
        assert!(throttle.take(address(2), &name("ana"), now).is_ok(), "another address is not concerned");
    }

    #[test]
    fn an_attack_from_many_addresses_does_not_lock_the_owner_out() {
        let (throttle, now, ana) = (SignInThrottle::default(), Instant::now(), name("ana"));
        let mut tries = 0;
        for n in 0..2_000 {
            tries += exhaust(&throttle, address(n), &ana, now);
        }
        // At first some with more than one each; then an address has one, and none before it is forgotten.
        assert!((2_000..2_000 + SIGN_IN_ACCOUNT_TRIES.burst).contains(&tries), "{tries}");
        assert!(throttle.take(address(0), &ana, now).is_err());
        assert!(throttle.take(address(9_999), &ana, now).is_ok(), "the owner's own address gets in");
    }

    #[test]
    fn the_password_makes_good_what_was_mistyped() {
        let (throttle, now, ana) = (SignInThrottle::default(), Instant::now(), name("ana"));
        for _ in 0..200 {
            for _ in 0..2 {
                assert!(throttle.take(address(1), &ana, now).is_ok());
                throttle.forgive(address(1), &ana);
            }
        }
        assert_eq!(exhaust(&throttle, address(1), &ana, now), SIGN_IN_PAIR_TRIES.burst);
    }

    #[test]
    fn tries_come_back_with_time_and_not_beyond_the_first() {
        let (throttle, now, ana) = (SignInThrottle::default(), Instant::now(), name("ana"));
        exhaust(&throttle, address(1), &ana, now);
        let later = now + Duration::from_secs(24 * 60 * 60);
        assert_eq!(exhaust(&throttle, address(1), &ana, later), SIGN_IN_PAIR_TRIES.burst);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (throttle, now) = (SignInThrottle::default(), Instant::now());
        for n in 0..(SIGN_IN_BUCKETS_MAX as u32 + 500) {
            let _ = throttle.take(address(n), &name(&format!("user-{n}")), now);
        }
        let all = throttle.0.lock().expect("no panic");
        let sizes = [all.addresses.buckets.len(), all.accounts.buckets.len(), all.pairs.buckets.len()];
        assert!(sizes.iter().all(|size| *size <= SIGN_IN_BUCKETS_MAX), "{sizes:?}");
    }

    #[test]
    fn a_household_is_one_address() {
        let parse = |text: &str| TryingAddress::of(text.parse().expect("an address"));
        assert_eq!(parse("2001:db8:1:2::1"), parse("2001:db8:1:2:ffff::9"));
        assert_ne!(parse("2001:db8:1:2::1"), parse("2001:db8:1:3::1"));
        assert_eq!(parse("::ffff:192.0.2.7"), parse("192.0.2.7"));
        assert_ne!(parse("192.0.2.7"), parse("192.0.2.8"));
    }
}
