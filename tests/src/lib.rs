//! The library of the system tests: our programs as processes, a client and bare connections to speak to them, what
//! an installation keeps, opened; and the cases that hold on both engines. What belongs here: whatever more than one
//! test program uses. What is asserted once stands in the program that asserts it (`it/`, `chaos/`, `distributed/`, …).

#![allow(missing_docs, reason = "helpers of tests: a doc line says what the name does not")]

pub mod captures;
pub mod card_captures;
pub mod cases;
pub mod client;
pub mod console;
pub mod drill;
pub mod evidence;
pub mod face_calls;
pub mod fallback_calls;
pub mod harness;
pub mod installation;
pub mod load;
pub mod log_ends;
pub mod patience;
pub mod photos;
pub mod portraits;
pub mod process;
pub mod repeated_posts;
pub mod sandbox;
pub mod staff_browser;
pub mod wire;
