//! Why a command was not done, and the exit code that says it (contract §7).

use std::process::ExitCode;

use compliance::ReadError;
use compliance::refold::RefoldError;
use domain::ports::{LogError, StoreError};
use engine::{OpenError, TargetError};
use org_directory::orgs::OrgsError;
use org_directory::signers::SignersError;
use service::program::Unwritten;
use unsealing::refusal::ActError;
use vault::VaultError;

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// Refused, or there is nothing of that name.
    #[error("{0}")]
    Refused(String),
    /// Nobody can do what was asked for.
    #[error("{0}")]
    WrongUsage(String),
    /// A log or a store did not answer, or the answer could not be written.
    #[error("{0}")]
    CouldNot(String),
}

impl CommandError {
    /// By the contract's table.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Refused(_) => 1,
            Self::WrongUsage(_) => 2,
            Self::CouldNot(_) => 3,
        })
    }
}

impl From<ActError> for CommandError {
    fn from(error: ActError) -> Self {
        match error {
            ActError::Refused(refusal) => Self::Refused(format!("{refusal} ({})", refusal.code())),
            ActError::CouldNot(words) => Self::CouldNot(words),
        }
    }
}

impl From<SignersError> for CommandError {
    fn from(error: SignersError) -> Self {
        match error {
            SignersError::File { .. } => Self::WrongUsage(error.to_string()),
            error => ActError::from(error).into(),
        }
    }
}

impl From<TargetError> for CommandError {
    fn from(error: TargetError) -> Self {
        Self::WrongUsage(error.to_string())
    }
}

impl From<OpenError> for CommandError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Config(error) => Self::WrongUsage(error.to_string()),
            error => Self::CouldNot(error.to_string()),
        }
    }
}

impl From<LogError> for CommandError {
    fn from(error: LogError) -> Self {
        Self::CouldNot(error.to_string())
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        Self::CouldNot(format!("the key store: {error}"))
    }
}

impl From<OrgsError> for CommandError {
    fn from(error: OrgsError) -> Self {
        Self::CouldNot(error.to_string())
    }
}

impl From<VaultError> for CommandError {
    fn from(error: VaultError) -> Self {
        Self::CouldNot(error.to_string())
    }
}

impl From<Unwritten> for CommandError {
    fn from(error: Unwritten) -> Self {
        Self::CouldNot(error.to_string())
    }
}

impl From<ReadError> for CommandError {
    fn from(error: ReadError) -> Self {
        Self::CouldNot(error.to_string())
    }
}

impl From<RefoldError> for CommandError {
    fn from(error: RefoldError) -> Self {
        match error {
            RefoldError::Read(error) => error.into(),
            error @ (RefoldError::LaterBuild(_) | RefoldError::Stopped(_) | RefoldError::TooMany(_)) => {
                Self::Refused(error.to_string())
            }
        }
    }
}
