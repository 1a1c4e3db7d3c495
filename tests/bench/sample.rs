//! What is sent: a photo of 30,000 bytes, a raw answer of 1.5 KB, and the body around them. All made up, the
//! same in every run.

use base64_simd::STANDARD;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Bytes of the photo: a passport photo of a phone, as the issue has it.
pub(crate) const PHOTO_BYTES: usize = 30_000;

/// Bytes of the raw answer.
pub(crate) const RAW_BYTES: usize = 1_500;

/// A JPEG by structure: the tables and headers of a baseline photo of 480 × 640, then noise where the pixels'
/// codes would be, stuffed as T.81 wants it. It passes for a photo wherever pixels are not decoded.
pub(crate) fn photo() -> Vec<u8> {
    let mut jpeg = vec![0xFF, 0xD8];
    let mut segment = |marker: u8, data: &[u8]| {
        jpeg.extend_from_slice(&[0xFF, marker]);
        jpeg.extend_from_slice(&(data.len() as u16 + 2).to_be_bytes());
        jpeg.extend_from_slice(data);
    };
    segment(0xE0, b"JFIF\0\x01\x01\x01\0\x48\0\x48\0\0");
    segment(0xDB, &[&[0][..], &[8; 64]].concat());
    segment(0xC0, &[8, 0x02, 0x80, 0x01, 0xE0, 3, 1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0]);
    segment(0xDA, &[3, 1, 0, 2, 0, 3, 0, 0, 63, 0]);
    let mut noise = ChaCha8Rng::seed_from_u64(30_000);
    while jpeg.len() < PHOTO_BYTES - 3 {
        match noise.next_u32() as u8 {
            0xFF => jpeg.extend_from_slice(&[0xFF, 0x00]),
            byte => jpeg.push(byte),
        }
    }
    jpeg.resize(PHOTO_BYTES - 2, 0x55);
    jpeg.extend_from_slice(&[0xFF, 0xD9]);
    jpeg
}

/// A registry's answer with made-up fields.
pub(crate) fn raw() -> String {
    let head =
        r#"{"responseCode":"00","responseMessage":"Data ditemukan","transactionId":"TRX-0001","content":["#;
    let mut raw = head.to_owned();
    let mut number = 0;
    loop {
        let field = format!(r#"{{"field":"ELEMENT_{number:02}","match":true,"score":{}}}"#, number * 7 % 101);
        if raw.len() + field.len() + 14 > RAW_BYTES {
            break;
        }
        if number > 0 {
            raw.push(',');
        }
        raw.push_str(&field);
        number += 1;
    }
    raw.push_str(r#"],"pad":""#);
    raw.push_str(&"x".repeat(RAW_BYTES.saturating_sub(raw.len() + 2)));
    raw.push_str(r#""}"#);
    raw
}

/// The body in two pieces: what differs between customers, and what does not.
pub(crate) fn body_head(customer_id: &str) -> String {
    format!(r#"{{"customerId":"{customer_id}""#)
}

/// The rest of a valid verdict without a reason.
pub(crate) fn body_tail() -> String {
    body_tail_with(&photo())
}

/// The same with another photo.
pub(crate) fn body_tail_with(photo: &[u8]) -> String {
    format!(r#","valid":true,"raw":{},"photo":"{}"}}"#, raw(), STANDARD.encode_to_string(photo))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_what_it_says() {
        let jpeg = photo();
        assert_eq!(jpeg.len(), PHOTO_BYTES);
        domain::photo::Photo::parse(jpeg).expect("a photo");
        assert_eq!(raw().len(), RAW_BYTES);
        domain::verdict::RawDocument::parse(&raw()).expect("a raw answer");
        let body = body_head("cus_00000000000000000000000000") + &body_tail();
        assert!((41_000..42_000).contains(&body.len()), "{}", body.len());
    }
}
