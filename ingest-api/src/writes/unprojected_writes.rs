//! Writes with repetitions that are in the log and that the read model did not show when their caller left: what a
//! retry is told meanwhile. Nothing here is needed for correctness: an instance that has forgotten, or was started
//! again, appends once more, and the fold takes that for the repetition it is. It spares both logs the copies of a
//! retry, and lets this instance refuse another body at once.

use domain::event::{Fingerprint, Source};
use domain::ids::VerificationId;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::answer::WriteAnswer;
use crate::limits::UNPROJECTED_WRITES_MAX;

/// A write that is in the log.
#[derive(Debug, Clone)]
pub struct UnprojectedWrite {
    /// The verification that it becomes.
    pub verification: VerificationId,
    /// Its body's.
    pub fingerprint: Fingerprint,
    /// Where its event stands.
    pub position: Source,
    /// What its caller is told while the read model does not show it.
    pub answer: WriteAnswer,
}

/// All of them; those that nobody asked for longest go when there are too many.
#[derive(Debug, Clone)]
pub struct UnprojectedWrites(Cache<VerificationId, UnprojectedWrite>);

impl Default for UnprojectedWrites {
    fn default() -> Self {
        Self::with_capacity(UNPROJECTED_WRITES_MAX)
    }
}

impl UnprojectedWrites {
    fn with_capacity(writes_max: u64) -> Self {
        let cache = Cache::builder().max_capacity(writes_max).eviction_policy(EvictionPolicy::lru());
        Self(cache.build())
    }

    /// What is known of that write.
    pub fn find(&self, id: &VerificationId) -> Option<UnprojectedWrite> {
        self.0.get(id)
    }

    /// Forgets a write that the read model shows.
    pub fn forget(&self, id: &VerificationId) {
        self.0.invalidate(id);
    }

    /// Keeps it once nobody waits for it any more, unless [`UnprojectedGuard::is_seen`] comes first.
    pub fn watch(&self, write: UnprojectedWrite) -> UnprojectedGuard {
        UnprojectedGuard { writes: self.clone(), write: Some(write) }
    }

    fn keep(&self, write: UnprojectedWrite) {
        self.0.insert(write.verification.clone(), write);
    }
}

/// A write that somebody waits for. When they leave, be it that their connection broke, it is kept.
#[derive(Debug)]
pub struct UnprojectedGuard {
    writes: UnprojectedWrites,
    write: Option<UnprojectedWrite>,
}

impl UnprojectedGuard {
    /// The read model shows what became of it.
    pub fn is_seen(mut self) {
        if let Some(write) = self.write.take() {
            self.writes.forget(&write.verification);
        }
    }
}

impl Drop for UnprojectedGuard {
    fn drop(&mut self) {
        if let Some(write) = self.write.take() {
            self.writes.keep(write);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::event::{Offset, Partition, TopicId};

    fn id(n: u64) -> VerificationId {
        VerificationId::from_bytes(u128::from(n).to_be_bytes())
    }

    fn write(n: u64) -> UnprojectedWrite {
        UnprojectedWrite {
            verification: id(n),
            fingerprint: Fingerprint([7; 32]),
            position: Source { topic_id: TopicId([1; 16]), partition: Partition(0), offset: Offset(n) },
            answer: WriteAnswer::accepted("/somewhere".into(), &n).expect("JSON"),
        }
    }

    #[test]
    fn it_is_kept_when_its_caller_leaves_and_forgotten_when_it_is_seen() {
        let writes = UnprojectedWrites::default();
        let first = writes.watch(write(1));
        assert!(writes.find(&id(1)).is_none(), "its flight is under way");
        drop(first);
        let found = writes.find(&id(1)).expect("kept");
        assert_eq!(found.position.offset, Offset(1));
        writes.watch(found).is_seen();
        assert!(writes.find(&id(1)).is_none());
        writes.watch(write(2)).is_seen();
        assert!(writes.find(&id(2)).is_none());
    }

    #[test]
    fn the_oldest_goes_when_there_are_too_many_and_the_newest_is_always_kept() {
        const MAX: u64 = 100;
        let writes = UnprojectedWrites::with_capacity(MAX);
        let keep = |n| {
            writes.keep(write(n));
            writes.0.run_pending_tasks();
        };
        let has = |n| writes.0.contains_key(&id(n));
        for n in 0..=MAX {
            keep(n);
        }
        assert!(!has(0) && has(1) && has(MAX));
        // Kept anew, it is the youngest.
        keep(1);
        keep(0);
        assert!(has(0) && has(1) && !has(2));
        assert_eq!(writes.0.entry_count(), MAX);
    }
}
