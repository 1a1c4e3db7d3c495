//! What the auditor's program does with the logs: shows the facts in their order with their evidence compared
//! (`replay`), folds them anew (`refold`, `state`, `what_if`), and lists who looked at whom (`access`). Works through
//! ports, so that it is the same on both engines, and reads in bounded pieces, however long the logs are.
//!
//! Not here: the command line and what opens an installation (the program), what an event means (`domain`), and what
//! takes signers (`unsealing`).

pub mod access;
pub mod customer_state;
pub mod erased_fields;
mod evidence;
pub mod limits;
mod merge;
mod partition_walk;
pub mod refold;
pub mod replay;
mod subject;
pub mod what_if;

pub use merge::ReadProgress;

use std::sync::Arc;

use domain::ports::{EventLog, KeyRows, LogError, StoreError};
use event_codec::Codec;

/// What the library works through.
#[derive(Clone)]
pub struct CompliancePorts {
    /// The logs.
    pub log: Arc<dyn EventLog>,
    /// Customers' key rows: whether a key was destroyed.
    pub keys: Arc<dyn KeyRows>,
    /// Records' form.
    pub codec: Codec,
}

/// Why the logs were not read to their end.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A log did not answer.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The key store did not answer.
    #[error("the key store: {0}")]
    Keys(#[from] StoreError),
    /// The vault did not answer.
    #[error("the vault is not available: {0}")]
    Vault(String),
    /// Who the signers were cannot be told.
    #[error("the signers of an org cannot be read: {0}")]
    Signers(String),
    /// What is shown could not be written.
    #[error("what is shown could not be written: {0}")]
    Unwritten(String),
}
