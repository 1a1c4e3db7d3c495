//! The port of what the second projection makes of reference photos: one row for each photo and model, and how far the
//! projection is with each model. Outside generations: the rows are keyed by the event that carries the photo and say
//! nothing of the read model, so a rebuild neither makes nor compares them.

use async_trait::async_trait;

use super::{FaceCause, FaceModelId, StoreError};
use crate::event::{Partition, Source, TopicId};
use crate::ids::{CustomerRef, EnrolmentId, EventId};
use crate::rows::{PositionRow, WriteTimestamp};
use crate::sealed::Sealed;
use crate::time::Timestamp;

/// What one reference's photo came to with one model.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FaceVectorRow {
    /// Whose face.
    pub customer: CustomerRef,
    /// The reference. Its envelopes are bound to it.
    pub enrolment: EnrolmentId,
    /// The event that carries the photo. The envelopes are bound to it.
    pub event_id: EventId,
    /// Where that event stands: the vector of an enrolment row is the one of the same source.
    pub source: Source,
    /// The model. The envelopes are bound to it.
    pub model: FaceModelId,
    /// A keyed hash of the photo's bytes: the same photo of one customer has the same tag, and nobody without the
    /// customer's biometric key can tell a photo by it. That of no bytes at all where the photo could not be opened.
    pub photo_tag: [u8; 32],
    /// [`crate::sealed::Field::FaceVector`].
    pub vector: Option<Sealed>,
    /// [`crate::sealed::Field::FaceCrop`]; there exactly when the vector is.
    pub crop: Option<Sealed>,
    /// The face's sharpness in thousandths, 0 to 1,000; there exactly when the vector is.
    pub quality: Option<u32>,
    /// Why there is no vector, or what to know of the one there is.
    pub cause: Option<FaceCause>,
    /// By the clock of whoever read it.
    pub read_at: Timestamp,
}

/// Where the second projection keeps its rows and positions. Every write is by its timestamp and may happen twice: the
/// same again comes to the same, and a lower one never undoes a higher one. What is confirmed is seen by every later
/// call, of any instance.
#[async_trait]
pub trait FaceVectors: Send + Sync {
    /// Writes the row of that model and timestamp, which is the one of the event that carries the photo. Nothing, when
    /// the customer was erased at that timestamp or a later one.
    async fn put(&self, at: WriteTimestamp, row: &FaceVectorRow) -> Result<(), StoreError>;

    /// Deletes every row of the customer that was written at or before the timestamp, of every model, and keeps such
    /// rows out from now on.
    async fn erase(&self, at: WriteTimestamp, customer: &CustomerRef) -> Result<(), StoreError>;

    /// The customer's rows, of every model, those of later events first: of the photos that those events carry, or, for
    /// whoever looks at the customer as a whole, of every one, and then at most [`crate::limits::FACE_VECTORS_READ_MAX`].
    async fn of_customer(
        &self,
        customer: &CustomerRef,
        photos: Option<&[Source]>,
    ) -> Result<Vec<FaceVectorRow>, StoreError>;

    /// How far the projection with that model is in the partition; none before the first [`Self::move_position`].
    async fn position(
        &self,
        model: &FaceModelId,
        topic_id: TopicId,
        partition: Partition,
    ) -> Result<Option<PositionRow>, StoreError>;

    /// Every position in that topic, of every model that ever had one, by model and partition.
    async fn positions(&self, topic_id: TopicId) -> Result<Vec<(FaceModelId, PositionRow)>, StoreError>;

    /// Writes that position, unless one of a higher timestamp stands.
    async fn move_position(
        &self,
        at: WriteTimestamp,
        model: &FaceModelId,
        position: &PositionRow,
    ) -> Result<(), StoreError>;
}
