//! How many references have no vector of a model yet, for an operator: the photos in the log that the second projection
//! with that model has not come to. Reads only.

use std::time::Duration;

use domain::event::{Offset, Partition};
use domain::ids::CustomerRef;
use domain::ports::{FaceModelId, FaceVectors, OffsetRange, ReadBounds, StoredRecord, Topic};
use domain::rows::{HeldOrg, PositionRow};
use event_codec::Codec;

use crate::limits::{DUE_RECORDS_MAX, FACE_BATCH_BYTES_MAX, FACE_BATCH_RECORDS_MAX};
use crate::settings::ProjectorPorts;
use crate::status::StatusError;

/// One partition of `identity.events` with one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionDue {
    /// Which.
    pub partition: Partition,
    /// The offset its next record gets.
    pub end: Offset,
    /// The first record that is not taken in, but for what is held.
    pub next: Offset,
    /// Photos of references that are not read yet.
    pub due: u64,
    /// There may be more: no further was counted.
    pub at_least: bool,
    /// Orgs whose photos wait for a key that is away.
    pub held: Vec<HeldOrg>,
}

/// How far the second projection is with one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuePhotos {
    /// The model.
    pub model: FaceModelId,
    /// By partition.
    pub partitions: Vec<PartitionDue>,
}

impl DuePhotos {
    /// Photos that are not read yet, and whether there may be more.
    pub fn total(&self) -> (u64, bool) {
        let due = self.partitions.iter().map(|of| of.due).sum();
        (due, self.partitions.iter().any(|of| of.at_least))
    }
}

/// Counts them, for every model that has a position.
///
/// # Errors
/// [`StatusError`].
pub async fn due_photos(
    ports: &ProjectorPorts,
    vectors: &dyn FaceVectors,
) -> Result<Vec<DuePhotos>, StatusError> {
    let topic = ports.log.describe(Topic::Events).await?;
    let positions = vectors.positions(topic.id).await?;
    let mut models: Vec<FaceModelId> = positions.iter().map(|(model, _)| model.clone()).collect();
    models.dedup();
    let mut ranges = ports.log.offsets(Topic::Events).await?;
    ranges.sort_by_key(|range| range.partition);
    let mut all = Vec::new();
    for model in models {
        let mut partitions = Vec::new();
        for OffsetRange { partition, earliest, end } in ranges.iter().copied() {
            let of_both =
                |(of, row): &&(FaceModelId, PositionRow)| *of == model && row.partition == partition;
            let position = positions.iter().find(of_both).map(|(_, position)| position);
            let next = position.map_or(earliest, |position| position.next);
            let held = position.map(|position| position.held.clone()).unwrap_or_default();
            let mut of = PartitionDue { partition, end, next, due: 0, at_least: false, held };
            count(ports, &mut of).await?;
            partitions.push(of);
        }
        all.push(DuePhotos { model, partitions });
    }
    Ok(all)
}

/// From the first record of an org that waits, or else from the position, to the end.
async fn count(ports: &ProjectorPorts, of: &mut PartitionDue) -> Result<(), StatusError> {
    let mut from = of.held.iter().map(|held| held.from).min().map_or(of.next, |from| from.min(of.next));
    let mut looked_through = 0;
    while from < of.end {
        if looked_through >= DUE_RECORDS_MAX {
            of.at_least = true;
            return Ok(());
        }
        let bounds = ReadBounds {
            records_max: FACE_BATCH_RECORDS_MAX,
            bytes_max: FACE_BATCH_BYTES_MAX,
            wait_max: Duration::ZERO,
        };
        let records = ports.log.read(Topic::Events, of.partition, from, bounds).await?;
        let Some(last) = records.last() else { return Ok(()) };
        from = Offset(last.source.offset.0 + 1);
        looked_through += records.len();
        let waits = |record: &&StoredRecord| is_due(of, record) && has_photo(&ports.codec, record);
        of.due += records.iter().filter(waits).count() as u64;
    }
    Ok(())
}

fn is_due(of: &PartitionDue, record: &StoredRecord) -> bool {
    let at = record.source.offset;
    let is_held = || {
        let org = CustomerRef::of_record_key(&record.key).map(|customer| customer.org);
        of.held.iter().any(|held| Some(&held.org) == org.as_ref() && held.from <= at)
    };
    at < of.end && (at >= of.next || is_held())
}

fn has_photo(codec: &Codec, record: &StoredRecord) -> bool {
    codec.decode_event(record).is_ok_and(|event| event.is_consistent() && event.reference_photo().is_some())
}
