//! The contract from outside: the real program on a folder of its own, spoken to over HTTP. What does not
//! belong here: crashes and full disks (`../chaos/`), and anything that looks inside, except for what
//! compliance may open in a sandbox's folder (`evidence.rs`). Most cases here hold on the distributed engine too
//! (`../distributed/cases.rs` names them); the others are a sandbox's alone.

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
mod connections;
mod customers;
mod documents;
mod doors;
mod edges;
mod ends;
mod errors;
mod fields;
mod first_steps;
mod hostile;
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
mod starting;
mod streams;
mod tls;
mod unreadable;
mod unsettled;
mod verdicts;
mod waiting;
