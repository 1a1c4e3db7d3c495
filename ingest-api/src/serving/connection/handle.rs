//! How the layers above tell their connection what it must know: handlers, middleware and answers hold this handle,
//! and see no bytes of the connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A handle to one connection, for the handlers of its requests.
#[derive(Debug, Clone, Default)]
pub struct ConnectionHandle(Arc<ConnectionFlags>);

#[derive(Debug, Default)]
struct ConnectionFlags {
    half_close: AtomicBool,
    body_wanted: AtomicBool,
    answered: AtomicBool,
    ending: AtomicBool,
}

impl ConnectionHandle {
    /// Closes our half of the connection once everything that was written so far is flushed.
    pub fn half_close_after_this_answer(&self) {
        self.0.half_close.store(true, Ordering::Release);
    }

    /// Says that the handler starts to read the body: only then is the client asked for it.
    pub fn body_is_wanted(&self) {
        self.0.body_wanted.store(true, Ordering::Release);
    }

    /// Says that the whole answer to the request was given to the connection.
    pub fn answer_is_made(&self) {
        self.0.answered.store(true, Ordering::Release);
    }

    /// Whether this is the last request of the connection.
    pub fn is_ending(&self) -> bool {
        self.0.ending.load(Ordering::Acquire)
    }

    pub(super) fn set_ending(&self) {
        self.0.ending.store(true, Ordering::Release);
    }

    pub(super) fn wants_half_close(&self) -> bool {
        self.0.half_close.load(Ordering::Acquire)
    }

    pub(super) fn wants_body(&self) -> bool {
        self.0.body_wanted.load(Ordering::Acquire)
    }

    /// Whether an answer was completed since the last call.
    pub(super) fn take_answer(&self) -> bool {
        self.0.answered.swap(false, Ordering::AcqRel)
    }

    /// Resets what belongs to one request, at the start of the next.
    pub(super) fn begin(&self) {
        self.0.body_wanted.store(false, Ordering::Release);
    }
}
