//! Organisations and their API keys, as `identity.orgs` (compacted) holds them.

use bytes::Bytes;

use crate::ids::{ApiKeyId, OrgId};
use crate::time::Timestamp;

/// What an org's keys and data are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Environment {
    /// Trying out.
    Sandbox,
    /// Real customers.
    Live,
}

impl Environment {
    /// The word in keys, the API and schemas.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Live => "live",
        }
    }

    /// The environment of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Sandbox, Self::Live].into_iter().find(|e| e.as_str() == word)
    }
}

/// The AEAD an org's data is sealed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Suite {
    /// RFC 8452, the default.
    Aes256GcmSiv,
    /// NIST SP 800-38D, where an org's auditor wants it.
    Aes256Gcm,
}

impl Suite {
    /// The word in schemas and settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aes256GcmSiv => "aes-256-gcm-siv",
            Self::Aes256Gcm => "aes-256-gcm",
        }
    }

    /// The suite of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Aes256GcmSiv, Self::Aes256Gcm].into_iter().find(|s| s.as_str() == word)
    }
}

/// Requests a minute for each key and bucket; 0 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RateLimits {
    /// GET.
    pub get_per_minute: u32,
    /// Writes other than verdicts.
    pub write_per_minute: u32,
    /// `POST /api/identity/nik/dukcapil`.
    pub nik_dukcapil_per_minute: u32,
}

impl Default for RateLimits {
    /// The contract's (§1).
    fn default() -> Self {
        Self { get_per_minute: 600, write_per_minute: 120, nik_dukcapil_per_minute: 30 }
    }
}

/// A secret wrapped under an org key of the KMS.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct WrappedSecret {
    /// Which version of the org key.
    pub kms_version: u32,
    /// The ciphertext.
    pub wrapped: Bytes,
}

impl std::fmt::Debug for WrappedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WrappedSecret(version {})", self.kms_version)
    }
}

/// An organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgRecord {
    /// The org.
    pub org: OrgId,
    /// Its name, for operators.
    pub name: String,
    /// Sandbox or live.
    pub environment: Environment,
    /// May it send verdicts?
    pub dukcapil_enabled: bool,
    /// False: `verifications:view` also posts verdicts (the published platform's quirk).
    pub strict_scopes: bool,
    /// Its limits.
    pub limits: RateLimits,
    /// The tier policy its new events carry.
    pub policy_version: u32,
    /// The AEAD its new envelopes are sealed with.
    pub suite: Suite,
    /// The id secret (ids, lookup of external ids); never rotated.
    pub id_secret: WrappedSecret,
    /// Name of the evidence key.
    pub evidence_key_id: String,
    /// X25519 public key (32 bytes) that raw answers are sealed to.
    pub evidence_public_key: Bytes,
    /// When it was made.
    pub created_at: Timestamp,
}

/// One scope of an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Read customers and their KYC.
    CustomersView,
    /// Register customers.
    CustomersWrite,
    /// Read verifications.
    VerificationsView,
    /// Post verdicts.
    VerificationsWrite,
    /// Manage the API.
    ApiManage,
    /// Legacy: every `:view`.
    Read,
    /// Legacy: every `:view` and `:write`.
    Write,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 7] = [
        Self::CustomersView,
        Self::CustomersWrite,
        Self::VerificationsView,
        Self::VerificationsWrite,
        Self::ApiManage,
        Self::Read,
        Self::Write,
    ];

    /// The scopes a key gets when none are named.
    pub const STANDARD: [Self; 5] = [
        Self::CustomersView,
        Self::CustomersWrite,
        Self::VerificationsView,
        Self::VerificationsWrite,
        Self::ApiManage,
    ];

    /// The word in keys, errors and schemas.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CustomersView => "customers:view",
            Self::CustomersWrite => "customers:write",
            Self::VerificationsView => "verifications:view",
            Self::VerificationsWrite => "verifications:write",
            Self::ApiManage => "api:manage",
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// The scope of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }

    /// Whether having this scope grants the wanted one.
    pub fn grants(self, wanted: Self) -> bool {
        let view = matches!(wanted, Self::CustomersView | Self::VerificationsView);
        let write = matches!(wanted, Self::CustomersWrite | Self::VerificationsWrite);
        match self {
            Self::Read => view,
            Self::Write => view || write,
            Self::CustomersView
            | Self::CustomersWrite
            | Self::VerificationsView
            | Self::VerificationsWrite
            | Self::ApiManage => self == wanted,
        }
    }
}

/// An API key: never the key, only its SHA-256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRecord {
    /// Its public name.
    pub id: ApiKeyId,
    /// Whose.
    pub org: OrgId,
    /// SHA-256 of the key's text.
    pub key_sha256: [u8; 32],
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
    /// Since when it is refused.
    pub revoked_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Everything that may stand in `identity.orgs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DirectoryRecord {
    /// An org; record key `org/`.
    Org(OrgRecord),
    /// One of its keys; record key `org/key_…`.
    ApiKey(ApiKeyRecord),
}

impl DirectoryRecord {
    /// Whose record it is.
    pub fn org(&self) -> &OrgId {
        match self {
            Self::Org(org) => &org.org,
            Self::ApiKey(key) => &key.org,
        }
    }

    /// The record's key: the latest record of a key is the valid one.
    pub fn record_key(&self) -> String {
        match self {
            Self::Org(org) => format!("{}/", org.org),
            Self::ApiKey(key) => format!("{}/{}", key.org, key.id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legacy_scopes_grant_what_the_contract_says() {
        use Scope::{
            ApiManage, CustomersView, CustomersWrite, Read, VerificationsView, VerificationsWrite, Write,
        };
        for (has, wants, granted) in [
            (Read, CustomersView, true),
            (Read, VerificationsView, true),
            (Read, VerificationsWrite, false),
            (Write, VerificationsWrite, true),
            (Write, CustomersView, true),
            (Write, ApiManage, false),
            (VerificationsWrite, VerificationsView, false),
            (CustomersWrite, CustomersWrite, true),
        ] {
            assert_eq!(has.grants(wants), granted, "{has:?} -> {wants:?}");
        }
    }
}
