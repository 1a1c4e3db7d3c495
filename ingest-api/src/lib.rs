//! The HTTP front end: the only crate that knows HTTP. Authenticates, limits, parses, has the vault seal, has
//! the log append, waits for the outcome, answers; and reads the read model. What a verdict means is in
//! `domain`; how logs, stores and keys work is in their adapters.

pub mod admission;
pub mod answers;
pub mod app;
pub mod auth;
pub mod body;
pub mod compose;
pub mod customers;
pub mod docs;
pub mod errors;
pub mod json;
pub mod limits;
pub mod management;
pub mod observe;
pub mod outcomes;
pub mod preferences;
pub mod query;
pub mod ratelimit;
pub mod reading;
pub mod request_id;
pub mod routes;
pub mod sandbox;
pub mod server;
pub mod settings;
pub mod socket;
pub mod verdict;
pub mod wiped;
pub mod wire;
