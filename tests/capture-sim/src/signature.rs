//! What a bundle's signature is over and how it is made, as docs/capture-signing says it to those who write a client.
//! Not here: the API's own check of it.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::CaptureBundle;

/// The line that stands for what is not there.
const NONE: &str = "-";

/// The lines, joined by line feeds, without one at the end.
pub(crate) fn signed_text(bundle: &CaptureBundle, purpose: &str, customer_id: &str) -> String {
    let head = ["identity-bundle/v1", purpose, customer_id, &bundle.nonce, &bundle.captured_at];
    let mut lines: Vec<String> = head.map(str::to_owned).into();
    lines.push(bundle.frames.len().to_string());
    for (at, frame) in bundle.frames.iter().enumerate() {
        let time = frame_time(bundle, at).map_or(NONE.to_owned(), |time| time.to_string());
        lines.push(format!("{time}:{}", digest(frame)));
    }
    lines.push(color_line(bundle));
    lines.push(field_line(bundle));
    lines.join("\n")
}

/// Lowercase hex of the HMAC under the secret's own bytes.
pub(crate) fn signature(secret: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    mac.update(text.as_bytes());
    HEXLOWER.encode(&mac.finalize().into_bytes())
}

/// A frame's own time, or that of its sample where there are as many samples as frames.
fn frame_time(bundle: &CaptureBundle, at: usize) -> Option<u32> {
    if let Some(times) = &bundle.frame_times {
        return times.get(at).copied();
    }
    let samples = bundle.flash_samples.as_ref().filter(|samples| samples.len() == bundle.frames.len())?;
    samples.get(at).map(|sample| sample.t_ms)
}

fn color_line(bundle: &CaptureBundle) -> String {
    let times: Vec<String> = bundle.color_times.iter().flatten().map(u32::to_string).collect();
    if times.is_empty() { NONE.to_owned() } else { times.join(",") }
}

/// A `BTreeMap` of texts is in the order of their bytes, which is the order that is signed.
fn field_line(bundle: &CaptureBundle) -> String {
    let Some(fields) = bundle.ocr_fields.as_ref().filter(|fields| !fields.is_empty()) else {
        return NONE.to_owned();
    };
    let lines: String = fields.iter().map(|(key, value)| format!("{key}={value}\n")).collect();
    digest(lines.as_bytes())
}

fn digest(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(&Sha256::digest(bytes))
}
