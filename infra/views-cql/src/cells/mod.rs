//! Rows as the bytes of one cell: a row that is one cell is replaced whole, with one timestamp, and a part
//! that becomes none leaves no tombstone. What is a column of its own is so because a query needs it.
//!
//! The first byte is the format's version; a released format never changes. Not here: the tables.

mod bytes;
mod counts;
mod events;
mod pointer;
mod state;

pub(crate) use counts::{as_of, books, decode_as_of, decode_books, decode_position, position};
pub(crate) use events::{
    decode_enrolment, decode_note, decode_tier_event, decode_verification, enrolment, note, tier_event,
    verification,
};
pub(crate) use pointer::{decode_pointer, pointer};
pub(crate) use state::{decode_state, state};

#[cfg(test)]
mod tests;
