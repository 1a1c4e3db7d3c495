//! Rate limits: fixed windows of a minute per API key and bucket, on this instance. A window starts at the
//! first request of its key and bucket.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Instant;

use domain::ids::ApiKeyId;
use domain::orgs::{RateBucket, RateLimits};
use domain::time::Timestamp;

use crate::limits::{RATE_UNLIMITED, RATE_WINDOW, RATE_WINDOWS_MAX};

/// What the `X-RateLimit-…` headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateState {
    /// Requests a minute.
    pub limit: u32,
    /// Requests left in the window.
    pub remaining: u32,
    /// When the window ends, in Unix seconds, rounded up.
    pub reset_unix_s: u64,
    /// Seconds until then, rounded up, at least 1.
    pub retry_after_s: u64,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    started: Instant,
    used: u32,
}

/// Shards, so that keys rarely wait for one another.
const SHARDS: usize = 16;

type Shard = Mutex<HashMap<(ApiKeyId, RateBucket), Window>>;

/// Counts requests.
#[derive(Debug)]
pub struct Limiter {
    shards: [Shard; SHARDS],
}

impl Default for Limiter {
    fn default() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()) }
    }
}

impl Limiter {
    /// Counts one request. True when it may go on. `now` and `clock` are the same moment on both clocks.
    pub fn count(
        &self,
        key: &ApiKeyId,
        bucket: RateBucket,
        limits: &RateLimits,
        now: Instant,
        clock: Timestamp,
    ) -> (bool, RateState) {
        let limit = limits.per_minute(bucket);
        if limit == 0 {
            return (true, state(RATE_UNLIMITED, RATE_UNLIMITED, RATE_WINDOW.as_millis() as u64, clock));
        }
        let mut shard = self.shard(key).lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if shard.len() >= RATE_WINDOWS_MAX / SHARDS {
            shard.retain(|_, window| now.duration_since(window.started) < RATE_WINDOW);
            if shard.len() >= RATE_WINDOWS_MAX / SHARDS {
                // More live keys than the bound: all start over rather than memory growing.
                shard.clear();
            }
        }
        let window = shard.entry((key.clone(), bucket)).or_insert(Window { started: now, used: 0 });
        if now.duration_since(window.started) >= RATE_WINDOW {
            *window = Window { started: now, used: 0 };
        }
        let allowed = window.used < limit;
        if allowed {
            window.used += 1;
        }
        let left_ms = RATE_WINDOW.saturating_sub(now.duration_since(window.started)).as_millis() as u64;
        (allowed, state(limit, limit.saturating_sub(window.used), left_ms, clock))
    }

    fn shard(&self, key: &ApiKeyId) -> &Shard {
        // An id's last character is as good as random.
        let byte = key.as_str().as_bytes().last().copied().unwrap_or_default();
        &self.shards[usize::from(byte) % SHARDS]
    }
}

fn state(limit: u32, remaining: u32, left_ms: u64, clock: Timestamp) -> RateState {
    let end_ms = clock.millis().unsigned_abs() + left_ms;
    RateState {
        limit,
        remaining,
        reset_unix_s: end_ms.div_ceil(1_000),
        retry_after_s: left_ms.div_ceil(1_000).max(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn limits(verdicts: u32) -> RateLimits {
        [(RateBucket::NikDukcapil, verdicts)].into_iter().collect()
    }

    fn key(n: u8) -> ApiKeyId {
        ApiKeyId::from_bytes([n; 16])
    }

    #[test]
    fn a_window_lets_through_as_many_as_the_limit_and_then_none_until_it_ends() {
        let limiter = Limiter::default();
        let (start, clock) = (Instant::now(), Timestamp::from_millis(1_000_500));
        let count = |after: Duration| {
            let clock = Timestamp::from_millis(clock.millis() + after.as_millis() as i64);
            limiter.count(&key(1), RateBucket::NikDukcapil, &limits(2), start + after, clock)
        };
        let (first, state) = count(Duration::ZERO);
        assert!(first);
        assert_eq!((state.limit, state.remaining, state.reset_unix_s), (2, 1, 1_061));
        assert!(count(Duration::from_secs(59)).0);
        let (third, state) = count(Duration::from_millis(59_500));
        assert!(!third);
        assert_eq!((state.remaining, state.retry_after_s, state.reset_unix_s), (0, 1, 1_061));
        let (fourth, state) = count(Duration::from_secs(60));
        assert!(fourth);
        assert_eq!((state.remaining, state.reset_unix_s), (1, 1_121));
    }

    #[test]
    fn keys_and_buckets_do_not_share() {
        let limiter = Limiter::default();
        let (now, clock) = (Instant::now(), Timestamp::default());
        assert!(limiter.count(&key(1), RateBucket::NikDukcapil, &limits(1), now, clock).0);
        assert!(!limiter.count(&key(1), RateBucket::NikDukcapil, &limits(1), now, clock).0);
        assert!(limiter.count(&key(2), RateBucket::NikDukcapil, &limits(1), now, clock).0);
        assert!(limiter.count(&key(1), RateBucket::Get, &limits(1), now, clock).0);
    }

    #[test]
    fn zero_is_no_limit() {
        let limiter = Limiter::default();
        for _ in 0..1_000 {
            let (allowed, state) = limiter.count(
                &key(1),
                RateBucket::NikDukcapil,
                &limits(0),
                Instant::now(),
                Timestamp::from_millis(0),
            );
            assert!(allowed);
            assert_eq!(state.limit, RATE_UNLIMITED);
        }
    }

    #[test]
    fn windows_are_bounded() {
        let limiter = Limiter::default();
        for n in 0..(RATE_WINDOWS_MAX as u128 * 2) {
            let key = ApiKeyId::from_bytes(n.to_be_bytes());
            limiter.count(
                &key,
                RateBucket::Get,
                &RateLimits::default(),
                Instant::now(),
                Timestamp::default(),
            );
        }
        let kept: usize = limiter.shards.iter().map(|shard| shard.lock().expect("no panic").len()).sum();
        assert!(kept <= RATE_WINDOWS_MAX);
    }
}
