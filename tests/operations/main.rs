//! What an operator does to the distributed engine, by the programs' command line: status, quarantine, rebuilds
//! while verdicts keep coming (one installation for these, one case at a time: each changes what all instances
//! read); an external schema registry and the restore drill, each on an installation of its own. What does not
//! belong here: the contract (`../distributed/`), killed instances and servers that are down (`../outages/`).

mod quarantine;
mod rebuilding;
mod registry;
mod restore;
mod status;
mod world;
