//! Bodies of tallies, books and positions.

use domain::event::{Offset, Partition, TopicId};
use domain::ids::{EventId, OrgId};
use domain::rows::{AsOf, Books, BooksKey, BooksRow, Epoch, HeldOrg, PositionRow, TallyKey, TallyRow};

use crate::bytes::{BodyReader, BodyWriter};
use crate::{RowBody, RowError};

const TALLY: u8 = 1;
const BOOKS: u8 = 1;
const POSITION: u8 = 1;
/// With orgs whose events wait.
const POSITION_WITH_HELD: u8 = 2;

pub(crate) fn write_as_of(out: &mut BodyWriter<'_>, as_of: &AsOf) {
    let AsOf { topic_id, epoch, offset } = *as_of;
    out.topic(topic_id);
    out.u32(epoch.0);
    out.u64(offset.0);
}

pub(crate) fn read_as_of(body: &mut BodyReader<'_>) -> Result<AsOf, RowError> {
    Ok(AsOf { topic_id: body.topic()?, epoch: Epoch(body.u32()?), offset: Offset(body.u64()?) })
}

impl RowBody for TallyRow {
    /// The count is a column, because totals are summed up from it.
    type Key = (TallyKey, u64);

    const USUAL_BYTES: usize = 32;

    fn write_body(&self, out: &mut Vec<u8>) {
        let Self { key: _, count: _, as_of } = self;
        write_as_of(&mut BodyWriter::new(out, TALLY), as_of);
    }

    fn read_body((key, count): Self::Key, body: &[u8]) -> Result<Self, RowError> {
        let mut body = BodyReader::new("tally", TALLY, body)?;
        let as_of = read_as_of(&mut body)?;
        body.end(Self { key, count, as_of })
    }
}

impl RowBody for BooksRow {
    type Key = BooksKey;

    const USUAL_BYTES: usize = 96;

    fn write_body(&self, out: &mut Vec<u8>) {
        let Self { key: _, books, as_of } = self;
        let Books { read, applied, duplicate, conflict, refused, dead_lettered, parked } = *books;
        let mut out = BodyWriter::new(out, BOOKS);
        for count in [read, applied, duplicate, conflict, refused, dead_lettered, parked] {
            out.u64(count);
        }
        write_as_of(&mut out, as_of);
    }

    fn read_body(key: Self::Key, body: &[u8]) -> Result<Self, RowError> {
        let mut body = BodyReader::new("book", BOOKS, body)?;
        let books = Books {
            read: body.u64()?,
            applied: body.u64()?,
            duplicate: body.u64()?,
            conflict: body.u64()?,
            refused: body.u64()?,
            dead_lettered: body.u64()?,
            parked: body.u64()?,
        };
        let as_of = read_as_of(&mut body)?;
        body.end(Self { key, books, as_of })
    }
}

impl RowBody for PositionRow {
    type Key = (TopicId, Partition);

    const USUAL_BYTES: usize = 64;

    fn write_body(&self, out: &mut Vec<u8>) {
        let Self { topic_id: _, partition: _, next, last_event_id, held } = self;
        let format = if held.is_empty() { POSITION } else { POSITION_WITH_HELD };
        let mut out = BodyWriter::new(out, format);
        out.u64(next.0);
        out.option(last_event_id.as_ref(), |out, id| out.text(id.as_str()));
        if format >= POSITION_WITH_HELD {
            out.u32(held.len() as u32);
            for HeldOrg { org, from } in held {
                out.text(org.as_str());
                out.u64(from.0);
            }
        }
    }

    fn read_body((topic_id, partition): Self::Key, body: &[u8]) -> Result<Self, RowError> {
        let mut body = BodyReader::new("position", POSITION_WITH_HELD, body)?;
        let next = Offset(body.u64()?);
        let last_event_id = body.option(|body| body.id(EventId::parse))?;
        let count = if body.format() >= POSITION_WITH_HELD { body.u32()? } else { 0 };
        let held = (0..count).map(|_| Ok(HeldOrg { org: body.id(OrgId::parse)?, from: Offset(body.u64()?) }));
        let held = held.collect::<Result<_, RowError>>()?;
        body.end(Self { topic_id, partition, next, last_event_id, held })
    }
}
