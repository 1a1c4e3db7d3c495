//! Signers' private files on the command line: a passphrase comes from the environment or from a file, never from a flag.

use std::path::Path;

use vault::{SignerFileError, SignerKeys};
use zeroize::Zeroizing;

use crate::command_error::CommandError;

/// The passphrase itself.
const PASSPHRASE: &str = "IDENTITY_SIGNER_PASSPHRASE";

/// A file that holds it.
const PASSPHRASE_FILE: &str = "IDENTITY_SIGNER_PASSPHRASE_FILE";

/// The passphrase that the environment names, if it names one. With a number that of the signer at this place in the order of
/// `--signer`, counted from 1, if there is one; otherwise the one without a number.
pub(crate) fn passphrase(number: Option<usize>) -> Result<Option<Zeroizing<String>>, CommandError> {
    let own = number.map(|number| format!("_{number}"));
    for suffix in own.as_deref().into_iter().chain([""]) {
        if let Some(found) =
            passphrase_in(&format!("{PASSPHRASE}{suffix}"), &format!("{PASSPHRASE_FILE}{suffix}"))?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn passphrase_in(variable: &str, file_variable: &str) -> Result<Option<Zeroizing<String>>, CommandError> {
    let (text, name) = match (std::env::var(variable), std::env::var_os(file_variable)) {
        (Ok(text), _) => (Zeroizing::new(text), variable),
        (Err(std::env::VarError::NotUnicode(_)), _) => {
            return Err(CommandError::WrongUsage(format!("{variable}: not UTF-8")));
        }
        (Err(std::env::VarError::NotPresent), None) => return Ok(None),
        (Err(std::env::VarError::NotPresent), Some(file)) => {
            let text = std::fs::read_to_string(&file).map(Zeroizing::new);
            let text = text.map_err(|error| CommandError::WrongUsage(format!("{file_variable}: {error}")))?;
            (Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()), file_variable)
        }
    };
    if text.is_empty() {
        // A file under it would look guarded.
        return Err(CommandError::WrongUsage(format!("{name}: an empty passphrase guards nothing")));
    }
    Ok(Some(text))
}

/// Reads a signer's keys; with a number, of several signers the one at this place in the order of `--signer`.
pub(crate) fn read_signer(path: &Path, number: Option<usize>) -> Result<SignerKeys, CommandError> {
    let given = passphrase(number)?;
    SignerKeys::read(path, || given).map_err(|error| {
        let words = match &error {
            SignerFileError::PassphraseWanted => format!("{error}: set {PASSPHRASE} or {PASSPHRASE_FILE}"),
            _ => error.to_string(),
        };
        CommandError::WrongUsage(format!("{}: {words}", path.display()))
    })
}
