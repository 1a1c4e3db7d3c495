//! Following `identity.orgs`: reading on where it left off, unwrapping id secrets as they come, and starting
//! anew when the log says that its position is gone.

use std::collections::HashMap;
use std::sync::Arc;

use domain::event::{Offset, Partition, TopicId};
use domain::ids::OrgId;
use domain::ports::{EventLog, LogError, OffsetRange, StoredRecord, Topic};
use event_codec::Codec;
use retry_schedule::Backoff;
use tokio::time::Instant;
use vault::{Kms, OrgIds, VaultError};

use super::{Directory, OrgEntry, Snapshot};
use crate::directory_state::{DirectoryState, READ_BOUNDS};
use crate::limits::{DIRECTORY_RETRY, KMS_ANSWER_MAX};

/// The position of a state in the topic it was read from.
struct Place {
    topic: TopicId,
    next: HashMap<Partition, Offset>,
}

pub(super) struct Follow {
    log: Arc<dyn EventLog>,
    kms: Arc<dyn Kms>,
    codec: Codec,
    directory: Directory,
    state: DirectoryState,
    /// How far the state is; none before the first record and after the log said that it does not fit.
    place: Option<Place>,
    entries: HashMap<OrgId, Arc<OrgEntry>>,
    /// Orgs whose secret could not be unwrapped, with what was last logged about it.
    waiting: HashMap<OrgId, String>,
    unwrap_again: Option<Instant>,
    unwrap_backoff: Backoff,
    follow_backoff: Backoff,
    /// The state says something that the published snapshot does not.
    changed: bool,
}

impl Follow {
    pub(super) fn new(log: Arc<dyn EventLog>, kms: Arc<dyn Kms>, codec: Codec, directory: Directory) -> Self {
        Self {
            log,
            kms,
            codec,
            directory,
            state: DirectoryState::default(),
            place: None,
            entries: HashMap::new(),
            waiting: HashMap::new(),
            unwrap_again: None,
            unwrap_backoff: DIRECTORY_RETRY.start(),
            follow_backoff: DIRECTORY_RETRY.start(),
            changed: true,
        }
    }

    /// Follows for ever; dropped to end it.
    pub(super) async fn run(mut self) {
        loop {
            let Err(error) = self.follow().await;
            metrics::counter!("identity_directory_interruptions_total").increment(1);
            if matches!(error, LogError::Halted(_)) {
                // Records may have gone unseen: only the whole topic tells. What was published serves on
                // until it is read.
                self.place = None;
            }
            let pause = self.follow_backoff.next_pause();
            tracing::warn!(%error, pause_ms = pause.as_millis() as u64, "the directory cannot be followed");
            tokio::time::sleep(pause).await;
        }
    }

    async fn follow(&mut self) -> Result<std::convert::Infallible, LogError> {
        let topic = self.log.describe(Topic::Orgs).await?.id;
        let ranges = self.log.offsets(Topic::Orgs).await?;
        let from = self.positions(topic, &ranges);
        let mut follower = self.log.follow(Topic::Orgs, from).await?;
        loop {
            let records = follower.next(READ_BOUNDS).await?;
            self.follow_backoff.reset();
            for record in &records {
                self.take(topic, record)?;
            }
            self.unwrap_secrets().await;
            // Half a topic must not pass for the whole, neither at the start nor when it is read anew.
            let Some(current_at) = follower.current_at() else { continue };
            if std::mem::take(&mut self.changed) {
                let snapshot = self.snapshot();
                self.directory.publish(snapshot);
            }
            self.directory.mark_current(current_at);
        }
    }

    /// Where to read on; from the earliest, with an empty state, when there is no such place any more.
    fn positions(&mut self, topic: TopicId, ranges: &[OffsetRange]) -> Vec<(Partition, Offset)> {
        if self.place.as_ref().is_none_or(|place| place.topic != topic) {
            self.state = DirectoryState::default();
            self.place = Some(Place { topic, next: HashMap::new() });
            self.changed = true;
        }
        let next = self.place.as_ref().map(|place| &place.next);
        ranges
            .iter()
            .map(|range| {
                let known = next.and_then(|next| next.get(&range.partition));
                (range.partition, known.copied().unwrap_or(range.earliest))
            })
            .collect()
    }

    fn take(&mut self, topic: TopicId, record: &StoredRecord) -> Result<(), LogError> {
        if record.source.topic_id != topic {
            return Err(LogError::Halted(format!("{} was made anew", Topic::Orgs.name())));
        }
        self.state.apply(&self.codec, record);
        self.changed = true;
        if let Some(place) = &mut self.place {
            place.next.insert(record.source.partition, Offset(record.source.offset.0 + 1));
        }
        Ok(())
    }

    /// Makes an entry of each org's latest record; an org whose secret does not unwrap keeps the entry it
    /// had and is tried again.
    async fn unwrap_secrets(&mut self) {
        let due = self.unwrap_again.is_none_or(|at| at <= Instant::now());
        if !self.changed && (self.waiting.is_empty() || !due) {
            return;
        }
        let (mut failed, mut without) = (false, 0);
        for (org, record) in &self.state.orgs {
            let same_secret = match self.entries.get(org) {
                Some(entry) if entry.record == **record => continue,
                Some(entry) if entry.record.id_secret == record.id_secret => Some(entry.ids.clone()),
                Some(_) | None => None,
            };
            let ids = match same_secret {
                Some(ids) => Ok(ids),
                None if failed || (!due && self.waiting.contains_key(org)) => {
                    without += 1;
                    continue;
                }
                None => {
                    match tokio::time::timeout(KMS_ANSWER_MAX, OrgIds::unwrap(&*self.kms, record)).await {
                        Ok(unwrapped) => unwrapped,
                        Err(_) => Err(VaultError::Unavailable("it did not answer in time".to_owned())),
                    }
                }
            };
            match ids {
                Ok(ids) => {
                    self.waiting.remove(org);
                    let entry = OrgEntry { record: (**record).clone(), ids };
                    self.entries.insert(org.clone(), Arc::new(entry));
                    self.changed = true;
                }
                Err(error) => {
                    // While the KMS is down every further question would only cost time.
                    failed = matches!(error, VaultError::Unavailable(_));
                    without += 1;
                    let words = error.to_string();
                    if self.waiting.get(org) != Some(&words) {
                        tracing::error!(%org, %error, "an org's id secret cannot be unwrapped yet");
                        self.waiting.insert(org.clone(), words);
                    }
                }
            }
        }
        metrics::gauge!("identity_directory_waiting_orgs").set(f64::from(without));
        if without == 0 {
            self.unwrap_again = None;
            self.unwrap_backoff.reset();
        } else if due {
            self.unwrap_again = Some(Instant::now() + self.unwrap_backoff.next_pause());
        }
    }

    /// What the state and the entries say now. Entries without an org go only here, where the state is whole:
    /// while the topic is read anew they save asking the KMS again.
    fn snapshot(&mut self) -> Snapshot {
        self.entries.retain(|org, _| self.state.orgs.contains_key(org));
        self.waiting.retain(|org, _| self.state.orgs.contains_key(org));
        let keys = self.state.keys.values().filter(|key| self.state.orgs.contains_key(&key.org));
        Snapshot {
            orgs: self.entries.clone(),
            keys: keys
                .map(|key| (key.key_sha256, (Arc::clone(key), self.entries.get(&key.org).cloned())))
                .collect(),
        }
    }
}
