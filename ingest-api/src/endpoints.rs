//! The endpoints that write, each with its fields, its command, its answer and its description. The path that they share
//! is in `writes`; what can be read is in `reading`.

pub mod capture_bundle;
pub mod customers;
pub mod dukcapil_attempt;
pub mod dukcapil_verdict;
pub mod face_enrolments;
pub mod face_match;
pub mod fallback_declaration;
mod fields;
pub mod flash_challenge;
pub mod ktp_capture;
mod reason_fields;
pub mod recheck_close;
pub mod verification_review;

use crate::documentation::description::EndpointDescription;

/// Every endpoint that writes. A new one is a module and a line here: its route and its part of the description of the
/// API follow.
pub static WRITING_ENDPOINTS: [&EndpointDescription; 9] = [
    &dukcapil_verdict::description::ENDPOINT,
    &face_match::description::ENDPOINT,
    &face_enrolments::description::ENDPOINT,
    &flash_challenge::description::KTP,
    &ktp_capture::description::ENDPOINT,
    &customers::description::ENDPOINT,
    &verification_review::description::ENDPOINT,
    &fallback_declaration::description::ENDPOINT,
    &recheck_close::description::ENDPOINT,
];
