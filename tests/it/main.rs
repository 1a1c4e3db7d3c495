//! The contract from outside: the real program on a folder of its own, spoken to over HTTP. What does not
//! belong here: crashes and full disks (`../chaos/`), and anything that looks inside, except for what
//! compliance may open in a sandbox's folder (`evidence.rs`). Most cases here hold on the distributed engine too
//! (`../distributed/` runs them there); what is a sandbox's alone stands in `first_steps.rs`,
//! `lagging.rs`, `lifecycle.rs`, `observed.rs`, `operations.rs`, `otlp.rs`, `programs.rs`, `records.rs`, `secrecy.rs`,
//! `signals.rs`, `streams.rs` and `tls.rs`.

mod client;
mod evidence;
mod harness;
mod photos;
mod process;
mod wire;

mod accepted;
mod access;
mod bodies;
mod common;
mod customers;
mod documents;
mod doors;
mod edges;
mod ends;
mod fields;
mod first_steps;
mod idempotency;
mod json;
mod lagging;
mod lifecycle;
mod limits;
mod lists;
mod observed;
mod operations;
mod orgs_cli;
mod otlp;
mod photo_fields;
mod programs;
mod reading;
mod records;
mod scopes;
mod secrecy;
mod server;
mod signals;
mod streams;
mod tls;
mod verdicts;
mod waiting;
