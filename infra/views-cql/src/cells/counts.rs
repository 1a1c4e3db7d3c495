//! Cells of books, positions, and how far a tally has counted.

use bytes::Bytes;
use domain::event::{Offset, Partition, TopicId};
use domain::ids::{EventId, OrgId};
use domain::ports::StoreError;
use domain::rows::{AsOf, Books, BooksKey, BooksRow, Epoch, HeldOrg, PositionRow};

use super::bytes::{In, Out};

const AS_OF: u8 = 1;
const BOOKS: u8 = 1;
const POSITION: u8 = 1;
/// A position with orgs that wait. One without is written as every build reads it.
const POSITION_HELD: u8 = 2;

pub(super) fn put_as_of(out: &mut Out, as_of: &AsOf) {
    out.topic(as_of.topic_id);
    out.u32(as_of.epoch.0);
    out.u64(as_of.offset.0);
}

pub(super) fn take_as_of(cell: &mut In<'_>) -> Result<AsOf, StoreError> {
    Ok(AsOf { topic_id: cell.topic()?, epoch: Epoch(cell.u32()?), offset: Offset(cell.u64()?) })
}

pub(crate) fn as_of(as_of: &AsOf) -> Bytes {
    let mut out = Out::new(AS_OF);
    put_as_of(&mut out, as_of);
    out.done()
}

pub(crate) fn decode_as_of(bytes: &[u8]) -> Result<AsOf, StoreError> {
    let mut cell = In::new("tally", AS_OF, bytes)?;
    let as_of = take_as_of(&mut cell)?;
    cell.done(as_of)
}

pub(crate) fn books(row: &BooksRow) -> Bytes {
    let Books { read, applied, duplicate, conflict, refused, dead_lettered, parked } = row.books;
    let mut out = Out::new(BOOKS);
    for count in [read, applied, duplicate, conflict, refused, dead_lettered, parked] {
        out.u64(count);
    }
    put_as_of(&mut out, &row.as_of);
    out.done()
}

/// The org and the log partition are the row's key.
pub(crate) fn decode_books(key: BooksKey, bytes: &[u8]) -> Result<BooksRow, StoreError> {
    let mut cell = In::new("book", BOOKS, bytes)?;
    let books = Books {
        read: cell.u64()?,
        applied: cell.u64()?,
        duplicate: cell.u64()?,
        conflict: cell.u64()?,
        refused: cell.u64()?,
        dead_lettered: cell.u64()?,
        parked: cell.u64()?,
    };
    let as_of = take_as_of(&mut cell)?;
    cell.done(BooksRow { key, books, as_of })
}

pub(crate) fn position(row: &PositionRow) -> Bytes {
    let mut out = Out::new(if row.held.is_empty() { POSITION } else { POSITION_HELD });
    out.u64(row.next.0);
    out.option(row.last_event_id.as_ref(), |out, id| out.text(id.as_str()));
    if !row.held.is_empty() {
        out.u32(row.held.len() as u32);
        for held in &row.held {
            out.text(held.org.as_str());
            out.u64(held.from.0);
        }
    }
    out.done()
}

/// The topic and the partition are the row's key.
pub(crate) fn decode_position(
    topic_id: TopicId,
    partition: Partition,
    bytes: &[u8],
) -> Result<PositionRow, StoreError> {
    let version = if bytes.first() == Some(&POSITION_HELD) { POSITION_HELD } else { POSITION };
    let mut cell = In::new("position", version, bytes)?;
    let next = Offset(cell.u64()?);
    let last_event_id = cell.option(|cell| cell.id(EventId::parse))?;
    let mut held = Vec::new();
    if version == POSITION_HELD {
        for _ in 0..cell.u32()? {
            held.push(HeldOrg { org: cell.id(OrgId::parse)?, from: Offset(cell.u64()?) });
        }
    }
    cell.done(PositionRow { topic_id, partition, next, last_event_id, held })
}
