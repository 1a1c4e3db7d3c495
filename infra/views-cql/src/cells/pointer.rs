//! The pointer's cell. The generation that answers is a column beside it, for people.

use bytes::Bytes;
use domain::event::{Offset, Partition};
use domain::ports::{Handover, Pointer, SecondGeneration, StoreError};
use domain::rows::Generation;

use super::bytes::{In, Out};

/// Format 1 was a handover alone, which no program ever wrote.
const POINTER: u8 = 2;

const NOTHING: u8 = 0;
const BUILDING: u8 = 1;
const NEXT: u8 = 2;
const PREVIOUS: u8 = 3;
const LEAVING: u8 = 4;
const DROPPING: u8 = 5;

pub(crate) fn pointer(pointer: &Pointer) -> Bytes {
    let mut out = Out::new(POINTER);
    out.u64(pointer.version);
    out.u32(pointer.last.0);
    let (word, handover) = match &pointer.beside {
        None => (NOTHING, None),
        Some(SecondGeneration::Building(_)) => (BUILDING, None),
        Some(SecondGeneration::Next(_, handover)) => (NEXT, Some(handover)),
        Some(SecondGeneration::Previous(_, handover)) => (PREVIOUS, Some(handover)),
        Some(SecondGeneration::Leaving(_, handover)) => (LEAVING, Some(handover)),
        Some(SecondGeneration::Dropping(_)) => (DROPPING, None),
    };
    out.u8(word);
    if let Some(beside) = &pointer.beside {
        out.u32(beside.generation().0);
    }
    if let Some(handover) = handover {
        out.topic(handover.topic_id);
        // At most as many as a topic has partitions.
        out.u32(handover.from.len() as u32);
        for (partition, offset) in &handover.from {
            out.u32(partition.0);
            out.u64(offset.0);
        }
    }
    out.done()
}

/// `live` is the column beside it.
pub(crate) fn decode_pointer(live: Generation, bytes: &[u8]) -> Result<Pointer, StoreError> {
    let mut cell = In::new("pointer", POINTER, bytes)?;
    let (version, last) = (cell.u64()?, Generation(cell.u32()?));
    let word = cell.u8()?;
    let beside = if word == NOTHING {
        None
    } else {
        let generation = Generation(cell.u32()?);
        Some(match word {
            BUILDING => SecondGeneration::Building(generation),
            NEXT => SecondGeneration::Next(generation, take_handover(&mut cell)?),
            PREVIOUS => SecondGeneration::Previous(generation, take_handover(&mut cell)?),
            LEAVING => SecondGeneration::Leaving(generation, take_handover(&mut cell)?),
            DROPPING => SecondGeneration::Dropping(generation),
            _ => return Err(cell.broken()),
        })
    };
    cell.done(Pointer { version, live, last, beside })
}

fn take_handover(cell: &mut In<'_>) -> Result<Handover, StoreError> {
    let topic_id = cell.topic()?;
    let partitions = cell.u32()?;
    let from = (0..partitions).map(|_| Ok((Partition(cell.u32()?), Offset(cell.u64()?))));
    Ok(Handover { topic_id, from: from.collect::<Result<_, StoreError>>()? })
}
