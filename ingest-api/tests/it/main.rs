//! The front end from outside: real HTTP against the real embedded engine with the projector in process, on
//! port 0. What a bank's backend sees is held here to the contract.

mod connections;
mod customers;
mod doors;
mod erasure;
mod harness;
mod idempotency;
mod lists;
mod shutdown;
mod trace;
mod verdicts;
