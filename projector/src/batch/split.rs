//! What a batch is worked on with, and where records must be cut before they are folded together.

use domain::event::{Offset, Partition};
use domain::ports::{Pointer, StoredRecord};
use event_codec::{Codec, RecordType, record_type};

use crate::batch::prefetch::BatchReader;
use crate::settings::{HeaderClock, ProjectorSettings};

/// What the work is done with.
#[derive(Clone, Copy)]
pub(crate) struct BatchWork<'a> {
    pub(crate) reader: BatchReader<'a>,
    pub(crate) settings: &'a ProjectorSettings,
    pub(crate) clock: &'a dyn HeaderClock,
    pub(crate) pointer: &'a Pointer,
}

/// Cuts a batch so that every release stands alone: what it re-reads must have been written before.
pub(crate) fn split_at_releases<'a>(codec: &Codec, records: &'a [StoredRecord]) -> Vec<&'a [StoredRecord]> {
    let is_release = |record: &StoredRecord| match record_type(record) {
        Some(named) => named == RecordType::CustomerReleased,
        None => codec.decode_event(record).is_ok_and(|event| event.as_release().is_some()),
    };
    let mut parts = Vec::new();
    let mut rest = records;
    while let Some(at) = rest.iter().position(is_release) {
        let (before, from) = rest.split_at(at);
        let (release, after) = from.split_at(1);
        parts.extend([before, release]);
        rest = after;
    }
    parts.push(rest);
    parts.retain(|part| !part.is_empty());
    parts
}

/// Cuts records so that of each part one generation speaks.
pub(crate) fn split_at_handover<'a>(
    pointer: &Pointer,
    partition: Partition,
    records: &'a [StoredRecord],
) -> Vec<&'a [StoredRecord]> {
    let Some(first) = records.first() else { return Vec::new() };
    let (_, until) = pointer.publishing_generation(partition, first.source.offset);
    let at = until.map_or(records.len(), |until| records.partition_point(|r| r.source.offset < until));
    let (below, from) = records.split_at(at);
    [below, from].into_iter().filter(|part| !part.is_empty()).collect()
}

/// The offset after the last record.
pub(crate) fn next_after(records: &[StoredRecord]) -> Option<Offset> {
    records.last().map(|record| Offset(record.source.offset.0 + 1))
}
