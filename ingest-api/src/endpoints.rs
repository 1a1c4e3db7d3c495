//! The endpoints that write, each with its fields, its command and its answer; and the reading of a customer, whose
//! answer is the registration's.

pub mod customers;
pub mod dukcapil_verdict;
