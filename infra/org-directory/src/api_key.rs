//! API keys as text: `qe_sk_<sandbox|live>_<32 base32 characters>` (contract §1). Shown once, then only its
//! SHA-256 is anywhere.

use domain::orgs::{ApiKeyRecord, Environment};
use domain::time::Timestamp;
use rand::TryRng as _;
use rand::rngs::SysRng;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

const PREFIX: &str = "qe_sk_";

/// 160 random bits: 32 characters of RFC 4648's base 32, in small letters.
const RANDOM_BYTES: usize = 20;

/// Characters after the environment.
const RANDOM_CHARS: usize = 32;

/// A key's text. Its `Debug` does not show it; wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(Zeroizing<String>);

impl ApiKey {
    /// Makes a key from the operating system's random bytes.
    pub fn generate(environment: Environment) -> Self {
        let mut random = Zeroizing::new([0; RANDOM_BYTES]);
        SysRng.try_fill_bytes(random.as_mut_slice()).expect("the operating system gives random bytes");
        let mut text = Zeroizing::new(format!("{PREFIX}{}_", environment.as_str()));
        data_encoding::BASE32_NOPAD.encode_append(random.as_slice(), &mut text);
        let lower_from = text.len() - RANDOM_CHARS;
        text[lower_from..].make_ascii_lowercase();
        Self(text)
    }

    /// Takes up a text of that form; anything else is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (environment, random) = text.strip_prefix(PREFIX)?.split_once('_')?;
        Environment::parse(environment)?;
        let well_formed =
            random.len() == RANDOM_CHARS && random.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'));
        well_formed.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The text, to be shown once.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// SHA-256 of the text: what is kept and looked up.
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApiKey(…)")
    }
}

/// Whether a key is good at that time: neither revoked nor expired.
pub fn is_good(key: &ApiKeyRecord, now: Timestamp) -> bool {
    key.revoked_at.is_none() && key.expires_at.is_none_or(|expires_at| now < expires_at)
}

#[cfg(test)]
mod tests {
    use domain::ids::{ApiKeyId, OrgId};

    use super::*;

    #[test]
    fn a_key_has_the_contracts_form() {
        for environment in [Environment::Sandbox, Environment::Live] {
            let key = ApiKey::generate(environment);
            let random = key.expose().strip_prefix(&format!("qe_sk_{}_", environment.as_str()));
            assert_eq!(random.map(str::len), Some(32));
            assert_eq!(ApiKey::parse(key.expose()), Some(key.clone()));
            assert_ne!(ApiKey::generate(environment), key);
            assert_eq!(format!("{key:?}"), "ApiKey(…)");
        }
    }

    #[test]
    fn nothing_else_is_a_key() {
        let good = "qe_sk_live_abcdefghijklmnopqrstuvwxyz234567";
        assert!(ApiKey::parse(good).is_some());
        for bad in [
            "",
            "qe_sk_live_",
            "qe_sk_test_abcdefghijklmnopqrstuvwxyz234567",
            "qe_sk_live_ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
            "qe_sk_live_abcdefghijklmnopqrstuvwxyz23456",
            "qe_sk_live_abcdefghijklmnopqrstuvwxyz2345678",
            "qe_sk_live_abcdefghijklmnopqrstuvwxyz234568",
            "qe_sk_live_abcdefghijklmnopqrstuvwxyz2345é",
        ] {
            assert_eq!(ApiKey::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_key_is_good_until_it_expires_or_is_revoked() {
        let at = Timestamp::from_millis;
        let key = |expires_at: Option<i64>, revoked_at: Option<i64>| ApiKeyRecord {
            id: ApiKeyId::from_bytes([1; 16]),
            org: OrgId::from_bytes([1; 16]),
            key_sha256: [0; 32],
            scopes: Vec::new(),
            expires_at: expires_at.map(at),
            revoked_at: revoked_at.map(at),
            created_at: at(0),
        };
        for (key, good) in [
            (key(None, None), true),
            (key(Some(101), None), true),
            (key(Some(100), None), false),
            (key(None, Some(100)), false),
            // Whatever the clocks of two machines say of the moment: revoked is revoked.
            (key(None, Some(200)), false),
        ] {
            assert_eq!(is_good(&key, at(100)), good, "{key:?}");
        }
    }
}
