//! The heartbeat of an instance: which version of the pointer it applies, for as long as a rebuild may want to know.
//! Projectors and readers send it the same way; from when on they apply a version is decided by their callers.

use std::sync::Arc;

use domain::ports::{Acknowledgement, Generations, Pointer};
use tokio::time::Instant;
use tracing::warn;

use crate::limits::ACKNOWLEDGE_EVERY;

pub(crate) struct Heartbeat {
    generations: Arc<dyn Generations>,
    instance: String,
    /// The version that was last acknowledged, and when.
    acknowledged: Option<(u64, Instant)>,
    beat: u64,
}

impl Heartbeat {
    pub(crate) fn new(generations: Arc<dyn Generations>, instance: String) -> Self {
        Self { generations, instance, acknowledged: None, beat: 0 }
    }

    /// To be called after each read of the pointer. Acknowledges the applied version when that is due; while there
    /// is only one generation nothing is acknowledged.
    pub(crate) async fn after_read(&mut self, pointer: &Pointer, applied: u64) {
        if pointer.beside.is_none() {
            if self.acknowledged.take().is_some() {
                self.withdraw().await;
            }
            return;
        }
        let due = self
            .acknowledged
            .is_none_or(|(version, at)| version != applied || at.elapsed() >= ACKNOWLEDGE_EVERY);
        if !due {
            return;
        }
        self.beat += 1;
        let now = Acknowledgement { instance: self.instance.clone(), version: applied, beat: self.beat };
        // A store that does not answer is met, and logged, by whoever works with it.
        if self.generations.acknowledge(&self.instance, Some(&now)).await.is_ok() {
            self.acknowledged = Some((applied, Instant::now()));
        }
    }

    /// Removes this instance's acknowledgement, so that no rebuild waits for it.
    pub(crate) async fn withdraw(&self) {
        if let Err(error) = self.generations.acknowledge(&self.instance, None).await {
            // A rebuild waits for it a little longer, then takes it for gone.
            warn!(%error, "the acknowledgement of this instance could not be removed");
        }
    }
}
