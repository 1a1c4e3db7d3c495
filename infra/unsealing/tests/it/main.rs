//! Signers at work on the embedded engine, with the logs and rows that the API and the projector would write.

mod asking;
mod captures;
mod forging;
mod killing;
mod opening;
mod place;
mod signing;
