//! Organisations and their API keys, as `identity.orgs` (compacted) holds them.

mod capabilities;
mod rate_limits;
mod setting_values;
mod settings;

use bytes::Bytes;

pub use self::capabilities::{Capability, CapabilitySet};
pub use self::rate_limits::{RateBucket, RateLimits};
pub use self::setting_values::{SettingKind, SettingValue};
#[cfg(test)]
pub(crate) use self::settings::tests::org_with_settings;
pub use self::settings::{OrgSetting, OrgSettings};
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
    /// What it may do beyond what every org may.
    pub capabilities: CapabilitySet,
    /// False: [`Scope::lenient_substitute`] is accepted (the published platform's quirk).
    pub strict_scopes: bool,
    /// Its limits.
    pub limits: RateLimits,
    /// The tier policy its new events carry.
    pub policy_version: u32,
    /// The AEAD its new envelopes are sealed with.
    pub suite: Suite,
    /// The id secret (ids, lookup of external ids); never rotated.
    pub id_secret: WrappedSecret,
    /// Name of the evidence key of before there were signers; empty since.
    pub evidence_key_id: String,
    /// X25519 public key (32 bytes) that evidence was sealed to before there were signers; empty since.
    pub evidence_public_key: Bytes,
    /// When it was made.
    pub created_at: Timestamp,
    /// What it has chosen.
    pub settings: OrgSettings,
}

impl OrgRecord {
    /// Whether its evidence was sealed to one key and was not shared among signers since.
    pub fn has_evidence_key(&self) -> bool {
        !self.evidence_public_key.is_empty()
    }
}

/// What a scope allows, and so which legacy scope grants it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ScopeKind {
    /// Reading: `read` and `write` grant it.
    View,
    /// Writing: `write` grants it.
    Write,
    /// Nothing but itself grants it.
    Own,
    /// `read`.
    LegacyRead,
    /// `write`.
    LegacyWrite,
}

macro_rules! scopes {
    ($($(#[doc = $doc:literal])+ $name:ident, $word:literal, $kind:ident, $is_standard:literal;)+) => {
        /// One scope of an API key.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Scope {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Scope {
            /// Every scope.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$name),+];

            /// The word in keys, errors and schemas.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }

            /// Whether a key gets it when no scopes are named.
            const fn is_standard(self) -> bool {
                match self {
                    $(Self::$name => $is_standard,)+
                }
            }

            fn kind(self) -> ScopeKind {
                match self {
                    $(Self::$name => ScopeKind::$kind,)+
                }
            }
        }
    };
}

// A new scope is one line here: its word (which stands in keys for ever), what it allows, and whether a key gets
// it when none are named. Commands, errors and the description of the API follow.
scopes! {
    /// Read customers and their KYC.
    CustomersView, "customers:view", View, true;
    /// Register customers.
    CustomersWrite, "customers:write", Write, true;
    /// Read verifications.
    VerificationsView, "verifications:view", View, true;
    /// Post verdicts.
    VerificationsWrite, "verifications:write", Write, true;
    /// Decide about verifications that wait for a person.
    ReviewsWrite, "reviews:write", Own, false;
    /// Manage the API.
    ApiManage, "api:manage", Own, true;
    /// Legacy: every `:view`.
    Read, "read", LegacyRead, false;
    /// Legacy: every `:view` and `:write`.
    Write, "write", LegacyWrite, false;
}

impl Scope {
    const STANDARD_COUNT: usize = {
        let (mut count, mut at) = (0, 0);
        while at < Self::ALL.len() {
            count += Self::ALL[at].is_standard() as usize;
            at += 1;
        }
        count
    };

    /// The scopes a key gets when none are named.
    pub const STANDARD: [Self; Self::STANDARD_COUNT] = {
        let mut standard = [Self::ALL[0]; Self::STANDARD_COUNT];
        let (mut count, mut at) = (0, 0);
        while at < Self::ALL.len() {
            if Self::ALL[at].is_standard() {
                standard[count] = Self::ALL[at];
                count += 1;
            }
            at += 1;
        }
        standard
    };

    /// The scope of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }

    /// What an org that is not strict accepts in this scope's place: a quirk of the published platform (contract §2).
    pub fn lenient_substitute(self) -> Option<Self> {
        (self == Self::VerificationsWrite).then_some(Self::VerificationsView)
    }

    /// Whether a key may have all of these: whoever posts verifications does not decide about them (contract §1).
    pub fn may_stand_together(scopes: &[Self]) -> bool {
        let has = |wanted: Self| scopes.iter().any(|scope| scope.grants(wanted));
        !(has(Self::ReviewsWrite) && has(Self::VerificationsWrite))
    }

    /// Whether having this scope grants the wanted one.
    pub fn grants(self, wanted: Self) -> bool {
        match self.kind() {
            ScopeKind::LegacyRead => wanted.kind() == ScopeKind::View,
            ScopeKind::LegacyWrite => matches!(wanted.kind(), ScopeKind::View | ScopeKind::Write),
            ScopeKind::View | ScopeKind::Write | ScopeKind::Own => self == wanted,
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
    fn the_standard_scopes_are_all_but_reviews_and_the_legacy_ones() {
        let words = Scope::STANDARD.map(Scope::as_str);
        let expected =
            ["customers:view", "customers:write", "verifications:view", "verifications:write", "api:manage"];
        assert_eq!(words, expected);
    }

    #[test]
    fn whoever_posts_verifications_does_not_decide_about_them() {
        use Scope::{
            ApiManage, CustomersWrite, Read, ReviewsWrite, VerificationsView, VerificationsWrite, Write,
        };
        for (scopes, may) in [
            (&[][..], true),
            (&[ReviewsWrite], true),
            (&[ReviewsWrite, Read, VerificationsView, CustomersWrite, ApiManage], true),
            (&[VerificationsWrite, Write], true),
            (&[ReviewsWrite, VerificationsWrite], false),
            (&[Write, ReviewsWrite], false),
        ] {
            assert_eq!(Scope::may_stand_together(scopes), may, "{scopes:?}");
        }
        assert!(Scope::may_stand_together(&Scope::STANDARD));
    }

    #[test]
    fn only_writing_verifications_has_a_substitute() {
        for scope in Scope::ALL {
            let substitute = (scope == Scope::VerificationsWrite).then_some(Scope::VerificationsView);
            assert_eq!(scope.lenient_substitute(), substitute, "{scope:?}");
        }
    }

    #[test]
    fn legacy_scopes_grant_what_the_contract_says() {
        use Scope::{
            ApiManage, CustomersView, CustomersWrite, Read, ReviewsWrite, VerificationsView,
            VerificationsWrite, Write,
        };
        for (has, wants, granted) in [
            (Read, CustomersView, true),
            (Read, VerificationsView, true),
            (Read, VerificationsWrite, false),
            (Write, VerificationsWrite, true),
            (Write, CustomersView, true),
            (Write, ApiManage, false),
            (Write, ReviewsWrite, false),
            (ReviewsWrite, ReviewsWrite, true),
            (ReviewsWrite, VerificationsView, false),
            (VerificationsWrite, VerificationsView, false),
            (CustomersWrite, CustomersWrite, true),
        ] {
            assert_eq!(has.grants(wants), granted, "{has:?} -> {wants:?}");
        }
    }
}
