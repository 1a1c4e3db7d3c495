//! The evidence that events refer to: read beside them, partition by partition, and compared by its bytes. Evidence is
//! appended just before its event under the same key, so both topics are gone through side by side; what stands farther
//! off is gone to.

use std::collections::{HashMap, VecDeque};

use domain::event::{AuditRef, Offset, Partition, Source, TopicId};
use domain::ports::{EventLog, LogError, OffsetRange, ReadBounds, StoredRecord, Topic};
use event_codec::value_sha256;

use crate::limits::{EVIDENCE_GAP_MAX, EVIDENCE_REMEMBERED_MAX};
use crate::partition_walk::read_present;

/// What stands where an event says that its evidence does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EvidenceFound {
    /// The record that it refers to.
    Same,
    /// Another one: one of the two was changed.
    Altered,
    /// Nothing: the log ends before, or is another one.
    Missing,
}

/// The digest of a record's value; none of a record without one.
type ValueDigest = Option<[u8; 32]>;

/// What stands at places of `identity.audit`; places where nothing stands are not among them.
#[derive(Debug, Default)]
pub(crate) struct EvidenceDigests(HashMap<Source, ValueDigest>);

impl EvidenceDigests {
    /// What was found for a reference.
    pub(crate) fn found(&self, reference: &AuditRef) -> EvidenceFound {
        match self.0.get(&reference.source) {
            Some(digest) if *digest == Some(reference.value_sha256) => EvidenceFound::Same,
            Some(_) => EvidenceFound::Altered,
            None => EvidenceFound::Missing,
        }
    }
}

/// `identity.audit`, read beside the events.
pub(crate) struct EvidenceReader {
    topic_id: TopicId,
    ranges: HashMap<Partition, OffsetRange>,
    bounds: ReadBounds,
    partitions: HashMap<Partition, PartitionDigests>,
}

/// Digests of the last records that were read of a partition, in the order of their offsets.
#[derive(Default)]
struct PartitionDigests {
    last: VecDeque<(Offset, ValueDigest)>,
}

impl EvidenceReader {
    /// Up to where the topic ends now: after the events that are read were appended, so that the evidence of each is
    /// below.
    pub(crate) async fn open(log: &dyn EventLog, bounds: ReadBounds) -> Result<Self, LogError> {
        let topic_id = log.describe(Topic::Audit).await?.id;
        let ranges = log.offsets(Topic::Audit).await?;
        let ranges = ranges.into_iter().map(|range| (range.partition, range)).collect();
        Ok(Self { topic_id, ranges, bounds, partitions: HashMap::new() })
    }

    /// What stands at each of those places.
    pub(crate) async fn compare(
        &mut self,
        log: &dyn EventLog,
        references: &[AuditRef],
    ) -> Result<EvidenceDigests, LogError> {
        let mut places: Vec<Source> = references
            .iter()
            .map(|reference| reference.source)
            .filter(|place| self.is_there(*place))
            .collect();
        places.sort_unstable();
        places.dedup();
        let mut found = EvidenceDigests::default();
        for place in places {
            let digests = self.partitions.entry(place.partition).or_default();
            let digest = digests.at(log, place.partition, place.offset, self.bounds).await?;
            found.0.extend(digest.map(|digest| (place, digest)));
        }
        Ok(found)
    }

    /// The record that was found to be the one which that reference names: for whoever shows what it says. It is read by
    /// itself, since what is remembered of others is their digest alone.
    pub(crate) async fn record(
        &self,
        log: &dyn EventLog,
        reference: &AuditRef,
    ) -> Result<Option<StoredRecord>, LogError> {
        let Source { partition, offset, .. } = reference.source;
        let bounds = ReadBounds { records_max: 1, ..self.bounds };
        let mut records = read_present(log, Topic::Audit, partition, offset, bounds).await?;
        records.retain(|record| record.value.as_deref().map(value_sha256) == Some(reference.value_sha256));
        Ok(records.pop())
    }

    /// Whether there is a record at that place at all.
    fn is_there(&self, place: Source) -> bool {
        let is_within = |range: &OffsetRange| range.earliest <= place.offset && place.offset < range.end;
        place.topic_id == self.topic_id && self.ranges.get(&place.partition).is_some_and(is_within)
    }
}

impl PartitionDigests {
    /// The digest of the record at that offset, which is below the end; none where the partition has no record there.
    async fn at(
        &mut self,
        log: &dyn EventLog,
        partition: Partition,
        offset: Offset,
        bounds: ReadBounds,
    ) -> Result<Option<ValueDigest>, LogError> {
        let next = self.last.back().map(|(last, _)| Offset(last.0 + 1));
        let first = self.last.front().map(|(first, _)| *first);
        let (mut from, one_by_one) = match (first, next) {
            (Some(first), Some(next)) if first <= offset && offset < next => {
                return Ok(self.remembered(offset));
            }
            (_, Some(next)) if next <= offset && offset.0 - next.0 <= EVIDENCE_GAP_MAX => (next, false),
            _ => {
                self.last.clear();
                (offset, true)
            }
        };
        // The first record after a jump is read alone: what comes after it may be nobody's here.
        let bounds = if one_by_one { ReadBounds { records_max: 1, ..bounds } } else { bounds };
        while from <= offset {
            let records = read_present(log, Topic::Audit, partition, from, bounds).await?;
            for record in &records {
                if self.last.len() == EVIDENCE_REMEMBERED_MAX {
                    self.last.pop_front();
                }
                self.last.push_back((record.source.offset, record.value.as_deref().map(value_sha256)));
            }
            from = records.last().map_or(from, |last| Offset(last.source.offset.0 + 1));
        }
        Ok(self.remembered(offset))
    }

    fn remembered(&self, offset: Offset) -> Option<ValueDigest> {
        let at = self.last.binary_search_by_key(&offset, |(offset, _)| *offset).ok()?;
        Some(self.last[at].1)
    }
}
