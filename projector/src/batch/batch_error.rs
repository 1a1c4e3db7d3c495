//! Why a batch did not get through, sorted by who can help: time, a key that comes back, a later build, or an
//! operator.

use domain::fold::FoldStop;
use domain::ports::{LogError, StoreError};

use crate::batch::decode_record::{DecodeRecordError, KeyWait};

/// Why a batch did not get through.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BatchError {
    /// Worth trying again.
    #[error("{0}")]
    Unavailable(String),
    /// A key is away: its org waits, and the partition goes on.
    #[error("{}", .0.why)]
    KeyAway(KeyWait),
    /// The partition waits for a later build.
    #[error("{0}")]
    NeedsUpgrade(String),
    /// The partition waits for an operator.
    #[error("{0}")]
    Halted(String),
}

impl From<StoreError> for BatchError {
    fn from(error: StoreError) -> Self {
        if error.is_transient() {
            Self::Unavailable(error.to_string())
        } else {
            Self::Halted(error.to_string())
        }
    }
}

impl From<LogError> for BatchError {
    fn from(error: LogError) -> Self {
        if error.is_transient() {
            Self::Unavailable(error.to_string())
        } else {
            Self::Halted(error.to_string())
        }
    }
}

impl From<DecodeRecordError> for BatchError {
    fn from(error: DecodeRecordError) -> Self {
        match error {
            DecodeRecordError::Unavailable(text) => Self::Unavailable(text),
            DecodeRecordError::UnknownSchema => Self::NeedsUpgrade(error.to_string()),
        }
    }
}

impl From<FoldStop> for BatchError {
    fn from(stop: FoldStop) -> Self {
        Self::NeedsUpgrade(stop.to_string())
    }
}
