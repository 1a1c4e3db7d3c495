//! Random tokens that a browser carries, of which we keep a digest only, and proofs that somebody has one.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::length_prefix;
use crate::random;

/// 256 random bits. Its `Debug` does not show them; wiped when dropped.
pub struct SecretToken(Zeroizing<[u8; 32]>);

impl SecretToken {
    /// A new one.
    pub fn generate() -> Self {
        Self(Zeroizing::new(random::bytes()))
    }

    /// Takes up the text of one; nothing else is one.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(BASE64URL_NOPAD.decode(text.as_bytes()).ok()?);
        Some(Self(Zeroizing::new(bytes.as_slice().try_into().ok()?)))
    }

    /// Its text: 43 characters of base64url.
    pub fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE64URL_NOPAD.encode(self.0.as_slice()))
    }

    /// By which it is found again where it is not kept itself.
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_slice()).into()
    }

    /// What only somebody can name for that purpose who has the token, and which does not give it away.
    pub fn proof(&self, purpose: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_slice()).expect("a key of any length");
        mac.update(&length_prefix::joined(&[b"token-proof/v1", purpose.as_bytes()]));
        BASE64URL_NOPAD.encode(&mac.finalize().into_bytes())
    }

    /// Whether that is the proof, in constant time.
    pub fn is_proof(&self, purpose: &str, text: &str) -> bool {
        self.proof(purpose).as_bytes().ct_eq(text.as_bytes()).into()
    }
}

impl std::fmt::Debug for SecretToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_from_its_text_and_from_no_other() {
        let token = SecretToken::generate();
        let text = token.expose();
        assert_eq!(text.len(), 43);
        let again = SecretToken::parse(&text).expect("a token");
        assert_eq!(again.sha256(), token.sha256());
        assert_ne!(SecretToken::generate().sha256(), token.sha256());
        for bad in ["", "x", &text[1..], &format!("{}=", *text), &"A".repeat(44), &"é".repeat(20)] {
            assert!(SecretToken::parse(bad).is_none(), "{bad}");
        }
        assert_eq!(format!("{token:?}"), "SecretToken(…)");
    }

    #[test]
    fn a_proof_is_of_one_token_and_one_purpose() {
        let (token, other) = (SecretToken::generate(), SecretToken::generate());
        let proof = token.proof("form");
        assert!(token.is_proof("form", &proof));
        assert!(!token.is_proof("page", &proof) && !other.is_proof("form", &proof));
        assert!(!token.is_proof("form", "") && !token.is_proof("form", &proof[1..]));
        assert_ne!(proof, *token.expose());
    }
}
