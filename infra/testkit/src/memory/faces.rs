//! Face vectors in memory.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::event::{Partition, Source, TopicId};
use domain::ids::CustomerRef;
use domain::limits::FACE_VECTORS_READ_MAX;
use domain::ports::{FaceModelId, FaceVectorRow, FaceVectors, StoreError};
use domain::rows::{PositionRow, WriteTimestamp};

use super::lock;

type Model = (String, [u8; 32]);

fn name(model: &FaceModelId) -> Model {
    (model.name.clone(), model.sha256)
}

#[derive(Default)]
struct Inner {
    rows: BTreeMap<(CustomerRef, Reverse<WriteTimestamp>, Model), FaceVectorRow>,
    erased: BTreeMap<CustomerRef, WriteTimestamp>,
    positions: BTreeMap<(Model, TopicId, Partition), (WriteTimestamp, PositionRow)>,
}

/// Face vectors in memory. Cloning shares them.
#[derive(Clone, Default)]
pub struct MemoryFaceVectors {
    inner: Arc<Mutex<Inner>>,
}

impl MemoryFaceVectors {
    /// Every row, in an order that depends on nothing else.
    pub fn dump(&self) -> Vec<FaceVectorRow> {
        lock(&self.inner).rows.values().cloned().collect()
    }

    /// Puts a row where it does not belong: what no projection does, but an intruder may. It stands as if it had been
    /// written at that timestamp.
    pub fn force(&self, at: WriteTimestamp, row: FaceVectorRow) {
        let key = (row.customer.clone(), Reverse(at), name(&row.model));
        lock(&self.inner).rows.insert(key, row);
    }
}

#[async_trait]
impl FaceVectors for MemoryFaceVectors {
    async fn put(&self, at: WriteTimestamp, row: &FaceVectorRow) -> Result<(), StoreError> {
        let mut inner = lock(&self.inner);
        if inner.erased.get(&row.customer).is_none_or(|erased| at > *erased) {
            inner.rows.insert((row.customer.clone(), Reverse(at), name(&row.model)), row.clone());
        }
        Ok(())
    }

    async fn erase(&self, at: WriteTimestamp, customer: &CustomerRef) -> Result<(), StoreError> {
        let mut inner = lock(&self.inner);
        let erased = inner.erased.entry(customer.clone()).or_insert(at);
        *erased = (*erased).max(at);
        inner.rows.retain(|(whose, written, _), _| whose != customer || written.0 > at);
        Ok(())
    }

    async fn of_customer(
        &self,
        customer: &CustomerRef,
        photos: Option<&[Source]>,
    ) -> Result<Vec<FaceVectorRow>, StoreError> {
        let inner = lock(&self.inner);
        let theirs = inner.rows.iter().filter(|((whose, ..), _)| whose == customer).map(|(_, row)| row);
        Ok(match photos {
            Some(photos) => theirs.filter(|row| photos.contains(&row.source)).cloned().collect(),
            None => theirs.take(FACE_VECTORS_READ_MAX).cloned().collect(),
        })
    }

    async fn position(
        &self,
        model: &FaceModelId,
        topic_id: TopicId,
        partition: Partition,
    ) -> Result<Option<PositionRow>, StoreError> {
        let key = (name(model), topic_id, partition);
        Ok(lock(&self.inner).positions.get(&key).map(|(_, position)| position.clone()))
    }

    async fn positions(&self, topic_id: TopicId) -> Result<Vec<(FaceModelId, PositionRow)>, StoreError> {
        let inner = lock(&self.inner);
        let of_topic = inner.positions.iter().filter(|((_, topic, _), _)| *topic == topic_id);
        let named = of_topic.map(|(((name, sha256), ..), (_, position))| {
            (FaceModelId { name: name.clone(), sha256: *sha256 }, position.clone())
        });
        Ok(named.collect())
    }

    async fn move_position(
        &self,
        at: WriteTimestamp,
        model: &FaceModelId,
        position: &PositionRow,
    ) -> Result<(), StoreError> {
        let key = (name(model), position.topic_id, position.partition);
        let mut inner = lock(&self.inner);
        let stands = inner.positions.get(&key).map(|(stands, _)| *stands);
        if stands.is_none_or(|stands| at >= stands) {
            inner.positions.insert(key, (at, position.clone()));
        }
        Ok(())
    }
}
