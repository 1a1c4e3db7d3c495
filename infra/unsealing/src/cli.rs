//! `signers …` and `unseal …` as commands (contract §7). What they print on stdout is JSON for programs and lines for
//! people; words go to stderr. Exit codes: 0 done, 1 refused or not found, 2 wrong usage, 3 a log, a store or a file did
//! not do it.

mod opened;
mod signer_files;
mod signers;
mod unseal;

use std::process::ExitCode;

use engine::{OpenError, TargetError};
use org_directory::orgs::OrgsError;
use org_directory::signers::SignersError;
use service::program::{Unwritten, say};

pub use self::signers::SignersArgs;
pub use self::unseal::UnsealArgs;
use crate::refusal::ActError;

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    /// Refused, or there is nothing of that name.
    #[error("{0}")]
    Refused(String),
    /// Nobody can do what was asked for.
    #[error("{0}")]
    WrongUsage(String),
    /// A log, a store or a file did not do it.
    #[error("{0}")]
    CouldNot(String),
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
            SignersError::AlreadyThere(_) | SignersError::Chain(_) | SignersError::ChangedMeanwhile(_) => {
                Self::Refused(error.to_string())
            }
            error => Self::CouldNot(error.to_string()),
        }
    }
}

impl From<TargetError> for CommandError {
    fn from(error: TargetError) -> Self {
        Self::WrongUsage(error.to_string())
    }
}

macro_rules! could_not {
    ($($error:ty),+) => {
        $(impl From<$error> for CommandError {
            fn from(error: $error) -> Self {
                Self::CouldNot(error.to_string())
            }
        })+
    };
}

could_not!(OpenError, OrgsError, Unwritten);

fn exit_code(done: Result<ExitCode, CommandError>) -> ExitCode {
    done.unwrap_or_else(|error| {
        say(&format!("error: {error}"));
        ExitCode::from(match error {
            CommandError::Refused(_) => 1,
            CommandError::WrongUsage(_) => 2,
            CommandError::CouldNot(_) => 3,
        })
    })
}

/// Runs `signers …` against the installation that it names; its exit code.
pub async fn run_signers(args: SignersArgs) -> ExitCode {
    exit_code(Box::pin(signers::run(args)).await)
}

/// Runs `unseal …` against the installation that it names; its exit code.
pub async fn run_unseal(args: UnsealArgs) -> ExitCode {
    exit_code(Box::pin(unseal::run(args)).await)
}
