//! The pauses between two tries of the same thing: they double from a first one to a longest one, and each is drawn at
//! random from the upper half of its step, so that instances which failed together do not all come back together.
//!
//! Pure: nobody sleeps here, and nothing is retried. Who waits, for how long in all, and what is worth another try is
//! the caller's; the bounds are in the `limits.rs` of the crate that names them.

use std::time::Duration;

use rand::{Rng, RngExt as _};

/// The bounds of the pauses, fixed where they are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetrySchedule {
    first: Duration,
    longest: Duration,
}

impl RetrySchedule {
    /// From `first`, doubled each time, up to `longest`.
    ///
    /// # Panics
    /// If the first pause is zero or above the longest: in a constant, when it is compiled.
    pub const fn new(first: Duration, longest: Duration) -> Self {
        assert!(!first.is_zero() && first.as_nanos() <= longest.as_nanos(), "pauses grow from the first");
        Self { first, longest }
    }

    /// The pauses of one row of tries, from the first one on.
    pub const fn start(self) -> Backoff {
        Backoff { schedule: self, step: self.first }
    }

    /// No pause is longer.
    pub const fn longest(self) -> Duration {
        self.longest
    }
}

/// The pauses of one row of tries.
#[derive(Debug, Clone)]
pub struct Backoff {
    schedule: RetrySchedule,
    /// The next pause at most.
    step: Duration,
}

impl Backoff {
    /// The next pause: between half of its step and the whole of it.
    pub fn next_pause(&mut self) -> Duration {
        self.draw(&mut rand::rng())
    }

    /// It worked: the next pause is a first one again.
    pub fn reset(&mut self) {
        self.step = self.schedule.first;
    }

    fn draw(&mut self, random: &mut impl Rng) -> Duration {
        let step = self.step;
        self.step = step.saturating_mul(2).min(self.schedule.longest);
        step.mul_f64(random.random_range(0.5..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng as _;

    use super::*;

    const SCHEDULE: RetrySchedule = RetrySchedule::new(Duration::from_millis(20), Duration::from_millis(150));

    #[test]
    fn pauses_double_to_the_longest_and_begin_anew_after_a_success() {
        let mut random = ChaCha8Rng::seed_from_u64(9);
        let mut backoff = SCHEDULE.start();
        for _ in 0..2 {
            for step_ms in [20, 40, 80, 150, 150, 150] {
                let step = Duration::from_millis(step_ms);
                let pause = backoff.draw(&mut random);
                assert!(step / 2 <= pause && pause <= step, "{pause:?} of {step:?}");
            }
            backoff.reset();
        }
    }

    #[test]
    fn two_that_failed_together_do_not_come_back_together() {
        let pauses = |seed| -> Vec<Duration> {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let mut backoff = SCHEDULE.start();
            (0..6).map(|_| backoff.draw(&mut random)).collect()
        };
        assert_eq!(pauses(1), pauses(1), "by the seed alone");
        assert!(pauses(1).iter().zip(pauses(2)).all(|(one, other)| *one != other));
    }

    #[test]
    fn a_row_without_end_stays_at_the_longest() {
        let mut backoff = SCHEDULE.start();
        let pauses: Vec<Duration> = (0..10_000).map(|_| backoff.next_pause()).collect();
        assert!(pauses.iter().all(|pause| *pause <= SCHEDULE.longest()));
    }
}
