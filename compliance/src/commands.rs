//! One file for each command: its arguments, and how its answer is printed.

pub(crate) mod access;
pub(crate) mod replay;
pub(crate) mod signers;
pub(crate) mod state;
pub(crate) mod unseal;
pub(crate) mod what_if;
