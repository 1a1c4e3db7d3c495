//! Signers at work on the embedded engine, with the logs and rows that the API and the projector would write.

mod commands;
mod opening;
mod place;
mod signing;
