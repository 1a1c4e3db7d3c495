//! The contract suites: what every adapter of a port must do, as plain async functions that an adapter's
//! own tests call with a factory. No technology is named here, and nothing here is built into a program.

pub mod access_suite;
pub mod byte_reader;
pub mod face_vectors_suite;
pub mod failing_log;
pub mod faults;
pub mod field_variations;
pub mod generations_suite;
pub mod keys_away;
pub mod keys_suite;
pub mod log_suite;
pub mod memory;
pub mod patience;
pub mod pictures;
pub mod review_keys_suite;
pub mod samples;
pub mod staff_suite;
pub mod views_suite;
