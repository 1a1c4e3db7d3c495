//! Typed identifiers. Each is a prefix and 26 Crockford characters over 16 bytes, opaque to everyone:
//! nobody reads a time out of one or sorts by it (contract §1). How the 16 bytes come about (an HMAC under
//! the org's id secret, a hash of a source id, random bytes) is decided elsewhere; here they only get their
//! shape.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// Crockford's base 32 alphabet (<https://www.crockford.com/base32.html>).
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Characters after the prefix: 128 bits in groups of five, zero-padded at the top.
pub const ID_CHARS: usize = 26;

/// Writes 16 bytes as 26 Crockford characters, most significant first, zero-padded at the top.
pub fn crockford(bytes: [u8; 16]) -> String {
    let value = u128::from_be_bytes(bytes);
    (0..ID_CHARS).rev().map(|digit| CROCKFORD[((value >> (5 * digit)) & 31) as usize] as char).collect()
}

/// The 16 bytes of an id that follows from another: SHA-256 over length-prefixed (`id/v1`, prefix, source
/// id, ordinal), cut to 16 bytes. The source id is itself 128 bits that nobody can guess, so no secret is
/// needed, and a replay without any key comes to the same ids (docs/decisions/0003).
pub fn derived(prefix: &str, source_id: &str, ordinal: u64) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in [b"id/v1".as_slice(), prefix.as_bytes(), source_id.as_bytes(), &ordinal.to_be_bytes()] {
        hash.update((part.len() as u32).to_be_bytes());
        hash.update(part);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes
}

/// Why a text is not an id of the wanted kind. The text itself is not repeated: it came from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form {prefix} and 26 Crockford characters")]
pub struct NotAnId {
    /// The prefix that was wanted.
    pub prefix: &'static str,
}

fn check(text: &str, prefix: &'static str) -> Result<(), NotAnId> {
    let rest = text.strip_prefix(prefix).ok_or(NotAnId { prefix })?;
    let well_formed = rest.len() == ID_CHARS
        && rest.bytes().all(|b| CROCKFORD.contains(&b))
        // 26 characters hold 130 bits; the top two must be zero.
        && rest.as_bytes()[0] <= b'7';
    if well_formed { Ok(()) } else { Err(NotAnId { prefix }) }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// The prefix of every id of this kind.
            pub const PREFIX: &'static str = $prefix;

            /// Gives 16 bytes the shape of an id.
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(format!("{}{}", $prefix, crockford(bytes)).into())
            }

            /// Takes up an id that was written down before; anything of another form is refused.
            pub fn parse(text: &str) -> Result<Self, NotAnId> {
                check(text, $prefix)?;
                Ok(Self(text.into()))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// An organisation: one bank, one tenant.
    OrgId = "org_";
    /// A customer of an org; minted by us, pseudonymous.
    CustomerId = "cus_";
    /// A verification row.
    VerificationId = "ver_";
    /// A face enrolment.
    EnrolmentId = "fe_";
    /// A change of the KYC tier.
    TierEventId = "kte_";
    /// An event or an outcome in a log.
    EventId = "evt_";
    /// A request, for logs and for whoever answers the telephone.
    RequestId = "req_";
    /// An API key's public name (never the key).
    ApiKeyId = "key_";
    /// The secret that an org's evidence is sealed with for an hour (never the secret).
    EvidenceSecretId = "es_";
    /// A request to open evidence.
    UnsealRequestId = "uns_";
    /// A challenge that a capture answers.
    ChallengeId = "fc_";
    /// A captured card as it was judged.
    KtpBundleId = "ktpb_";
    /// A declared failure of Dukcapil's.
    FallbackId = "fb_";
    /// A recheck that is due because of one.
    RecheckId = "rc_";
}

/// A customer within its org: what almost every row and record is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CustomerRef {
    /// The tenant.
    pub org: OrgId,
    /// The customer.
    pub customer: CustomerId,
}

impl CustomerRef {
    /// Names a customer within its org.
    pub fn new(org: OrgId, customer: CustomerId) -> Self {
        Self { org, customer }
    }

    /// The record key of everything about this customer: UTF-8 `org/customer` (contract §5).
    pub fn record_key(&self) -> String {
        format!("{}/{}", self.org, self.customer)
    }

    /// The customer that a record's key names; none of `org/` and of what is no key of ours.
    pub fn of_record_key(key: &[u8]) -> Option<Self> {
        let (org, customer) = std::str::from_utf8(key).ok()?.split_once('/')?;
        Some(Self::new(OrgId::parse(org).ok()?, CustomerId::parse(customer).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_key_names_its_customer_and_nothing_else_does() {
        let customer = CustomerRef::new(OrgId::from_bytes([1; 16]), CustomerId::from_bytes([2; 16]));
        let key = customer.record_key();
        assert_eq!(CustomerRef::of_record_key(key.as_bytes()), Some(customer.clone()));
        for other in
            [format!("{}/", customer.org), customer.customer.to_string(), format!("{key}/"), String::new()]
        {
            assert_eq!(CustomerRef::of_record_key(other.as_bytes()), None, "{other}");
        }
        assert_eq!(CustomerRef::of_record_key(b"\xff/\xff"), None);
    }

    #[test]
    fn an_id_is_a_prefix_and_26_characters() {
        assert_eq!(CustomerId::from_bytes([0; 16]).as_str(), "cus_00000000000000000000000000");
        assert_eq!(CustomerId::from_bytes([0xff; 16]).as_str(), "cus_7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    }

    #[test]
    fn only_well_formed_text_is_an_id() {
        let good = VerificationId::from_bytes([7; 16]);
        assert_eq!(VerificationId::parse(good.as_str()).as_ref(), Ok(&good));
        for bad in [
            "",
            "ver_",
            "cus_00000000000000000000000000",
            "ver_8ZZZZZZZZZZZZZZZZZZZZZZZZZ",
            "ver_0000000000000000000000000I",
            "ver_0000000000000000000000000",
            "ver_000000000000000000000000000",
            "ver_0000000000000000000000000é",
        ] {
            assert!(VerificationId::parse(bad).is_err(), "{bad:?}");
        }
    }
}
