//! Adapters in memory, for simulations: they pass the contract suites like every other adapter, hold
//! everything in plain maps that can be dumped and compared, and do nothing a seed would not repeat.
//! Programs never use them.

mod access;
mod faces;
mod generations;
mod keys;
mod log;
mod rechecks;
mod review;
mod series;
mod staff;
mod views;

pub use faces::MemoryFaceVectors;
pub use keys::MemoryKeys;
pub use log::MemoryLog;
pub use staff::MemoryStaff;
pub use views::MemoryViews;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A panic elsewhere has failed the test already; what it left is still worth reading.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
