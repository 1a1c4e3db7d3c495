//! Groups on the embedded engine: one process owns the log, so one member has all partitions and the others
//! wait to take over. Which member that is lives in memory; positions are the callers'.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use domain::event::{Offset, Partition};
use domain::ports::{LogError, Member, Polled, ReadBounds, StartPositions, Topic};
use tokio::sync::watch;
use tokio::time::timeout_at;

use super::SqliteLogShared;
use super::follow::{TopicCursors, deadline};
use crate::limits::GROUP_MEMBERS_MAX;

/// One group: its members in the order they came; the first has the partitions.
#[derive(Default)]
struct MemberGroup {
    members: Vec<u64>,
    /// What its members reported, by partition.
    next: HashMap<Partition, Offset>,
}

/// All groups of this process.
pub(super) struct MemberGroups {
    groups: Mutex<HashMap<(Topic, String), MemberGroup>>,
    /// Rings when a member leaves; counts the members that ever came.
    changes: watch::Sender<u64>,
}

impl MemberGroups {
    pub(super) fn new() -> Self {
        Self { groups: Mutex::new(HashMap::new()), changes: watch::Sender::new(0) }
    }

    /// What members reported last, in the order of partitions.
    pub(super) fn reported(&self, topic: Topic, group: &str) -> Vec<(Partition, Offset)> {
        let groups = self.lock();
        let found = groups.get(&(topic, group.to_owned()));
        let mut next: Vec<_> = found.iter().flat_map(|g| &g.next).map(|(p, o)| (*p, *o)).collect();
        next.sort_unstable();
        next
    }

    fn enter(&self, topic: Topic, group: &str) -> Result<u64, LogError> {
        let mut groups = self.lock();
        let members = &mut groups.entry((topic, group.to_owned())).or_default().members;
        if members.len() >= GROUP_MEMBERS_MAX {
            return Err(LogError::Unavailable(format!("the group {group} has {GROUP_MEMBERS_MAX} members")));
        }
        let mut id = 0;
        self.changes.send_modify(|count| {
            *count += 1;
            id = *count;
        });
        members.push(id);
        Ok(id)
    }

    fn exit(&self, topic: Topic, group: &str, id: u64) {
        if let Some(group) = self.lock().get_mut(&(topic, group.to_owned())) {
            group.members.retain(|member| *member != id);
        }
        self.changes.send_modify(|_| {});
    }

    fn has_partitions(&self, topic: Topic, group: &str, id: u64) -> bool {
        let groups = self.lock();
        groups.get(&(topic, group.to_owned())).is_some_and(|group| group.members.first() == Some(&id))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(Topic, String), MemberGroup>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The port's member.
pub(super) struct SqliteMember {
    shared: Arc<SqliteLogShared>,
    topic: Topic,
    group: String,
    id: u64,
    positions: Arc<dyn StartPositions>,
    changes: watch::Receiver<u64>,
    /// There once it has its partitions and their positions.
    cursors: Option<TopicCursors>,
    left: bool,
}

impl SqliteMember {
    pub(super) fn join(
        shared: Arc<SqliteLogShared>,
        topic: Topic,
        group: &str,
        positions: Arc<dyn StartPositions>,
    ) -> Result<Self, LogError> {
        let changes = shared.groups.changes.subscribe();
        let id = shared.groups.enter(topic, group)?;
        let group = group.to_owned();
        Ok(Self { shared, topic, group, id, positions, changes, cursors: None, left: false })
    }

    /// Asks where to start, and reads once from there: a position that does not fit gives no partitions.
    async fn take_over(&mut self, bounds: ReadBounds) -> Result<Polled, LogError> {
        let topic = self.shared.describe(self.topic).await?;
        let assigned: Vec<_> = (0..topic.partitions).map(Partition).collect();
        let starts = self.positions.start_positions(&topic, &assigned).await?;
        if starts.len() != assigned.len() {
            return Err(LogError::Halted(format!(
                "{} start positions for {} partitions of {}",
                starts.len(),
                assigned.len(),
                self.topic.name()
            )));
        }
        let at = assigned.iter().copied().zip(starts).collect();
        let mut cursors = TopicCursors::following(Arc::clone(&self.shared), topic, at);
        let records = cursors.take(bounds).await?;
        self.cursors = Some(cursors);
        Ok(Polled { assigned, revoked: Vec::new(), records })
    }

    fn exit(&mut self) {
        if !self.left {
            self.left = true;
            self.cursors = None;
            self.shared.groups.exit(self.topic, &self.group, self.id);
        }
    }
}

#[async_trait]
impl Member for SqliteMember {
    async fn poll(&mut self, bounds: ReadBounds) -> Result<Polled, LogError> {
        if self.left {
            return Err(LogError::Halted(format!("this member has left the group {}", self.group)));
        }
        if let Some(cursors) = &mut self.cursors {
            return Ok(Polled { records: cursors.next(bounds).await?, ..Polled::default() });
        }
        let deadline = deadline(bounds);
        loop {
            self.changes.borrow_and_update();
            if self.shared.groups.has_partitions(self.topic, &self.group, self.id) {
                return self.take_over(bounds).await;
            }
            if timeout_at(deadline, self.changes.changed()).await.is_err() {
                return Ok(Polled::default());
            }
        }
    }

    async fn report(&mut self, next: &[(Partition, Offset)]) -> Result<(), LogError> {
        if let Some(group) = self.shared.groups.lock().get_mut(&(self.topic, self.group.clone())) {
            group.next.extend(next.iter().copied());
        }
        for (partition, offset) in next {
            metrics::gauge!(
                "identity_log_group_next_offset",
                "topic" => self.topic.name(),
                "group" => self.group.clone(),
                "partition" => partition.0.to_string(),
            )
            .set(offset.0 as f64);
        }
        Ok(())
    }

    async fn leave(&mut self) -> Result<(), LogError> {
        self.exit();
        Ok(())
    }
}

impl Drop for SqliteMember {
    fn drop(&mut self) {
        self.exit();
    }
}
