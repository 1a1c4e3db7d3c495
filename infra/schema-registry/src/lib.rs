//! A client of an external schema registry (Confluent's HTTP API, which Karapace and Apicurio speak too): at the
//! start of a program every committed schema is registered there, and the ids it gives are what records are
//! written with (contract §5).
//!
//! The only crate of the programs that speaks HTTP as a client of it. Not here: which registry's ids a log was
//! made with (`engine` keeps that), and reading records, which goes by their fingerprint and asks no registry.

mod client;
mod error;
mod limits;
mod options;
mod register;

pub use error::RegistryError;
pub use options::{RegistryCredentials, RegistryOptions, TlsOptions};
pub use register::register;
