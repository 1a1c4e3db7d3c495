//! The contract from outside: the real program on a folder of its own, spoken to over HTTP. What does not
//! belong here: crashes and full disks (`../chaos/`), and anything that looks inside, except for what
//! compliance may open in a stopped sandbox's folder (`evidence.rs`).

mod client;
mod evidence;
mod harness;
mod photos;
mod wire;

mod accepted;
mod access;
mod bodies;
mod common;
mod customers;
mod documents;
mod fields;
mod idempotency;
mod json;
mod lifecycle;
mod limits;
mod lists;
mod orgs_cli;
mod photo_fields;
mod scopes;
mod secrecy;
mod verdicts;
mod waiting;
