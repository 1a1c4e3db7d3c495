//! The jitter of a simulation, which must follow its seed: for one thread, and only while the simulation runs on it.

use std::cell::RefCell;
use std::marker::PhantomData;

use rand::SeedableRng as _;
use rand::rngs::StdRng;

thread_local! {
    static SEEDED: RefCell<Option<StdRng>> = const { RefCell::new(None) };
}

/// Until it is dropped, the pauses that this thread draws follow the seed. Programs never have one: instances that
/// failed together must not come back together.
#[derive(Debug)]
#[must_use = "dropped, it lets the thread draw at random again"]
pub struct SeededJitter {
    /// It cannot be dropped on another thread than its own.
    _of_this_thread: PhantomData<*const ()>,
}

impl SeededJitter {
    /// From now on, by that seed.
    pub fn on_this_thread(seed: u64) -> Self {
        SEEDED.set(Some(StdRng::seed_from_u64(seed)));
        Self { _of_this_thread: PhantomData }
    }
}

impl Drop for SeededJitter {
    fn drop(&mut self) {
        SEEDED.set(None);
    }
}

/// Draws from this thread's seeded source, if it has one.
pub(crate) fn with_seeded<T>(draw: impl FnOnce(Option<&mut StdRng>) -> T) -> T {
    SEEDED.with_borrow_mut(|seeded| draw(seeded.as_mut()))
}
