//! The console over HTTP (contract §8): who is signed in, and one file of handlers per page. The pages themselves are
//! `console_pages`'. These routes stand outside of `/api/` and need no key.
//!
//! A page's handler takes a [`session::SignedIn`], asks it whether its role may, reads what it shows, and answers with
//! [`answer::page`] or a [`error::ConsoleError`], which becomes a page in the reader's language.

pub mod access;
pub mod access_record;
pub mod account;
pub mod answer;
pub mod assets;
pub mod attempts;
pub mod client_address;
pub mod cookies;
pub mod customer;
pub mod customers;
pub mod error;
mod filter_value;
pub mod form;
pub mod known_browser;
pub mod next_address;
pub mod password_gate;
pub mod review;
pub mod reviews;
pub mod routes;
pub mod session;
pub mod settings;
pub mod sign_in;
pub mod throttle;
pub mod visit;
pub mod void;
