//! A challenge: what its nonce says, and all that follows from it under the org's key (sequence §1.6). Any instance that
//! has the key checks a nonce and comes to the same colours without a store; nothing secret of a challenge is kept
//! anywhere. How often one may be asked for is in `attempts`.

use zeroize::Zeroizing;

use super::FlashSequence;
use crate::ids::{ChallengeId, CustomerRef};
use crate::limits::CHALLENGE_STEPS;
use crate::time::Timestamp;

/// What a capture is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChallengePurpose {
    /// An identity card.
    Ktp,
    /// A living face.
    Face,
}

impl ChallengePurpose {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Ktp, Self::Face];

    /// The word in the API, in schemas and in what a bundle signs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ktp => "ktp",
            Self::Face => "face",
        }
    }

    /// The purpose of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == word)
    }

    /// In a nonce and in rows, for ever.
    pub fn code(self) -> u8 {
        match self {
            Self::Ktp => 1,
            Self::Face => 2,
        }
    }

    /// The purpose of that code.
    pub fn of_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.code() == code)
    }

    /// Colours where the caller does not say how many (sequence §2.2, §2.4).
    pub fn steps_default(self) -> u8 {
        match self {
            Self::Ktp => 5,
            Self::Face => 7,
        }
    }

    /// How long a challenge may be answered, in milliseconds: the least and the most that may be asked for.
    pub fn ttl_ms(self) -> std::ops::RangeInclusive<u32> {
        match self {
            Self::Ktp => 15_000..=300_000,
            Self::Face => 15_000..=120_000,
        }
    }

    /// The same where the caller does not say.
    pub fn ttl_default_ms(self) -> u32 {
        match self {
            Self::Ktp => 90_000,
            Self::Face => 30_000,
        }
    }
}

/// What an org's key for challenges can do, and the text forms and the signature that go with it: the domain says over
/// which bytes, and whoever has the ciphers computes.
pub trait ChallengePrf {
    /// 32 bytes that follow from the parts, and that nobody without the key can tell from random ones. Two lists of parts
    /// that differ are two inputs, also where their bytes in a row are the same.
    fn block(&self, parts: &[&[u8]]) -> [u8; 32];

    /// Whether the block of the parts begins with those bytes; in constant time.
    fn begins_with(&self, parts: &[&[u8]], bytes: &[u8]) -> bool;

    /// Base64url without padding (RFC 4648 §5).
    fn base64url(&self, bytes: &[u8]) -> String;

    /// The bytes of that base64url; a text has no spelling but one.
    fn of_base64url(&self, text: &str) -> Option<Vec<u8>>;

    /// Base32 without padding (RFC 4648 §6).
    fn base32(&self, bytes: &[u8]) -> Zeroizing<String>;

    /// Whether the signature is the lowercase hex of HMAC-SHA-256 over the text, keyed by the secret's own bytes; in
    /// constant time.
    fn is_signed(&self, text: &str, secret: &str, signature: &str) -> bool;
}

/// What is fixed about a challenge when it is issued: what its nonce says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlashChallenge {
    /// The bytes of its id.
    pub id_bytes: [u8; 16],
    /// When it was issued, by the clock of the instance that did.
    pub issued_at: Timestamp,
    /// For so long it may be answered.
    pub ttl_s: u16,
    /// Colours.
    pub steps: u8,
    /// What is to be captured.
    pub purpose: ChallengePurpose,
}

/// id, issuedAt in milliseconds, ttl in seconds, steps, purpose (sequence §1.6).
const CLAIM_BYTES: usize = 16 + 6 + 2 + 1 + 1;

/// Of what authenticates the claim.
const MAC_BYTES: usize = 16;

/// What a `hmacSecret` begins with, as the published platform's do.
const SECRET_PREFIX: &str = "qe_whsec_";

/// Of a `hmacSecret`: 160 bits, 32 characters of base32.
const SECRET_BYTES: usize = 20;

impl FlashChallenge {
    /// Characters of a nonce.
    pub const NONCE_CHARS: usize = (CLAIM_BYTES + MAC_BYTES) / 3 * 4;

    /// The challenge's id.
    pub fn id(&self) -> ChallengeId {
        ChallengeId::from_bytes(self.id_bytes)
    }

    /// Until when it may be answered.
    pub fn expires_at(&self) -> Timestamp {
        Timestamp::from_millis(self.issued_at.millis() + i64::from(self.ttl_s) * 1_000)
    }

    /// The nonce: what the challenge is, sealed to that customer by the org's key.
    pub fn nonce(&self, prf: &impl ChallengePrf, customer: &CustomerRef) -> String {
        let claim = self.claim();
        let mac = prf.block(&mac_parts(customer, &claim));
        prf.base64url(&[&claim[..], &mac[..MAC_BYTES]].concat())
    }

    /// The challenge of a nonce that was issued to that customer for that purpose under that key; none otherwise.
    pub fn of_nonce(
        nonce: &str,
        prf: &impl ChallengePrf,
        customer: &CustomerRef,
        purpose: ChallengePurpose,
    ) -> Option<Self> {
        // Before anything is allocated for it; a nonce has no spelling but one.
        if nonce.len() != Self::NONCE_CHARS {
            return None;
        }
        let bytes = prf.of_base64url(nonce)?;
        let (claim, mac) = bytes.split_first_chunk::<CLAIM_BYTES>()?;
        let is_ours = prf.begins_with(&mac_parts(customer, claim), mac);
        Self::of_claim(claim).filter(|challenge| is_ours && challenge.purpose == purpose)
    }

    fn claim(&self) -> [u8; CLAIM_BYTES] {
        let mut claim = [0; CLAIM_BYTES];
        claim[..16].copy_from_slice(&self.id_bytes);
        // 48 bits last until the year 10889, and the domain's times end in 9999.
        claim[16..22].copy_from_slice(&self.issued_at.millis().to_be_bytes()[2..]);
        claim[22..24].copy_from_slice(&self.ttl_s.to_be_bytes());
        claim[24] = self.steps;
        claim[25] = self.purpose.code();
        claim
    }

    fn of_claim(claim: &[u8; CLAIM_BYTES]) -> Option<Self> {
        let (id_bytes, rest) = claim.split_first_chunk::<16>()?;
        let (ms, rest) = rest.split_first_chunk::<6>()?;
        let [t1, t0, steps, purpose] = *rest.first_chunk::<4>()?;
        let ms = ms.iter().fold(0, |ms, byte| (ms << 8) | i64::from(*byte));
        let challenge = Self {
            id_bytes: *id_bytes,
            issued_at: Timestamp::from_millis(ms),
            ttl_s: u16::from_be_bytes([t1, t0]),
            steps,
            purpose: ChallengePurpose::of_code(purpose)?,
        };
        CHALLENGE_STEPS.contains(&steps).then_some(challenge)
    }

    /// The colours, and how long each is to be shown.
    pub fn flashes(&self, prf: &impl ChallengePrf, customer: &CustomerRef) -> FlashSequence {
        let mut block = [0; 32];
        let mut drawn: u32 = 0;
        FlashSequence::generate(self.steps, &mut || {
            let place = (drawn % 32) as usize;
            if place == 0 {
                block = self.block(prf, customer, b"fc1", drawn / 32);
            }
            // At most 256 orders of ten colours of eight bytes, and the holds.
            drawn += 1;
            block[place]
        })
    }

    /// What the capture's bundle is signed with. It is made anew whenever it is asked for, and kept nowhere.
    pub fn hmac_secret(&self, prf: &impl ChallengePrf, customer: &CustomerRef) -> Zeroizing<String> {
        let block = Zeroizing::new(self.block(prf, customer, b"hmac-secret", 0));
        let text = prf.base32(&block[..SECRET_BYTES]);
        // Room for all of it, so that nothing is left behind where it was shorter.
        let mut secret = Zeroizing::new(String::with_capacity(SECRET_PREFIX.len() + text.len()));
        secret.push_str(SECRET_PREFIX);
        secret.push_str(&text);
        secret
    }

    fn block(
        &self,
        prf: &impl ChallengePrf,
        customer: &CustomerRef,
        use_of_it: &[u8],
        number: u32,
    ) -> [u8; 32] {
        prf.block(&[
            use_of_it,
            customer.org.as_str().as_bytes(),
            customer.customer.as_str().as_bytes(),
            &self.id_bytes,
            &[self.purpose.code()],
            &self.issued_at.millis().to_be_bytes(),
            &number.to_be_bytes(),
        ])
    }
}

fn mac_parts<'a>(customer: &'a CustomerRef, claim: &'a [u8; CLAIM_BYTES]) -> [&'a [u8]; 4] {
    [b"nonce", customer.org.as_str().as_bytes(), customer.customer.as_str().as_bytes(), claim]
}

#[cfg(test)]
#[path = "challenge_tests.rs"]
mod tests;
