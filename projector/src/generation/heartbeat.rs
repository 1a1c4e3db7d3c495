//! Saying which pointer is worked by, for as long as a rebuild may want to know. Whoever follows the pointer
//! says it the same way; who may work by what, and since when, is theirs.

use std::sync::Arc;

use domain::ports::{Acknowledgement, Generations, Pointer};
use tokio::time::Instant;
use tracing::warn;

use crate::limits::ACKNOWLEDGE_EVERY;

/// What one instance says.
pub(crate) struct Beats {
    generations: Arc<dyn Generations>,
    instance: String,
    said: Option<(u64, Instant)>,
    beat: u64,
}

impl Beats {
    pub(crate) fn new(generations: Arc<dyn Generations>, instance: String) -> Self {
        Self { generations, instance, said: None, beat: 0 }
    }

    /// After a look at the pointer: says which version is worked by, when it is time, and nothing at rest.
    pub(crate) async fn after(&mut self, pointer: &Pointer, works_by: u64) {
        if pointer.beside.is_none() {
            if self.said.take().is_some() {
                self.leave().await;
            }
            return;
        }
        let due = self.said.is_none_or(|(said, at)| said != works_by || at.elapsed() >= ACKNOWLEDGE_EVERY);
        if !due {
            return;
        }
        self.beat += 1;
        let now = Acknowledgement { instance: self.instance.clone(), version: works_by, beat: self.beat };
        // A store that does not answer is met, and logged, by whoever works with it.
        if self.generations.acknowledge(&self.instance, Some(&now)).await.is_ok() {
            self.said = Some((works_by, Instant::now()));
        }
    }

    /// Says nothing any more.
    pub(crate) async fn leave(&self) {
        if let Err(error) = self.generations.acknowledge(&self.instance, None).await {
            // It is waited for a little longer, then taken for gone.
            warn!(%error, "could not say that this instance no longer follows");
        }
    }
}
