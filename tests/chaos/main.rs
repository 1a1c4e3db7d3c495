//! The real program when the machine fails it: killed at any moment, or out of room. What does not belong
//! here: faults of single ports (`../sim/`), and the contract on a good day (`../it/`), whose harness this uses.

#[allow(dead_code, reason = "shared with ../it, which uses all of it")]
#[path = "../it/client.rs"]
mod client;
#[path = "../it/evidence.rs"]
mod evidence;
#[allow(dead_code, unused_imports, reason = "shared with ../it, which uses all of it")]
#[path = "../it/harness.rs"]
mod harness;
#[allow(dead_code, reason = "shared with ../it, which uses all of it")]
#[path = "../it/photos.rs"]
mod photos;
#[allow(dead_code, reason = "shared with ../it, which uses all of it")]
#[path = "../it/process.rs"]
mod process;

mod disk;
mod drill;
mod kill;
mod load;
mod restore;
