//! The envelope's bytes: how a header is written and read, and what its AAD binds. The format, byte by byte,
//! is in `docs/decisions/0002-sealing.md`; a committed version never changes.

use domain::ids::CustomerRef;
use domain::orgs::Suite;
use domain::sealed::Sealed;
use sha2::{Digest as _, Sha256};

use crate::aead::{COMMITMENT, NONCE, SALT, TAG};
use crate::customer_keys::SealContext;
use crate::error::UnsealError;
use crate::length_prefix;
use crate::limits::{KEY_ID_BYTES_MAX, SEALED_PLAINTEXT_BYTES_MAX};
use crate::padding::{LENGTH, is_padded, padme};

/// The first bytes of every envelope.
pub(crate) const MAGIC: [u8; 4] = *b"IDSE";
/// This format.
pub(crate) const VERSION: u8 = 1;

/// The suite's byte in envelopes and derivations.
pub(crate) fn suite_code(suite: Suite) -> u8 {
    match suite {
        Suite::Aes256GcmSiv => 1,
        Suite::Aes256Gcm => 2,
    }
}

fn suite_of(code: u8) -> Option<Suite> {
    [Suite::Aes256GcmSiv, Suite::Aes256Gcm].into_iter().find(|suite| suite_code(*suite) == code)
}

/// The suite that an envelope was sealed with; none where it is no envelope.
pub fn suite_of_envelope(sealed: &Sealed) -> Option<Suite> {
    Envelope::parse(sealed.as_bytes()).ok().map(|envelope| envelope.header.suite)
}

/// What stands before the ciphertext.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header<'a> {
    pub(crate) suite: Suite,
    pub(crate) key_id: &'a str,
    pub(crate) padded_len: u32,
    pub(crate) salt: [u8; SALT],
    pub(crate) commitment: [u8; COMMITMENT],
    pub(crate) nonce: [u8; NONCE],
}

impl<'a> Header<'a> {
    /// Bytes of a header with this key id.
    pub(crate) fn len(key_id: &str) -> usize {
        MAGIC.len() + 1 + 1 + 4 + key_id.len() + 4 + SALT + COMMITMENT + NONCE
    }

    /// Writes the header.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&MAGIC);
        out.push(VERSION);
        out.push(suite_code(self.suite));
        out.extend_from_slice(&(self.key_id.len() as u32).to_be_bytes());
        out.extend_from_slice(self.key_id.as_bytes());
        out.extend_from_slice(&self.padded_len.to_be_bytes());
        out.extend_from_slice(&self.salt);
        out.extend_from_slice(&self.commitment);
        out.extend_from_slice(&self.nonce);
    }

    /// SHA-256 of the canonical header: everything the envelope stores before the ciphertext and everything
    /// that says where it belongs.
    pub(crate) fn aad(&self, customer: &CustomerRef, ctx: &SealContext<'_>) -> [u8; 32] {
        let mut hash = Sha256::new();
        length_prefix::feed(
            &[
                &MAGIC,
                &[VERSION],
                &[suite_code(self.suite)],
                customer.org.as_str().as_bytes(),
                customer.customer.as_str().as_bytes(),
                self.key_id.as_bytes(),
                ctx.event_id.as_str().as_bytes(),
                ctx.field.as_str().as_bytes(),
                ctx.field.record().as_bytes(),
                ctx.content_type.as_bytes(),
                &self.padded_len.to_be_bytes(),
                &self.salt,
                &self.commitment,
                &self.nonce,
            ],
            |bytes| hash.update(bytes),
        );
        hash.finalize().into()
    }
}

/// An envelope taken apart; nothing in it is trusted yet.
#[derive(Debug)]
pub(crate) struct Envelope<'a> {
    pub(crate) header: Header<'a>,
    pub(crate) ciphertext: &'a [u8],
    pub(crate) tag: &'a [u8; TAG],
}

impl<'a> Envelope<'a> {
    /// Takes an envelope apart. Every length must be the one and only possible.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, UnsealError> {
        Self::try_parse(bytes).ok_or(UnsealError::Malformed)
    }

    fn try_parse(bytes: &'a [u8]) -> Option<Self> {
        let (magic, rest) = bytes.split_first_chunk::<4>()?;
        let ([version, suite], rest) = rest.split_first_chunk::<2>()?;
        if *magic != MAGIC || *version != VERSION {
            return None;
        }
        let suite = suite_of(*suite)?;
        let (key_id_len, rest) = rest.split_first_chunk::<4>()?;
        let key_id_len = u32::from_be_bytes(*key_id_len) as usize;
        if key_id_len > KEY_ID_BYTES_MAX {
            return None;
        }
        let (key_id, rest) = rest.split_at_checked(key_id_len)?;
        let key_id = std::str::from_utf8(key_id).ok()?;
        let (padded_len, rest) = rest.split_first_chunk::<4>()?;
        let padded_len = u32::from_be_bytes(*padded_len);
        let (salt, rest) = rest.split_first_chunk::<SALT>()?;
        let (commitment, rest) = rest.split_first_chunk::<COMMITMENT>()?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE>()?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG>()?;
        let possible = ciphertext.len() == padded_len as usize
            && ciphertext.len() >= LENGTH
            && ciphertext.len() <= padme((LENGTH + SEALED_PLAINTEXT_BYTES_MAX) as u32) as usize
            && padme(padded_len) == padded_len;
        possible.then_some(Self {
            header: Header { suite, key_id, padded_len, salt: *salt, commitment: *commitment, nonce: *nonce },
            ciphertext,
            tag,
        })
    }
}

/// Where the plaintext ends in a padded buffer: after its length, before zeros only. None when the padding is
/// not what sealing writes.
pub(crate) fn unpad(padded: &[u8]) -> Option<std::ops::Range<usize>> {
    let (len, rest) = padded.split_first_chunk::<LENGTH>()?;
    let len = u32::from_be_bytes(*len);
    let (plaintext, zeros) = rest.split_at_checked(len as usize)?;
    let canonical = is_padded(len, padded.len()) && zeros.iter().all(|byte| *byte == 0);
    canonical.then_some(LENGTH..LENGTH + plaintext.len())
}
