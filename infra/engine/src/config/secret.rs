//! A password among the settings: never shown, gone from memory when dropped.

use std::fmt;
use std::path::Path;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use zeroize::Zeroizing;

use super::error::ConfigError;
use crate::limits::SECRET_FILE_BYTES_MAX;

/// A password. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes it over.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The password itself, for whoever logs in with it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The password that is set directly or stands in a file (without the line's end), of which one may be
    /// given.
    pub(super) fn resolve(
        section: &str,
        name: &str,
        direct: Option<&Self>,
        file: Option<&Path>,
    ) -> Result<Option<Self>, ConfigError> {
        let file_name = format!("{name}_file");
        match (direct, file) {
            (Some(_), Some(_)) => {
                Err(ConfigError::invalid(section, &file_name, format!("{name} is set as well; keep one")))
            }
            (Some(secret), None) => Ok(Some(secret.clone())),
            (None, None) => Ok(None),
            (None, Some(path)) => {
                let refused = |why: String| ConfigError::invalid(section, &file_name, why);
                let size = std::fs::metadata(path)
                    .map_err(|error| refused(format!("cannot read {}: {error}", path.display())))?
                    .len();
                if size > SECRET_FILE_BYTES_MAX {
                    return Err(refused(format!("{} is too large for a password", path.display())));
                }
                let text = Zeroizing::new(
                    std::fs::read_to_string(path)
                        .map_err(|error| refused(format!("cannot read {}: {error}", path.display())))?,
                );
                let password = text.trim_end_matches(['\r', '\n']);
                if password.is_empty() {
                    return Err(refused(format!("{} is empty", path.display())));
                }
                Ok(Some(Self::new(password.to_owned())))
            }
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_string(SecretVisitor)
    }
}

struct SecretVisitor;

/// What serde says of a wrong type repeats the value; these do not.
const QUOTES: &str = "must be a text in quotes";

impl Visitor<'_> for SecretVisitor {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text in quotes")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Secret, E> {
        Ok(Secret::new(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Secret, E> {
        Ok(Secret::new(text))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Secret, E> {
        Err(E::custom(QUOTES))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Secret, E> {
        Err(E::custom(QUOTES))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Secret, E> {
        Err(E::custom(QUOTES))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Secret, E> {
        Err(E::custom(QUOTES))
    }
}
