//! Who looks at an org's verifications as they come: told that something changed, never what. Fed by the outcome stream,
//! so that a change is told of once the read model shows it, whichever instance took it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::ids::OrgId;
use tokio::sync::watch;

use crate::limits::{CHANGE_FOLLOWERS_MAX, CHANGE_FOLLOWERS_OF_ONE_MAX};

/// The followers of changes. Cloning shares them.
#[derive(Debug, Clone, Default)]
pub struct ChangeFeed(Arc<Mutex<Followers>>);

#[derive(Debug, Default)]
struct Followers {
    /// One sender for each org that somebody follows; its number grows with each change.
    by_org: HashMap<OrgId, watch::Sender<u64>>,
    /// How many each of them has.
    by_name: HashMap<String, usize>,
    all: usize,
    is_ended: bool,
}

impl ChangeFeed {
    fn lock(&self) -> MutexGuard<'_, Followers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on, changes of the org are told to the follower. None when that name, or this instance, has as many as
    /// it may, and from the moment on that the instance ends.
    pub fn follow(&self, org: &OrgId, name: &str) -> Option<ChangeFollower> {
        let mut followers = self.lock();
        let of_name = followers.by_name.get(name).copied().unwrap_or(0);
        if followers.is_ended
            || followers.all >= CHANGE_FOLLOWERS_MAX
            || of_name >= CHANGE_FOLLOWERS_OF_ONE_MAX
        {
            return None;
        }
        followers.all += 1;
        *followers.by_name.entry(name.to_owned()).or_default() += 1;
        let sender = followers.by_org.entry(org.clone()).or_insert_with(|| watch::channel(0).0);
        let changes = sender.subscribe();
        Some(ChangeFollower { feed: self.clone(), org: org.clone(), name: name.to_owned(), changes })
    }

    /// Something of the org changed.
    pub fn tell(&self, org: &OrgId) {
        if let Some(sender) = self.lock().by_org.get(org) {
            sender.send_modify(|changes| *changes += 1);
        }
    }

    /// Every follower ends, and nobody follows from now on.
    pub fn end(&self) {
        let mut followers = self.lock();
        followers.is_ended = true;
        followers.by_org.clear();
    }
}

/// Somebody who follows an org's changes; no longer when dropped.
#[derive(Debug)]
pub struct ChangeFollower {
    feed: ChangeFeed,
    org: OrgId,
    name: String,
    changes: watch::Receiver<u64>,
}

impl ChangeFollower {
    /// Returns when something changed since the last time; false when nothing will be told any more.
    pub async fn changed(&mut self) -> bool {
        self.changes.changed().await.is_ok()
    }
}

impl Drop for ChangeFollower {
    fn drop(&mut self) {
        let mut followers = self.feed.lock();
        followers.all = followers.all.saturating_sub(1);
        if let Some(of_name) = followers.by_name.get_mut(&self.name) {
            *of_name = of_name.saturating_sub(1);
            if *of_name == 0 {
                followers.by_name.remove(&self.name);
            }
        }
        // This follower's own receiver is still there.
        if followers.by_org.get(&self.org).is_some_and(|sender| sender.receiver_count() <= 1) {
            followers.by_org.remove(&self.org);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn org(n: u8) -> OrgId {
        OrgId::from_bytes([n; 16])
    }

    #[tokio::test]
    async fn a_change_is_told_to_its_orgs_followers_once_and_to_no_other() {
        let feed = ChangeFeed::default();
        let mut ours = feed.follow(&org(1), "ana").expect("a follower");
        let mut theirs = feed.follow(&org(2), "budi").expect("a follower");
        feed.tell(&org(1));
        feed.tell(&org(1));
        assert!(ours.changed().await);
        assert!(!ours.changes.has_changed().expect("told"), "two at once are one");
        assert!(!theirs.changes.has_changed().expect("told"));
        feed.tell(&org(2));
        assert!(theirs.changed().await);
    }

    #[tokio::test]
    async fn followers_are_bounded_by_name_and_in_all_and_end_together() {
        let feed = ChangeFeed::default();
        let mut of_one: Vec<_> = (0..CHANGE_FOLLOWERS_OF_ONE_MAX)
            .map(|_| feed.follow(&org(1), "ana").expect("a follower"))
            .collect();
        assert!(feed.follow(&org(1), "ana").is_none());
        of_one.pop();
        assert!(feed.follow(&org(1), "ana").is_some(), "one that has left makes room");
        let mut many: Vec<ChangeFollower> =
            (0..CHANGE_FOLLOWERS_MAX).filter_map(|n| feed.follow(&org(3), &n.to_string())).collect();
        assert_eq!(of_one.len() + many.len(), CHANGE_FOLLOWERS_MAX);
        assert!(feed.follow(&org(4), "citra").is_none());
        feed.end();
        assert!(!many.pop().expect("one").changed().await);
        assert!(feed.follow(&org(1), "dewi").is_none());
        drop((many, of_one));
        assert_eq!(feed.lock().all, 0);
        assert!(feed.lock().by_name.is_empty() && feed.lock().by_org.is_empty());
    }
}
