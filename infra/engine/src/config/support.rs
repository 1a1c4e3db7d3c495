//! `[support]`.

use serde::Deserialize;

use super::error::ConfigError;
use crate::limits::SUPPORT_CONTACT_CHARS_MAX;

/// `[support]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SupportConfig {
    /// Whom a caller asks about what only the operator can change: an address, a number or a page. Errors show it.
    pub contact: Option<String>,
}

impl SupportConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let Some(contact) = &self.contact else { return Ok(()) };
        let chars = contact.chars().count();
        if (1..=SUPPORT_CONTACT_CHARS_MAX).contains(&chars) && !contact.chars().any(char::is_control) {
            return Ok(());
        }
        let what = format!("must be 1 to {SUPPORT_CONTACT_CHARS_MAX} characters on one line");
        Err(ConfigError::invalid("support", "contact", what))
    }
}
