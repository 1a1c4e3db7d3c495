//! Which generation of the read model answers, for every program that needs to know: the API, which only reads
//! ([`LiveGeneration`]), and a projector, which applies each change of the pointer ([`PointerWatch`]). Both
//! acknowledge the version they apply while a rebuild is under way (docs/decisions/0009-live-generation.md). Not
//! here: what a change of the pointer means to the records of a partition, and the rebuild that makes it
//! (`projector`).

mod heartbeat;
pub mod limits;
mod live_generation;
mod pointer_watch;

pub use live_generation::LiveGeneration;
pub use pointer_watch::PointerWatch;
