//! What a phone is told to show: the answer of the challenge endpoint, and when each colour is due. Not here: how the
//! screen's light comes about, which is `light`.

use std::fmt;

use serde::Deserialize;

use crate::CaptureSimError;

/// The `flashChallenge` of a 201 answer. Its fields are open, so that a test can claim another challenge.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FlashChallenge {
    /// `fc_…`
    pub id: String,
    /// `ktp`, or another of the API's words.
    pub purpose: String,
    /// base64url, as a bundle repeats it.
    pub nonce: String,
    /// `#RRGGBB`, in the order to show them in.
    pub colors: Vec<String>,
    /// Milliseconds for each colour.
    pub hold_ms: Vec<u32>,
    /// RFC 3339.
    pub expires_at: String,
    /// Text whose bytes, prefix included, are the key of the signature.
    pub hmac_secret: String,
}

impl FlashChallenge {
    /// Reads an answer's body, or its `flashChallenge` alone.
    ///
    /// # Errors
    /// What is missing, or what cannot be shown on a screen.
    pub fn from_json(text: &str) -> Result<Self, CaptureSimError> {
        let no_challenge = |error: serde_json::Error| CaptureSimError::Challenge(error.to_string());
        let mut answer: serde_json::Value = serde_json::from_str(text).map_err(no_challenge)?;
        let inner = answer.get_mut("flashChallenge").map(serde_json::Value::take).unwrap_or(answer);
        let challenge: Self = serde_json::from_value(inner).map_err(no_challenge)?;
        challenge.check()?;
        Ok(challenge)
    }

    fn check(&self) -> Result<(), CaptureSimError> {
        let refuse = |words: &str| Err(CaptureSimError::Challenge(words.to_owned()));
        if self.colors.is_empty() || self.colors.len() != self.hold_ms.len() {
            return refuse("it needs as many holdMs as colors, and one at least");
        }
        if self.colors.iter().any(|color| levels(color).is_none()) {
            return refuse("a colour is not #RRGGBB");
        }
        Ok(())
    }

    /// What the screen is asked to emit of red, green and blue in each step, 0 to 1, linear.
    pub(crate) fn emissions(&self) -> Vec<[f32; 3]> {
        let linear = |level: u8| crate::texture::linear(f32::from(level) / 255.0);
        self.colors.iter().map(|color| levels(color).unwrap_or_default().map(linear)).collect()
    }

    /// When each colour is due, in milliseconds since the first.
    pub(crate) fn onsets(&self) -> Vec<f32> {
        let sum_before = |at: usize| self.hold_ms[..at].iter().sum::<u32>() as f32;
        (0..self.hold_ms.len()).map(sum_before).collect()
    }
}

/// Everything but the secret.
impl fmt::Debug for FlashChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, purpose, nonce, colors, hold_ms, expires_at, hmac_secret: _ } = self;
        f.debug_struct("FlashChallenge")
            .field("id", id)
            .field("purpose", purpose)
            .field("nonce", nonce)
            .field("colors", colors)
            .field("hold_ms", hold_ms)
            .field("expires_at", expires_at)
            .finish_non_exhaustive()
    }
}

fn levels(color: &str) -> Option<[u8; 3]> {
    let digits = color.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
    let level = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    Some([level(0)?, level(2)?, level(4)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r##"{"flashChallenge":{"id":"fc_0","purpose":"ktp","nonce":"n","colors":["#FF0000","#000000"],
        "holdMs":[350,400],"expiresAt":"2026-11-30T00:01:30Z","hmacSecret":"qe_whsec_SECRETSECRET"}}"##;

    #[test]
    fn an_answer_or_its_challenge_alone_is_read() {
        let whole = FlashChallenge::from_json(ANSWER).expect("an answer");
        let inner = ANSWER.replacen("{\"flashChallenge\":", "", 1);
        let alone = FlashChallenge::from_json(&inner[..inner.len() - 1]).expect("its challenge");
        assert_eq!(whole, alone);
        assert_eq!(whole.onsets(), [0.0, 350.0]);
        assert_eq!(whole.emissions(), [[1.0, 0.0, 0.0], [0.0; 3]]);
        assert!(!format!("{whole:?}").contains("SECRET"), "a secret is not shown");
    }

    #[test]
    fn what_cannot_be_shown_is_refused() {
        for (from, to) in [
            ("\"holdMs\":[350,400]", "\"holdMs\":[350]"),
            ("#FF0000", "#FF00"),
            ("#FF0000", "#GG0000"),
            ("\"colors\":[\"#FF0000\",\"#000000\"]", "\"colors\":[]"),
            ("\"nonce\":\"n\",", ""),
            ("{\"flashChallenge\"", "\"flashChallenge\""),
        ] {
            let text = ANSWER.replacen(from, to, 1);
            assert!(matches!(FlashChallenge::from_json(&text), Err(CaptureSimError::Challenge(_))), "{text}");
        }
    }
}
