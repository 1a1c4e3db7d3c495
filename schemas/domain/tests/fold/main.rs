//! The fold as given/when/then: facts in, state, rows, outcomes and books out. No log, no store.

mod captures;
mod challenges;
mod erasure;
mod faces;
mod given;
mod given_captures;
mod given_rechecks;
mod quarantine;
mod rechecks;
mod records;
mod redelivery;
mod tiers;
mod verdicts;
