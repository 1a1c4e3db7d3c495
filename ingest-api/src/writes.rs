//! The path of every write, whichever endpoint takes it: admit, receive, parse, record, answer (`path`). For a write
//! that becomes a verification, `record_once` has the middle of it: its name, one flight at a time, the append of
//! evidence and event, and the wait for what the projection made of it. What a write is, its endpoint says.

pub mod answer;
pub mod append;
mod await_outcome;
pub mod change_feed;
pub mod customer_keys;
pub mod decide_once;
pub mod evidence_secrets;
pub mod keyed_mutex;
pub mod outcome_hub;
pub mod path;
pub mod preferences;
pub mod record_once;
pub mod review;
pub mod single_flight;
pub mod unprojected_writes;
pub mod void;
pub mod write_name;

pub use self::await_outcome::{is_taken_in, poll_until_projected};
