//! Why the registry gave no ids. Texts name the registry and the subject; never a password, and of what the
//! registry itself said at most a sentence.

use service::tls::TlsError;

/// Why schemas could not be registered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// A setting cannot be; nothing was asked.
    #[error("the schema registry's settings cannot be: {0}")]
    Options(String),
    /// A PEM file is not usable.
    #[error("{0}")]
    File(String),
    /// No answer came, or one that says "later". Worth trying again.
    #[error("the schema registry at {url} does not answer: {why}")]
    Unreachable {
        /// Who was asked.
        url: String,
        /// The last that was heard.
        why: String,
    },
    /// TLS did not come about: certificates, authorities, or no TLS on the other side.
    #[error("TLS failed with the schema registry at {url}: {why}")]
    Tls {
        /// With whom.
        url: String,
        /// rustls's words.
        why: String,
    },
    /// It does not take us.
    #[error("the schema registry at {url} refuses {who} ({status}) when asked to {what}")]
    Forbidden {
        /// Who refused.
        url: String,
        /// The user (never the password), or that there is none.
        who: String,
        /// 401 or 403.
        status: u16,
        /// What was asked.
        what: String,
    },
    /// It calls a schema of ours incompatible with what stands under its subject.
    #[error("the schema registry at {url} calls version {version} of {subject} incompatible: {why}")]
    Incompatible {
        /// Who said so.
        url: String,
        /// The subject.
        subject: String,
        /// Our version.
        version: u32,
        /// Its words.
        why: String,
    },
    /// Its answer is not one of a registry, or not to our question.
    #[error("the schema registry at {url} was asked to {what} and answered {why}")]
    Answer {
        /// Who answered.
        url: String,
        /// What was asked.
        what: String,
        /// What came.
        why: String,
    },
}

impl From<TlsError> for RegistryError {
    fn from(error: TlsError) -> Self {
        Self::File(error.to_string())
    }
}

impl RegistryError {
    /// Whether waiting may mend it.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}
