//! The HTTP front end: the only crate that knows HTTP. Authenticates, limits, parses, has the vault seal, has
//! the log append, waits for the outcome, answers; and reads the read model. What a verdict means is in
//! `domain`; how logs, stores and keys work is in their adapters.

pub mod app;
pub mod captures;
pub mod compose;
pub mod console;
mod csv_line;
pub mod documentation;
pub mod endpoints;
pub mod faces;
pub mod fallback_cli;
pub mod fallback_report;
pub mod limits;
pub mod model_report;
pub mod outages;
pub mod pipeline;
pub mod reading;
pub mod registry_pages;
pub mod routes;
pub mod sandbox;
pub mod serving;
pub mod settings;
pub mod writes;
