//! The projector: turns the facts of `identity.events` into the rows of the read model and the outcomes of
//! `identity.outcomes`. Per partition and in order: read a batch, check its envelopes, fold, write rows,
//! publish outcomes, move the position. Everything before the position moves may happen twice and comes to
//! the same (design §2).
//!
//! What does not belong here: what an event means (`domain`), how a log or a store works (the adapters).

mod batch;
mod beats;
mod following;
mod held;
mod intake;
mod lag;
mod lanes;
pub mod limits;
mod live;
mod memory;
mod partition;
mod plan;
mod positions;
mod progress;
mod publish;
pub mod quarantine;
pub mod rebuild;
mod runner;
mod session;
mod standing;
pub mod status;

pub use live::Live;
pub use positions::Positions;
pub use progress::Progress;
pub use runner::{Clock, Ports, RunError, Runner, Settings};
