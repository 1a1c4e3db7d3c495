//! The real program when the machine fails it: killed at any moment, or out of room. What does not belong
//! here: faults of single ports (`../sim/`), and the contract on a good day (`../it/`), whose harness this uses.

mod disk;
mod kill;
mod restore;
