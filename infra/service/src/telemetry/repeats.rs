//! Lines that a driver says again and again while its servers are away: each place in its source is let through
//! once, and again after a while. What fails because of it is said where it is handled, and counted.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::callsite::Identifier;
use tracing::subscriber::Interest;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Filter};

use crate::limits::{REPEATED_LINE_EVERY, REPEATED_LINES_MAX};

/// Whose lines are meant: the CQL driver's, four a second and more while no node answers.
const DRIVERS: [&str; 1] = ["scylla"];

/// Lets a driver's line through unless the same place said something a short while ago.
pub(super) struct Repeats {
    every: Duration,
    said: Mutex<HashMap<Identifier, Instant>>,
}

impl Default for Repeats {
    fn default() -> Self {
        Self { every: REPEATED_LINE_EVERY, said: Mutex::default() }
    }
}

/// Debug lines are there only when somebody asked for them.
fn is_meant(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    *metadata.level() <= Level::INFO && DRIVERS.iter().any(|name| target.starts_with(name))
}

impl Repeats {
    fn lets_through(&self, metadata: &Metadata<'_>) -> bool {
        let now = Instant::now();
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let place = metadata.callsite();
        let recently = said.get(&place).is_some_and(|last| now.duration_since(*last) < self.every);
        if recently {
            return false;
        }
        if said.len() < REPEATED_LINES_MAX || said.contains_key(&place) {
            said.insert(place, now);
        }
        true
    }
}

impl<S> Filter<S> for Repeats {
    // Not by `event_enabled`: where every layer's filter refuses an event there, the registry keeps the refusal for
    // the next event of the thread (tracing-subscriber 0.3).
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        !is_meant(metadata) || self.lets_through(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        // Asked for each event of a driver, and never again for anybody else's.
        if is_meant(metadata) { Interest::sometimes() } else { Interest::always() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tracing::Event;
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::{EnvFilter, Layer, Registry};

    use super::*;

    #[derive(Clone, Default)]
    struct Counted(Arc<AtomicUsize>);

    impl<S: tracing::Subscriber> Layer<S> for Counted {
        fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn counted(every: Duration, say: impl Fn()) -> usize {
        use tracing_subscriber::filter::FilterExt as _;
        let counted = Counted::default();
        let repeats = Repeats { every, said: Mutex::default() };
        let filter = EnvFilter::new("debug").and(repeats);
        let subscriber = Registry::default().with(counted.clone().with_filter(filter));
        tracing::subscriber::with_default(subscriber, say);
        counted.0.load(Ordering::Relaxed)
    }

    #[test]
    fn a_drivers_line_is_said_once_in_a_while_and_everything_else_each_time() {
        let long = Duration::from_secs(3_600);
        let five = |say: fn()| move || (0..5).for_each(|_| say());
        let driver = || tracing::warn!(target: "scylla::cluster::worker", "no node answers");
        assert_eq!(counted(long, five(driver)), 1);
        assert_eq!(counted(Duration::ZERO, five(driver)), 5);
        let two = || {
            tracing::warn!(target: "scylla::cluster::worker", "no node answers");
            tracing::error!(target: "scylla::network", "a connection broke");
        };
        assert_eq!(counted(long, five(two)), 2);
        assert_eq!(counted(long, five(|| tracing::debug!(target: "scylla::network", "asked for"))), 5);
        assert_eq!(counted(long, five(|| tracing::warn!(target: "projector::partition", "ours"))), 5);
    }
}
