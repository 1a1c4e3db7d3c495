//! Prepared statements and the values they are run with.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use domain::event::{Offset, Partition, Source, TopicId};
use domain::ids::{CustomerId, EnrolmentId, OrgId, TierEventId, VerificationId};
use domain::ports::StoreError;
use domain::rows::Generation;
use domain::time::Timestamp;
use metrics::Histogram;
use scylla::cluster::metadata::ColumnType;
use scylla::serialize::SerializationError;
use scylla::serialize::value::SerializeValue;
use scylla::serialize::writers::{CellWriter, WrittenCellProof};
use scylla::statement::prepared::PreparedStatement;

/// A prepared statement with its name in metrics and errors.
pub(crate) struct Statement {
    pub(crate) name: &'static str,
    pub(crate) prepared: PreparedStatement,
    pub(crate) seconds: Histogram,
}

type SetsByGeneration = HashMap<(Generation, TypeId), Arc<dyn Any + Send + Sync>>;

/// Statements that were prepared together, by generation and by what set they are: as many sets as a program uses,
/// of the generations that exist at one time. Which sets there are is their users' business.
#[derive(Default)]
pub(crate) struct StatementSets(Mutex<SetsByGeneration>);

impl StatementSets {
    fn lock(&self) -> MutexGuard<'_, SetsByGeneration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The set, when it was prepared for that generation.
    pub(crate) fn get<S: Any + Send + Sync>(&self, generation: Generation) -> Option<Arc<S>> {
        self.lock().get(&(generation, TypeId::of::<S>())).cloned()?.downcast().ok()
    }

    /// Keeps a set, unless another caller's was kept first; gives the one that is kept.
    pub(crate) fn keep<S: Any + Send + Sync>(&self, generation: Generation, set: Arc<S>) -> Arc<S> {
        let key = (generation, TypeId::of::<S>());
        let kept = Arc::clone(self.lock().entry(key).or_insert_with(|| Arc::clone(&set) as _));
        kept.downcast().unwrap_or(set)
    }

    /// Forgets the sets of a generation that was dropped.
    pub(crate) fn forget(&self, generation: Generation) {
        self.lock().retain(|(of, _), _| *of != generation);
    }
}

/// A value of a statement. Owned and cheap to clone, so that a batch can be put together from many rows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Cell {
    Org(OrgId),
    Customer(CustomerId),
    Verification(VerificationId),
    Verifications(Vec<VerificationId>),
    Enrolment(EnrolmentId),
    TierEvent(TierEventId),
    Word(&'static str),
    Text(String),
    Int(i32),
    Big(i64),
    Blob(Bytes),
    Null,
}

impl Cell {
    /// Bytes of the value, for the bounds of batches.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Org(id) => id.as_str().len(),
            Self::Customer(id) => id.as_str().len(),
            Self::Verification(id) => id.as_str().len(),
            Self::Verifications(ids) => ids.iter().map(|id| 4 + id.as_str().len()).sum(),
            Self::Enrolment(id) => id.as_str().len(),
            Self::TierEvent(id) => id.as_str().len(),
            Self::Word(text) => text.len(),
            Self::Text(text) => text.len(),
            Self::Int(_) => 4,
            Self::Big(_) => 8,
            Self::Blob(bytes) => bytes.len(),
            Self::Null => 0,
        }
    }

    pub(crate) fn time(time: Timestamp) -> Self {
        Self::Big(time.millis())
    }

    pub(crate) fn topic(topic: TopicId) -> Self {
        Self::Blob(Bytes::copy_from_slice(&topic.0))
    }

    pub(crate) fn partition(partition: Partition) -> Result<Self, StoreError> {
        let number = i32::try_from(partition.0);
        Ok(Self::Int(number.map_err(|_| StoreError::Corrupt("a partition's number above 2^31".to_owned()))?))
    }

    pub(crate) fn offset(offset: Offset) -> Result<Self, StoreError> {
        let number = i64::try_from(offset.0);
        Ok(Self::Big(number.map_err(|_| StoreError::Corrupt("an offset above 2^63".to_owned()))?))
    }
}

impl SerializeValue for Cell {
    fn serialize<'b>(
        &self,
        kind: &ColumnType<'_>,
        writer: CellWriter<'b>,
    ) -> Result<WrittenCellProof<'b>, SerializationError> {
        match self {
            Self::Org(id) => id.as_str().serialize(kind, writer),
            Self::Customer(id) => id.as_str().serialize(kind, writer),
            Self::Verification(id) => id.as_str().serialize(kind, writer),
            Self::Verifications(ids) => {
                ids.iter().map(VerificationId::as_str).collect::<Vec<_>>().serialize(kind, writer)
            }
            Self::Enrolment(id) => id.as_str().serialize(kind, writer),
            Self::TierEvent(id) => id.as_str().serialize(kind, writer),
            Self::Word(text) => text.serialize(kind, writer),
            Self::Text(text) => text.serialize(kind, writer),
            Self::Int(number) => number.serialize(kind, writer),
            Self::Big(number) => number.serialize(kind, writer),
            Self::Blob(bytes) => bytes.serialize(kind, writer),
            Self::Null => Ok(writer.set_null()),
        }
    }
}

/// A source from its columns.
pub(crate) fn source(topic: &[u8], partition: i32, offset: i64) -> Result<Source, StoreError> {
    let broken = |what: &str| StoreError::Corrupt(format!("a stored {what} that cannot be one"));
    Ok(Source {
        topic_id: TopicId(topic.try_into().map_err(|_| broken("topic id"))?),
        partition: Partition(u32::try_from(partition).map_err(|_| broken("partition"))?),
        offset: Offset(u64::try_from(offset).map_err(|_| broken("offset"))?),
    })
}
