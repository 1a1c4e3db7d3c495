//! `KafkaLog` against real brokers. Two of them for the whole binary: one that every test shares (each under a
//! topic prefix of its own), and one that the tests of outages take turns to kill and freeze.
//!
//! Without a JDK and Maven nothing here runs: each test says so, and fails where `CI` is `true`.

mod append;
mod contract;
mod groups;
mod harness;
mod outages;
mod reading;
mod security;
mod topics;
