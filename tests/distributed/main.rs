//! The contract from outside on the distributed engine: the cases of `../it/`, as they stand, on a real Kafka,
//! a real Cassandra and two instances of each program; and what only two instances can show. What does not
//! belong here: killed programs, servers that are down, damaged logs (`../outages/`).

#![allow(clippy::duplicate_mod, reason = "the cases run once for each way round")]

#[path = "../it/client.rs"]
mod client;
#[path = "../it/evidence.rs"]
mod evidence;
mod harness;
#[allow(dead_code, reason = "shared with ../outages, which uses the rest of it")]
mod installation;
#[path = "../it/photos.rs"]
mod photos;
#[allow(dead_code, reason = "shared with ../it, which uses all of it")]
#[path = "../it/process.rs"]
mod process;
#[path = "../it/wire.rs"]
mod wire;

mod instances;
/// Every case writes at the first instance and reads at the second,
#[path = "cases.rs"]
mod writing_at_first;
/// and then the other way round.
#[path = "cases.rs"]
mod writing_at_second;
