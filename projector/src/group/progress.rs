//! How far a projector is, for whoever waits for it within the process: readiness is decided by it. Only what
//! the running session has confirmed counts, never a stored position alone: a session that refuses its positions
//! has not begun. Not here: the lag that is shown (`lag`), and positions in the store (`positions`).

use std::collections::BTreeMap;

use domain::event::{Offset, Partition};
use domain::ports::OffsetRange;
use tokio::sync::watch;

/// The progress of a [`crate::ProjectorRunner`]. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SessionProgress(watch::Sender<SessionState>);

/// The session as it stands.
#[derive(Debug, Default)]
struct SessionState {
    /// The group and the positions were taken, perhaps with no partition.
    began: bool,
    /// Of each partition it has: everything before that offset is in the answering generation.
    next: BTreeMap<Partition, Offset>,
}

impl Default for SessionProgress {
    fn default() -> Self {
        Self(watch::Sender::new(SessionState::default()))
    }
}

impl SessionProgress {
    pub(crate) fn began(&self) {
        self.0.send_if_modified(|session| !std::mem::replace(&mut session.began, true));
    }

    pub(crate) fn at(&self, partition: Partition, next: Offset) {
        self.0.send_if_modified(|session| session.next.insert(partition, next) != Some(next));
    }

    pub(crate) fn forget(&self, partition: Partition) {
        self.0.send_if_modified(|session| session.next.remove(&partition).is_some());
    }

    pub(crate) fn ended(&self) {
        self.0.send_replace(SessionState::default());
    }

    /// Which partitions the session has and how far each is, as it changes.
    pub(crate) fn partition_ends(&self) -> PartitionEnds {
        PartitionEnds(self.0.subscribe())
    }

    /// Returns once a session is under way: the log and the store have answered, and the positions fit.
    pub async fn begun(&self) {
        // The sender lives as long as this, so the wait cannot end in an error.
        let _ = self.0.subscribe().wait_for(|session| session.began).await;
    }

    /// Returns once everything before those ends is projected.
    pub async fn reached(&self, ends: &[OffsetRange]) {
        let there = |session: &SessionState| missing(session, ends) == 0 && session.began;
        let _ = self.0.subscribe().wait_for(there).await;
    }

    /// How many events before those ends are not projected yet, as far as is known.
    pub fn missing(&self, ends: &[OffsetRange]) -> u64 {
        missing(&self.0.borrow(), ends)
    }
}

/// The partitions of a session as they come, go and move on: what the second projection goes by.
pub(crate) struct PartitionEnds(watch::Receiver<SessionState>);

impl PartitionEnds {
    /// Everything before these offsets is in the answering generation.
    pub(crate) fn latest(&mut self) -> BTreeMap<Partition, Offset> {
        self.0.borrow_and_update().next.clone()
    }

    /// Returns once they are others than the latest. Whoever asks holds a [`SessionProgress`], or it comes back at once.
    pub(crate) async fn changed(&mut self) {
        let _ = self.0.changed().await;
    }
}

/// A partition that the session does not have counts from its first record, and an empty one as a record: it may
/// still be refused.
fn missing(session: &SessionState, ends: &[OffsetRange]) -> u64 {
    let of = |range: &OffsetRange| match session.next.get(&range.partition) {
        Some(next) => range.end.0.saturating_sub(next.0),
        None => (range.end.0 - range.earliest.0.min(range.end.0)).max(1),
    };
    ends.iter().map(of).sum()
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn range(partition: u32, end: u64) -> OffsetRange {
        OffsetRange { partition: Partition(partition), earliest: Offset(0), end: Offset(end) }
    }

    #[test]
    fn it_is_there_when_every_partition_is_taken_and_projected_that_far() {
        let progress = SessionProgress::default();
        let ends = [range(0, 10), range(1, 0)];
        let reached = || progress.reached(&ends).now_or_never().is_some();
        assert_eq!((progress.missing(&ends), reached()), (11, false), "nothing is known yet");
        progress.began();
        progress.at(Partition(0), Offset(4));
        assert_eq!((progress.missing(&ends), reached()), (7, false));
        progress.at(Partition(1), Offset(0));
        progress.at(Partition(0), Offset(9));
        assert_eq!((progress.missing(&ends), reached()), (1, false));
        progress.at(Partition(0), Offset(12));
        assert_eq!((progress.missing(&ends), reached()), (0, true), "the log has grown since");
        progress.forget(Partition(0));
        assert!(!reached(), "somebody else has it");
    }

    #[test]
    fn a_session_that_ended_says_nothing_of_the_next_one() {
        let progress = SessionProgress::default();
        let begun = || progress.begun().now_or_never().is_some();
        assert!(!begun());
        progress.began();
        progress.at(Partition(0), Offset(10));
        assert!(begun());
        progress.ended();
        assert!(!begun());
        assert_eq!(progress.missing(&[range(0, 10)]), 10);
    }
}
