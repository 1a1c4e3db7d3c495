//! The bundle that a phone sends, with every field open to tampering, and the request's body around it. Not here: how
//! its frames are made (`capture`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::FlashChallenge;
use crate::signature::{signature, signed_text};

/// What the phone says that it measured in one frame.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FlashSample {
    /// Milliseconds since the first colour was painted.
    pub t_ms: u32,
    /// Mean of red over the whole frame, 0 to 255.
    pub mean_r: f64,
    /// Mean of green.
    pub mean_g: f64,
    /// Mean of blue.
    pub mean_b: f64,
}

/// The `bundle` of a capture. What is `None` is not sent. It holds what is printed on the card and has no `Debug`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CaptureBundle {
    /// Of the bundle's format.
    pub version: String,
    /// Of the software that made it.
    pub sdk_version: String,
    /// `web`, `android`, ….
    pub platform: String,
    /// JPEGs, the still first; base64 on the wire.
    #[serde(with = "base64_frames")]
    pub frames: Vec<Vec<u8>>,
    /// RFC 3339; it is signed as it stands here.
    pub captured_at: String,
    /// The challenge's nonce.
    #[serde(rename = "flashChallengeNonce")]
    pub nonce: String,
    /// One for each frame, the still too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flash_samples: Option<Vec<FlashSample>>,
    /// Milliseconds since the first colour was painted, one for each frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame_times: Option<Vec<u32>>,
    /// Milliseconds at which each colour appeared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color_times: Option<Vec<u32>>,
    /// What the phone read off the card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ocr_fields: Option<BTreeMap<String, String>>,
    /// How sure the phone is of that, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ocr_confidence: Option<f64>,
    /// What `sign` made; whoever changes a field afterwards has a bundle that was tampered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

impl CaptureBundle {
    /// Signs what stands here now for this customer, with the challenge's secret and purpose.
    pub fn sign(&mut self, challenge: &FlashChallenge, customer_id: &str) {
        self.signature =
            Some(signature(&challenge.hmac_secret, &self.signed_text(&challenge.purpose, customer_id)));
    }

    /// The lines that a signature is over.
    #[must_use]
    pub fn signed_text(&self, purpose: &str, customer_id: &str) -> String {
        signed_text(self, purpose, customer_id)
    }

    /// The body of the request, signed or not.
    #[must_use]
    pub fn to_json(&self, customer_id: &str) -> Value {
        json!({ "customerId": customer_id, "bundle": self })
    }
}

/// Bytes of frames as the wire has them.
mod base64_frames {
    use data_encoding::BASE64;
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(frames: &[Vec<u8>], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(frames.iter().map(|frame| BASE64.encode(frame)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Vec<u8>>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        texts.iter().map(|text| BASE64.decode(text.as_bytes()).map_err(D::Error::custom)).collect()
    }
}
