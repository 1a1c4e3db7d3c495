//! The endpoints that write, each with its fields, its command and its answer. The path that they share is in
//! `writes`; what can be read is in `reading`.

pub mod customers;
pub mod dukcapil_verdict;
