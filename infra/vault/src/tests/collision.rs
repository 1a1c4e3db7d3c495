//! One ciphertext, two keys: both ciphers accept it under both, the envelope does not. The attack is that of
//! Dodis, Grubbs, Ristenpart and Woodage ("Fast Message Franking", CRYPTO 2018) on GCM and of Schmieg
//! ("Invisible Salamanders in AES-GCM-SIV") on GCM-SIV: the tag is a polynomial in the ciphertext, so blocks
//! that nobody looks at are solved for.

use aes_gcm_siv::aes::Aes256;
use aes_gcm_siv::aes::cipher::{BlockCipherDecrypt as _, BlockCipherEncrypt as _, KeyInit as _};
use domain::orgs::Suite;
use domain::sealed::{Field, Opened, Purpose, Sealed};

use super::field::{inverse, multiply, times_x, weights};
use super::{SUITES, ctx, customer, event, fixed_keys};
use crate::aead::{MessageKey, open_in_place};
use crate::envelope::Header;
use crate::error::UnsealError;

const BLOCKS: usize = 3;
const TEXT: usize = 16 * BLOCKS;
type Block = [u8; 16];

/// AES-256 of one block.
fn encrypt(key: &[u8; 32], block: Block) -> Block {
    let mut block = block.into();
    Aes256::new(key.into()).encrypt_block(&mut block);
    block.into()
}

fn decrypt(key: &[u8; 32], block: Block) -> Block {
    let mut block = block.into();
    Aes256::new(key.into()).decrypt_block(&mut block);
    block.into()
}

fn blocks(bytes: &[u8]) -> Vec<Block> {
    bytes.chunks_exact(16).map(|block| block.try_into().expect("16 bytes")).collect()
}

fn xor(a: Block, b: Block) -> Block {
    (u128::from_le_bytes(a) ^ u128::from_le_bytes(b)).to_le_bytes()
}

/// What both forgeries start from: two keys, one nonce, one AAD, and how the text begins under the first key.
struct Wanted<'a> {
    keys: [&'a [u8; 32]; 2],
    nonce: [u8; 12],
    aad: [u8; 32],
    first_block: Block,
}

/// AES-GCM: the tag is GHASH(aad, ciphertext) ^ AES(J0), so one block makes both keys agree on it.
fn gcm(wanted: &Wanted<'_>) -> (Vec<u8>, Block) {
    let counter = |n: u32| {
        let mut block = [0; 16];
        block[..12].copy_from_slice(&wanted.nonce);
        block[12..].copy_from_slice(&n.to_be_bytes());
        block
    };
    // GHASH is POLYVAL over reversed blocks, under the reversed key times x (RFC 8452, appendix A).
    let reversed = |block: Block| u128::from_be_bytes(block);
    let mut text = [[0_u8; 16], [0; 16], [0x5a; 16]];
    text[0] = xor(wanted.first_block, encrypt(wanted.keys[0], counter(2)));
    let mut lengths = [0; 16];
    lengths[..8].copy_from_slice(&(32_u64 * 8).to_be_bytes());
    lengths[8..].copy_from_slice(&(TEXT as u64 * 8).to_be_bytes());
    let mut hashed = blocks(&wanted.aad);
    hashed.extend(text);
    hashed.push(lengths);
    // With block 1 of the text left at zero, the tags are these; it enters each with its weight.
    let unknown = 2 + 1;
    let [(tag, weight), (other_tag, other_weight)] = wanted.keys.map(|key| {
        let h = times_x(reversed(encrypt(key, [0; 16])));
        let weights = weights(h, hashed.len());
        let sum = hashed.iter().zip(&weights).fold(0, |sum, (block, w)| sum ^ multiply(reversed(*block), *w));
        (sum ^ reversed(encrypt(key, counter(1))), weights[unknown])
    });
    let solved = multiply(tag ^ other_tag, inverse(weight ^ other_weight));
    text[1] = solved.to_be_bytes();
    (text.concat(), (tag ^ multiply(solved, weight)).to_be_bytes())
}

/// The message keys of GCM-SIV (RFC 8452, §4): authentication and encryption.
fn siv_keys(key: &[u8; 32], nonce: &[u8; 12]) -> (u128, [u8; 32]) {
    let half = |n: u32| {
        let mut block = [0; 16];
        block[..4].copy_from_slice(&n.to_le_bytes());
        block[4..].copy_from_slice(nonce);
        encrypt(key, block)[..8].to_vec()
    };
    let authentication = [half(0), half(1)].concat();
    let encryption = [half(2), half(3), half(4), half(5)].concat();
    (
        u128::from_le_bytes(authentication.try_into().expect("16 bytes")),
        encryption.try_into().expect("32 bytes"),
    )
}

/// AES-GCM-SIV: choose the tag; it fixes the key streams and, decrypted, what POLYVAL must come to under each
/// key. Two equations, linear in the ciphertext: two blocks solve them.
fn gcm_siv(wanted: &Wanted<'_>) -> (Vec<u8>, Block) {
    let keys = wanted.keys.map(|key| siv_keys(key, &wanted.nonce));
    let tag = (0_u128..)
        .map(u128::to_le_bytes)
        .find(|tag| keys.iter().all(|(_, encryption)| decrypt(encryption, *tag)[15] & 0x80 == 0))
        .expect("every fourth tag or so will do");
    let stream = |encryption: &[u8; 32], n: u32| {
        let mut counter = tag;
        counter[15] |= 0x80;
        let start = u32::from_le_bytes(*counter.first_chunk().expect("16 bytes"));
        counter[..4].copy_from_slice(&start.wrapping_add(n).to_le_bytes());
        encrypt(encryption, counter)
    };
    let mut text = [xor(wanted.first_block, stream(&keys[0].1, 0)), [0; 16], [0; 16]];
    let mut lengths = [0; 16];
    lengths[..8].copy_from_slice(&(32_u64 * 8).to_le_bytes());
    lengths[8..].copy_from_slice(&(TEXT as u64 * 8).to_le_bytes());
    let mut nonce = [0; 16];
    nonce[..12].copy_from_slice(&wanted.nonce);
    // Per key: weight of block 1, weight of block 2, what they must sum to.
    let [(a, b, r), (c, d, s)] = keys.map(|(authentication, encryption)| {
        let mut hashed = blocks(&wanted.aad);
        hashed.extend((0..BLOCKS).map(|n| xor(text[n], stream(&encryption, n as u32))));
        hashed.push(lengths);
        let weights = weights(authentication, hashed.len());
        let is = hashed
            .iter()
            .zip(&weights)
            .fold(0, |sum, (block, w)| sum ^ multiply(u128::from_le_bytes(*block), *w));
        let wants = u128::from_le_bytes(xor(decrypt(&encryption, tag), nonce));
        (weights[2 + 1], weights[2 + 2], is ^ wants)
    });
    let determinant = inverse(multiply(a, d) ^ multiply(b, c));
    text[1] = multiply(multiply(r, d) ^ multiply(b, s), determinant).to_le_bytes();
    text[2] = multiply(multiply(a, s) ^ multiply(r, c), determinant).to_le_bytes();
    (text.concat(), tag)
}

#[test]
fn a_ciphertext_that_opens_under_two_keys_is_refused_by_the_commitment() {
    let (salt, nonce) = ([0x44; 32], [0x55; 12]);
    let event = event(3);
    let ctx = ctx(&event, Field::Photo);
    for suite in SUITES {
        let keys = [0x11, 0x22].map(|byte| fixed_keys(customer(1, 2), byte, suite));
        let message: [MessageKey; 2] =
            [0x11, 0x22].map(|byte| keys[0].message_key(suite, Purpose::Biometric, &[byte; 32], None, &salt));
        let key_id = format!("dk_{}", domain::ids::crockford([4; 16]));
        let header = Header {
            suite,
            key_id: &key_id,
            padded_len: TEXT as u32,
            salt,
            commitment: *message[0].commitment(),
            nonce,
        };
        let mut first_block = *b"____what we say:";
        first_block[..4].copy_from_slice(&(TEXT as u32 - 4).to_be_bytes());
        let aad = header.aad(keys[0].customer(), &ctx);
        let wanted = Wanted { keys: [message[0].key(), message[1].key()], nonce, aad, first_block };
        let (text, tag) = match suite {
            Suite::Aes256Gcm => gcm(&wanted),
            Suite::Aes256GcmSiv => gcm_siv(&wanted),
        };

        for key in wanted.keys {
            let opens = open_in_place(suite, key, &nonce, &aad, &mut text.clone(), &tag);
            assert!(opens, "the bare cipher accepts it: {suite:?}");
        }

        let mut envelope = Vec::new();
        header.write(&mut envelope);
        envelope.extend_from_slice(&text);
        envelope.extend_from_slice(&tag);
        let sealed = Sealed::from_envelope(envelope.into());
        let Ok(Opened::Open(plain)) = keys[0].open(&ctx, &sealed) else {
            panic!("the key it commits to opens it")
        };
        assert_eq!(&plain[..12], b"what we say:");
        assert_eq!(keys[1].open(&ctx, &sealed), Err(UnsealError::Tampered), "{suite:?}");
    }
}
