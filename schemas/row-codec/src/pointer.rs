//! The pointer's body. The generation that answers is a column beside it, for people.

use domain::event::{Offset, Partition};
use domain::ports::{Handover, Pointer, SecondGeneration};
use domain::rows::Generation;

use crate::RowError;
use crate::bytes::{BodyReader, BodyWriter};

/// Format 1 was a handover alone, which no program ever wrote.
const POINTER: u8 = 2;

const NOTHING: u8 = 0;
const BUILDING: u8 = 1;
const NEXT: u8 = 2;
const PREVIOUS: u8 = 3;
const LEAVING: u8 = 4;
const DROPPING: u8 = 5;

/// The pointer as a body.
pub fn pointer_body(pointer: &Pointer) -> Vec<u8> {
    let Pointer { version, live: _, last, beside } = pointer;
    let mut body = Vec::with_capacity(64);
    let mut out = BodyWriter::new(&mut body, POINTER);
    out.u64(*version);
    out.u32(last.0);
    let (code, handover) = match beside {
        None => (NOTHING, None),
        Some(SecondGeneration::Building(_)) => (BUILDING, None),
        Some(SecondGeneration::Next(_, handover)) => (NEXT, Some(handover)),
        Some(SecondGeneration::Previous(_, handover)) => (PREVIOUS, Some(handover)),
        Some(SecondGeneration::Leaving(_, handover)) => (LEAVING, Some(handover)),
        Some(SecondGeneration::Dropping(_)) => (DROPPING, None),
    };
    out.u8(code);
    if let Some(beside) = beside {
        out.u32(beside.generation().0);
    }
    if let Some(Handover { topic_id, from }) = handover {
        out.topic(*topic_id);
        // At most as many as a topic has partitions.
        out.u32(from.len() as u32);
        for (partition, offset) in from {
            out.u32(partition.0);
            out.u64(offset.0);
        }
    }
    body
}

/// The pointer of that body; `live` is the column beside it.
///
/// # Errors
/// [`RowError`] when it is of a later format, or no pointer.
pub fn read_pointer(live: Generation, body: &[u8]) -> Result<Pointer, RowError> {
    let mut body = BodyReader::new("pointer", POINTER, body)?;
    if body.format() != POINTER {
        return Err(body.malformed());
    }
    let (version, last) = (body.u64()?, Generation(body.u32()?));
    let code = body.u8()?;
    let beside = if code == NOTHING {
        None
    } else {
        let generation = Generation(body.u32()?);
        Some(match code {
            BUILDING => SecondGeneration::Building(generation),
            NEXT => SecondGeneration::Next(generation, take_handover(&mut body)?),
            PREVIOUS => SecondGeneration::Previous(generation, take_handover(&mut body)?),
            LEAVING => SecondGeneration::Leaving(generation, take_handover(&mut body)?),
            DROPPING => SecondGeneration::Dropping(generation),
            _ => return Err(body.unknown("place of a generation")),
        })
    };
    body.end(Pointer { version, live, last, beside })
}

fn take_handover(body: &mut BodyReader<'_>) -> Result<Handover, RowError> {
    let topic_id = body.topic()?;
    let partitions = body.u32()?;
    let from = (0..partitions).map(|_| Ok((Partition(body.u32()?), Offset(body.u64()?))));
    Ok(Handover { topic_id, from: from.collect::<Result<_, RowError>>()? })
}
