//! Why the settings were refused. Texts name the setting, never its value: it may be a secret.

use std::path::PathBuf;

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the settings file {path}: {error}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// It is not TOML.
    #[error("{path}, line {line}: {message}")]
    NotToml {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// The parser's words.
        message: String,
    },
    /// Nobody knows a setting of that name.
    #[error("unknown setting {setting} ({hint})")]
    Unknown {
        /// As it was written: `[section] name` or the variable's name.
        setting: String,
        /// What is known.
        hint: String,
    },
    /// The value is of another type, out of its range, or does not go with another one.
    #[error("setting {setting}: {message}")]
    Invalid {
        /// As it was written, or `[section] name`.
        setting: String,
        /// What it must be.
        message: String,
    },
}

impl ConfigError {
    pub(super) fn invalid(section: &str, name: &str, message: impl Into<String>) -> Self {
        Self::Invalid { setting: format!("[{section}] {name}"), message: message.into() }
    }

    pub(super) fn missing(section: &str, name: &str, whose: &str) -> Self {
        Self::invalid(section, name, format!("{whose} needs it"))
    }
}

/// Checks that a number is within its range.
pub(super) fn within<T: PartialOrd + std::fmt::Display + Copy>(
    section: &str,
    name: &str,
    value: T,
    range: std::ops::RangeInclusive<T>,
) -> Result<(), ConfigError> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(ConfigError::invalid(section, name, format!("must be from {} to {}", range.start(), range.end())))
}

/// Checks that a duration that is set in milliseconds is within a range of milliseconds.
pub(super) fn within_ms(
    section: &str,
    name: &str,
    value: std::time::Duration,
    range: std::ops::RangeInclusive<u128>,
) -> Result<(), ConfigError> {
    within(section, name, value.as_millis(), range)
}
