//! Signers' private files on the command line: a passphrase comes from the environment or from a file, never from a flag.

use std::path::Path;

use vault::{SignerFileError, SignerKeys};
use zeroize::Zeroizing;

use crate::command_error::CommandError;

/// The passphrase itself.
const PASSPHRASE: &str = "IDENTITY_SIGNER_PASSPHRASE";

/// A file that holds it.
const PASSPHRASE_FILE: &str = "IDENTITY_SIGNER_PASSPHRASE_FILE";

/// The passphrase that the environment names, if it names one.
pub(crate) fn passphrase() -> Result<Option<Zeroizing<String>>, CommandError> {
    if let Ok(text) = std::env::var(PASSPHRASE) {
        return Ok(Some(Zeroizing::new(text)));
    }
    let Some(file) = std::env::var_os(PASSPHRASE_FILE) else { return Ok(None) };
    let text = std::fs::read_to_string(&file).map(Zeroizing::new);
    let text = text.map_err(|error| CommandError::WrongUsage(format!("{PASSPHRASE_FILE}: {error}")))?;
    Ok(Some(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned())))
}

/// Reads a signer's keys.
pub(crate) fn read_signer(path: &Path) -> Result<SignerKeys, CommandError> {
    let given = passphrase()?;
    SignerKeys::read(path, || given).map_err(|error| {
        let words = match &error {
            SignerFileError::PassphraseWanted => format!("{error}: set {PASSPHRASE} or {PASSPHRASE_FILE}"),
            _ => error.to_string(),
        };
        CommandError::WrongUsage(format!("{}: {words}", path.display()))
    })
}
