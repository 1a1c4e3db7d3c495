//! A key for the tests of challenges and bundles, with the text forms and signatures as they are.

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD, HEXLOWER};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::ChallengePrf;

/// Keyed by one byte.
pub(super) struct TestPrf(pub(super) u8);

impl ChallengePrf for TestPrf {
    fn block(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&[self.0]).expect("a key of any length");
        for part in parts {
            mac.update(&(part.len() as u32).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    fn begins_with(&self, parts: &[&[u8]], bytes: &[u8]) -> bool {
        self.block(parts).starts_with(bytes)
    }

    fn base64url(&self, bytes: &[u8]) -> String {
        BASE64URL_NOPAD.encode(bytes)
    }

    fn of_base64url(&self, text: &str) -> Option<Vec<u8>> {
        BASE64URL_NOPAD.decode(text.as_bytes()).ok()
    }

    fn base32(&self, bytes: &[u8]) -> Zeroizing<String> {
        Zeroizing::new(BASE32_NOPAD.encode(bytes))
    }

    fn is_signed(&self, text: &str, secret: &str, signature: &str) -> bool {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
        mac.update(text.as_bytes());
        HEXLOWER.encode(&mac.finalize().into_bytes()) == signature
    }
}
