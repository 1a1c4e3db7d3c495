//! `identity.orgs` folded: the latest record of each org and each key. Who follows it and who may look into it
//! is `directory.rs`'s and `orgs.rs`'s.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use domain::event::Offset;
use domain::ids::{ApiKeyId, OrgId};
use domain::orgs::{ApiKeyRecord, DirectoryRecord, OrgRecord};
use domain::ports::{EventLog, LogError, ReadBounds, StoredRecord, Topic};
use event_codec::{Codec, DecodeError};

use crate::limits::{DIRECTORY_READ_BYTES_MAX, DIRECTORY_READ_RECORDS_MAX, DIRECTORY_READ_WAIT};

/// How one read of the topic is bounded.
pub(crate) const READ_BOUNDS: ReadBounds = ReadBounds {
    records_max: DIRECTORY_READ_RECORDS_MAX,
    bytes_max: DIRECTORY_READ_BYTES_MAX,
    wait_max: DIRECTORY_READ_WAIT,
};

/// The latest of everything.
#[derive(Debug, Clone, Default)]
pub(crate) struct DirectoryState {
    pub(crate) orgs: BTreeMap<OrgId, Arc<OrgRecord>>,
    pub(crate) keys: HashMap<ApiKeyId, Arc<ApiKeyRecord>>,
}

impl DirectoryState {
    /// Takes up a record; one that cannot be decoded changes nothing and is counted and logged here, once,
    /// because a record is read once.
    pub(crate) fn apply(&mut self, codec: &Codec, record: &StoredRecord) {
        if let Err(error) = self.try_apply(codec, record) {
            metrics::counter!("identity_directory_skipped_records_total").increment(1);
            tracing::error!(
                topic = Topic::Orgs.name(),
                partition = record.source.partition.0,
                offset = record.source.offset.0,
                %error,
                "a record of the directory was skipped"
            );
        }
    }

    fn try_apply(&mut self, codec: &Codec, record: &StoredRecord) -> Result<(), DecodeError> {
        if record.value.is_none() {
            return self.remove(&record.key);
        }
        let decoded = codec.decode_directory(record)?;
        if decoded.record_key().as_bytes() != record.key {
            // Compaction goes by the record's key: under another one it would replace someone else's.
            return Err(DecodeError::Malformed("it does not stand under its own key".to_owned()));
        }
        match decoded {
            DirectoryRecord::Org(org) => {
                self.orgs.insert(org.org.clone(), Arc::new(org));
            }
            DirectoryRecord::ApiKey(key) => {
                self.keys.insert(key.id.clone(), Arc::new(key));
            }
        }
        Ok(())
    }

    /// A tombstone: `org/` takes the org, `org/key_…` the key.
    fn remove(&mut self, key: &[u8]) -> Result<(), DecodeError> {
        let malformed = || DecodeError::Malformed("a tombstone of nothing we know".to_owned());
        let text = std::str::from_utf8(key).map_err(|_| malformed())?;
        let (org, name) = text.split_once('/').ok_or_else(malformed)?;
        if name.is_empty() {
            self.orgs.remove(&OrgId::parse(org).map_err(|_| malformed())?);
        } else {
            self.keys.remove(&ApiKeyId::parse(name).map_err(|_| malformed())?);
        }
        Ok(())
    }

    /// Reads the whole topic as it is now.
    pub(crate) async fn read(log: &dyn EventLog, codec: &Codec) -> Result<Self, LogError> {
        let mut state = Self::default();
        for range in log.offsets(Topic::Orgs).await? {
            let mut next = range.earliest;
            while next < range.end {
                let records = log.read(Topic::Orgs, range.partition, next, READ_BOUNDS).await?;
                // What was there may have been compacted away meanwhile; then the partition is at its end.
                let Some(last) = records.last() else { break };
                next = Offset(last.source.offset.0 + 1);
                for record in &records {
                    state.apply(codec, record);
                }
            }
        }
        Ok(state)
    }
}
