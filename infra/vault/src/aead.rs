//! The ciphers, and the derivation of a message's own key with a commitment to it. The only file that calls
//! a cipher: envelopes and wraps both go through here, and so do the published test vectors.

use aes_gcm::Aes256Gcm;
use aes_gcm_siv::aead::inout::InOutBuf;
use aes_gcm_siv::{AeadInOut as _, Aes256GcmSiv, KeyInit as _};
use domain::orgs::Suite;
use hkdf::HkdfExtract;
use sha2::Sha512;
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, Zeroizing};

/// Bytes of a salt.
pub(crate) const SALT: usize = 32;
/// Bytes of a commitment.
pub(crate) const COMMITMENT: usize = 32;
/// Bytes of a nonce.
pub(crate) const NONCE: usize = 12;
/// Bytes of a tag.
pub(crate) const TAG: usize = 16;

/// A key that seals one message, and the commitment that goes with it.
pub(crate) struct MessageKey {
    okm: Zeroizing<[u8; 64]>,
}

impl MessageKey {
    /// HKDF-SHA512 (RFC 5869): key ‖ commitment = 32 + 32 bytes. The input key comes in parts that are read
    /// one after another.
    pub(crate) fn derive(input_key: &[&[u8]], salt: &[u8; SALT], info: &[u8]) -> Self {
        let mut extract = HkdfExtract::<Sha512>::new(Some(salt));
        for part in input_key {
            extract.input_ikm(part);
        }
        let (mut prk, hkdf) = extract.finalize();
        prk.as_mut_slice().zeroize();
        let mut okm = Zeroizing::new([0; 64]);
        hkdf.expand(info, okm.as_mut_slice()).expect("64 bytes are within HKDF's 255 blocks");
        Self { okm }
    }

    /// The key.
    pub(crate) fn key(&self) -> &[u8; 32] {
        self.okm.first_chunk().expect("64 bytes begin with 32")
    }

    /// The commitment: binds the input key, the salt and the info, and tells nothing of them.
    pub(crate) fn commitment(&self) -> &[u8; COMMITMENT] {
        self.okm.last_chunk().expect("64 bytes end with 32")
    }

    /// Whether an envelope's commitment is this key's; in constant time.
    pub(crate) fn is_committed_to_by(&self, commitment: &[u8; COMMITMENT]) -> bool {
        self.commitment().ct_eq(commitment).into()
    }
}

/// Encrypts the buffer where it lies and gives the tag.
pub(crate) fn seal_in_place(
    suite: Suite,
    key: &[u8; 32],
    nonce: &[u8; NONCE],
    aad: &[u8],
    buffer: &mut [u8],
) -> [u8; TAG] {
    let buffer = InOutBuf::from(buffer);
    let tag = match suite {
        Suite::Aes256GcmSiv => {
            Aes256GcmSiv::new(key.into()).encrypt_inout_detached(nonce.into(), aad, buffer)
        }
        Suite::Aes256Gcm => Aes256Gcm::new(key.into()).encrypt_inout_detached(nonce.into(), aad, buffer),
    };
    tag.expect("both ciphers take 64 GiB; buffers are bounded far below").into()
}

/// Decrypts the buffer where it lies. False when the tag is not right: the buffer is wiped then.
pub(crate) fn open_in_place(
    suite: Suite,
    key: &[u8; 32],
    nonce: &[u8; NONCE],
    aad: &[u8],
    buffer: &mut [u8],
    tag: &[u8; TAG],
) -> bool {
    let text = InOutBuf::from(&mut *buffer);
    let opened = match suite {
        Suite::Aes256GcmSiv => {
            Aes256GcmSiv::new(key.into()).decrypt_inout_detached(nonce.into(), aad, text, tag.into())
        }
        Suite::Aes256Gcm => {
            Aes256Gcm::new(key.into()).decrypt_inout_detached(nonce.into(), aad, text, tag.into())
        }
    };
    if opened.is_err() {
        buffer.zeroize();
    }
    opened.is_ok()
}
