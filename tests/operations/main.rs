//! What an operator does to the distributed engine, by the programs' command line: status, quarantine, rebuilds
//! while verdicts keep coming (one installation for these, one case at a time: each changes what all instances
//! read); an external schema registry and the restore drill, each on an installation of its own. What does not
//! belong here: the contract (`../distributed/`), killed instances and servers that are down (`../outages/`).

#[allow(dead_code, reason = "shared with ../it, which uses the rest of it")]
#[path = "../it/client.rs"]
mod client;
#[path = "../chaos/drill.rs"]
mod drill;
#[allow(dead_code, reason = "shared with ../it, which uses the rest of it")]
#[path = "../it/evidence.rs"]
mod evidence;
#[allow(dead_code, reason = "shared with ../distributed, which uses the rest of it")]
#[path = "../distributed/installation.rs"]
mod installation;
#[path = "../distributed/patience.rs"]
mod patience;
#[allow(dead_code, reason = "shared with ../it, which uses the rest of it")]
#[path = "../it/photos.rs"]
mod photos;
#[allow(dead_code, reason = "shared with ../it, which uses all of it")]
#[path = "../it/process.rs"]
mod process;

mod quarantine;
mod rebuilding;
mod registry;
mod restore;
mod status;
mod world;
