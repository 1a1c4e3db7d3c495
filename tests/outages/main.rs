//! The distributed engine when something fails it: programs killed under load, brokers and nodes that are down,
//! wrong credentials, topics that are not what they should be, records nobody can read. What does not belong
//! here: the contract on a good day (`../distributed/`), one port's faults (`../sim/`, the adapters' own tests).

#[allow(dead_code, reason = "shared with ../it, which uses all of it")]
#[path = "../it/client.rs"]
mod client;
#[path = "../it/evidence.rs"]
mod evidence;
#[allow(dead_code, reason = "shared with ../distributed, which uses the rest of it")]
#[path = "../distributed/installation.rs"]
mod installation;
#[allow(dead_code, reason = "shared with ../chaos, which uses all of it")]
#[path = "../chaos/load.rs"]
mod load;
#[allow(dead_code, reason = "shared with ../operations, which uses all of it")]
#[path = "../distributed/patience.rs"]
mod patience;
#[allow(dead_code, reason = "shared with ../it, which uses all of it")]
#[path = "../it/photos.rs"]
mod photos;
#[allow(dead_code, reason = "shared with ../it, which uses all of it")]
#[path = "../it/process.rs"]
mod process;

mod backend;
mod rough;

mod brokers;
mod damaged;
mod keys;
mod kill;
mod refusals;
mod registrations;
mod store;
