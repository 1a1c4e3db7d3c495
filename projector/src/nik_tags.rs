//! What stands for a NIK in rows: its tag under its org's key, which follows from the org's id secret. The projector is no
//! instance of the API and follows no directory: it reads `identity.orgs` when it meets an org that it does not know yet, and
//! keeps what it found. Not here: where the NIK comes from, which is an envelope that was opened.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use domain::event::{Offset, Partition, TopicId};
use domain::ids::OrgId;
use domain::nik::{Nik, NikTag};
use domain::orgs::{DirectoryRecord, OrgRecord};
use domain::ports::{EventLog, LogError, ReadBounds, Topic};
use event_codec::Codec;
use tokio::sync::Mutex;
use vault::{Kms, OrgIds, VaultError};

use crate::limits::{ORG_READ_BYTES_MAX, ORG_READ_RECORDS_MAX, ORG_READ_WAIT};

/// Why there is no tag now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NikTagError {
    /// Worth trying again.
    #[error("{0}")]
    Unavailable(String),
    /// The org's secret is away, or nobody knows the org: an operator is needed.
    #[error("{0}")]
    SecretAway(String),
}

impl From<LogError> for NikTagError {
    fn from(error: LogError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// Tags NIKs. The same NIK of the same org has the same tag for ever.
#[async_trait]
pub trait NikTags: Send + Sync {
    /// The NIK's tag in that org.
    async fn tag(&self, org: &OrgId, nik: &Nik) -> Result<NikTag, NikTagError>;
}

/// Ids of orgs alone: for programs that have unwrapped an org's secret already.
#[async_trait]
impl NikTags for OrgIds {
    async fn tag(&self, _: &OrgId, nik: &Nik) -> Result<NikTag, NikTagError> {
        Ok(self.nik_tag(nik))
    }
}

/// The topic as far as it was read.
#[derive(Default)]
struct SeenOrgs {
    topic: Option<TopicId>,
    next: HashMap<Partition, Offset>,
    records: HashMap<OrgId, OrgRecord>,
    /// Of those that were asked for.
    ids: HashMap<OrgId, OrgIds>,
}

/// Tags under the secrets of the orgs that stand in `identity.orgs`.
pub struct LoggedNikTags {
    log: Arc<dyn EventLog>,
    kms: Arc<dyn Kms>,
    codec: Codec,
    seen: Mutex<SeenOrgs>,
}

impl LoggedNikTags {
    /// Nothing is read yet.
    pub fn new(log: Arc<dyn EventLog>, kms: Arc<dyn Kms>, codec: Codec) -> Self {
        Self { log, kms, codec, seen: Mutex::new(SeenOrgs::default()) }
    }

    /// Reads what came since the last look. What cannot be decoded is the directory's to report.
    async fn read_on(&self, seen: &mut SeenOrgs) -> Result<(), LogError> {
        let bounds = ReadBounds {
            records_max: ORG_READ_RECORDS_MAX,
            bytes_max: ORG_READ_BYTES_MAX,
            wait_max: ORG_READ_WAIT,
        };
        let topic = self.log.describe(Topic::Orgs).await?.id;
        if seen.topic != Some(topic) {
            *seen = SeenOrgs { topic: Some(topic), ..SeenOrgs::default() };
        }
        for range in self.log.offsets(Topic::Orgs).await? {
            let known = seen.next.get(&range.partition).copied().unwrap_or(range.earliest);
            let mut next = known.max(range.earliest);
            while next < range.end {
                let records = self.log.read(Topic::Orgs, range.partition, next, bounds).await?;
                // What was there may have been compacted away meanwhile; then the partition is at its end.
                let Some(last) = records.last() else { break };
                next = Offset(last.source.offset.0 + 1);
                for record in records.iter().filter(|record| record.value.is_some()) {
                    if let Ok(DirectoryRecord::Org(org)) = self.codec.decode_directory(record) {
                        seen.records.insert(org.org.clone(), org);
                    }
                }
            }
            seen.next.insert(range.partition, next);
        }
        Ok(())
    }
}

#[async_trait]
impl NikTags for LoggedNikTags {
    async fn tag(&self, org: &OrgId, nik: &Nik) -> Result<NikTag, NikTagError> {
        let mut seen = self.seen.lock().await;
        if let Some(ids) = seen.ids.get(org) {
            return Ok(ids.nik_tag(nik));
        }
        self.read_on(&mut seen).await?;
        let Some(record) = seen.records.get(org) else {
            return Err(NikTagError::SecretAway(format!("{org} has no record in {}", Topic::Orgs.name())));
        };
        let ids = OrgIds::unwrap(&*self.kms, record).await.map_err(|error| match error {
            VaultError::Unavailable(why) => NikTagError::Unavailable(why),
            other => NikTagError::SecretAway(format!("the id secret of {org}: {other}")),
        })?;
        let tag = ids.nik_tag(nik);
        seen.ids.insert(org.clone(), ids);
        Ok(tag)
    }
}
