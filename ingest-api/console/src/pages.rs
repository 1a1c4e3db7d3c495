//! The pages, one file each: what a page shows (its model), its words, and how it is rendered.

pub mod access;
pub mod account;
pub mod attempts;
pub mod customer;
pub mod customers;
mod filter_form;
pub mod pipeline;
pub mod problem;
pub mod recheck;
pub mod rechecks;
pub mod review;
pub mod reviews;
pub mod sign_in;
pub mod void;
