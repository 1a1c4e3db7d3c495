//! The way of a write, whichever endpoint takes it: preferences, idempotency, single flight, the append, and the
//! wait for what the projection made of it. What a write is, its endpoint says.

pub mod keyed_mutex;
pub mod outcome_hub;
pub mod preferences;
pub mod single_flight;
pub mod unprojected_writes;
