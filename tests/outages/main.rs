//! The distributed engine when something fails it: programs killed under load, brokers and nodes that are down,
//! wrong credentials, topics that are not what they should be, records nobody can read. What does not belong
//! here: the contract on a good day (`../distributed/`), one port's faults (`../sim/`, the adapters' own tests).

mod backend;
mod rough;

mod brokers;
mod damaged;
mod keys;
mod kill;
mod refusals;
mod registrations;
mod store;
