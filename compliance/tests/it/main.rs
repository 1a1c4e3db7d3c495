//! What the auditor's program reads, on logs in memory that a test fills record by record: facts and evidence that do not
//! belong together, quarantines and releases, policies. On real engines, with the real program, it is tested from outside
//! (`tests/src/cases/compliance.rs`).

mod access;
mod captures;
mod folding;
mod replaying;
mod world;
