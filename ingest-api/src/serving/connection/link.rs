//! What the layers above say to their connection: handlers, middleware and answers know it, and nothing of bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// One connection, as its requests' handlers see it.
#[derive(Debug, Clone, Default)]
pub struct Link(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    half_close: AtomicBool,
    body_wanted: AtomicBool,
    answered: AtomicBool,
    ending: AtomicBool,
}

impl Link {
    /// Closes our half of the connection once everything that is written so far is out.
    pub fn half_close_after_this_answer(&self) {
        self.0.half_close.store(true, Ordering::Release);
    }

    /// The handler starts to read the body: only now is there a reason to ask the client for it.
    pub fn body_is_wanted(&self) {
        self.0.body_wanted.store(true, Ordering::Release);
    }

    /// The whole answer to the request is handed to the connection.
    pub fn answer_is_made(&self) {
        self.0.answered.store(true, Ordering::Release);
    }

    /// Whether no request can follow this one.
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

    /// Whether an answer was made since this was asked last.
    pub(super) fn take_answer(&self) -> bool {
        self.0.answered.swap(false, Ordering::AcqRel)
    }

    /// Another request begins.
    pub(super) fn begin(&self) {
        self.0.body_wanted.store(false, Ordering::Release);
    }
}
