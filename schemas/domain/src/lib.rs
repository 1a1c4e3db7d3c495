//! The meaning of the system, and nothing else: identifiers, verdicts, tiers, the decision that turns a
//! command into events, the fold that turns events into state, and the ports through which the rest of
//! the house reaches logs, stores and keys.
//!
//! What does not belong here: IO, clocks, randomness, Avro, JSON, HTTP. Time and random bytes come in as
//! arguments, so that every rule can be tried with a table of cases.

#[macro_use]
mod words;

pub mod assurance;
pub mod capture;
pub mod classify;
pub mod decide;
pub mod event;
pub mod face_match;
pub mod fold;
pub mod ids;
pub mod ktp;
pub mod limits;
pub mod nik;
pub mod orgs;
pub mod outcome;
pub mod outcomes_of;
pub mod photo;
pub mod policy;
pub mod ports;
pub mod raw_answer;
pub mod recheck;
pub mod redelivery;
pub mod rows;
pub mod sealed;
pub mod signals;
pub mod signers;
pub mod staff;
pub mod time;
pub mod verdict;
