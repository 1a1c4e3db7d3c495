//! Whether a capture may be judged at all (sequence §1.8–§1.10): whose challenge it answers, who signed it, and when it
//! came. That it is the first to answer its challenge is not asked here: the challenge names the verification.

use sha2::{Digest as _, Sha256};

use super::{CaptureBundle, ChallengePrf, ChallengePurpose, ChallengeStanding, FlashChallenge};
use crate::ids::CustomerRef;
use crate::limits::{CAPTURED_AT_SKEW_MAX_MS, CLOCKS_DIFFER_MS};
use crate::signals::SignalKind;
use crate::time::Timestamp;

/// The signal of a client whose clock is far off.
pub const SIGNAL_CLOCK_SKEW: &str = SignalKind::ClientClockSkew.as_str();

/// Why a capture is not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaptureRefusal {
    /// Its nonce is none of this customer's for this purpose.
    ChallengeMismatch,
    /// It was not signed with the challenge's secret, or something in it was changed since.
    SignatureInvalid,
    /// Its challenge was beyond the cap.
    ChallengeVoid,
    /// It came too late.
    ChallengeExpired,
    /// It came before the colours can have been shown.
    CapturedTooFast,
}

/// The challenge that a bundle answers, when it is this customer's and the bundle is signed with its secret.
///
/// # Errors
/// [`CaptureRefusal::ChallengeMismatch`], then [`CaptureRefusal::SignatureInvalid`]. Neither consumes anything.
pub fn answered_challenge(
    bundle: &CaptureBundle,
    prf: &impl ChallengePrf,
    customer: &CustomerRef,
    purpose: ChallengePurpose,
) -> Result<FlashChallenge, CaptureRefusal> {
    let challenge = FlashChallenge::of_nonce(&bundle.nonce, prf, customer, purpose)
        .ok_or(CaptureRefusal::ChallengeMismatch)?;
    let secret = challenge.hmac_secret(prf, customer);
    if has_signed(bundle, prf, customer, purpose, &secret) {
        Ok(challenge)
    } else {
        Err(CaptureRefusal::SignatureInvalid)
    }
}

/// Whether a capture that nobody has seen before may be judged.
///
/// # Errors
/// [`CaptureRefusal`] by the order of sequence §1.8: void, expired, too fast.
pub fn admit_capture(
    challenge: &FlashChallenge,
    flashes_ms: u32,
    standing: ChallengeStanding,
    received_at: Timestamp,
) -> Result<(), CaptureRefusal> {
    let received = received_at.millis();
    if standing == ChallengeStanding::Void {
        return Err(CaptureRefusal::ChallengeVoid);
    }
    // One that is not known is not projected yet: the fold decides about it.
    if received >= challenge.expires_at().millis() + CLOCKS_DIFFER_MS {
        return Err(CaptureRefusal::ChallengeExpired);
    }
    if received < challenge.issued_at.millis() + i64::from(flashes_ms) - CLOCKS_DIFFER_MS {
        return Err(CaptureRefusal::CapturedTooFast);
    }
    Ok(())
}

/// What is noticed of the client's clock: it proves nothing, and refuses nobody.
pub fn clock_signal(bundle: &CaptureBundle, received_at: Timestamp) -> Option<&'static str> {
    let off = bundle.captured_at.time().millis().abs_diff(received_at.millis());
    (off > CAPTURED_AT_SKEW_MAX_MS).then_some(SIGNAL_CLOCK_SKEW)
}

/// Whether a bundle is signed with that secret: lowercase hex of HMAC-SHA-256 over [`signed_text`], keyed by the secret's
/// own text, prefix included. Compared in constant time.
pub fn has_signed(
    bundle: &CaptureBundle,
    prf: &impl ChallengePrf,
    customer: &CustomerRef,
    purpose: ChallengePurpose,
    secret: &str,
) -> bool {
    prf.is_signed(&signed_text(bundle, prf, customer, purpose), secret, &bundle.signature)
}

/// What a bundle's signature is over (sequence §1.8): lines joined by `\n`, in an order that never changes. Empty
/// `colorTimes` and `ocrFields` sign as absent ones do.
pub fn signed_text(
    bundle: &CaptureBundle,
    prf: &impl ChallengePrf,
    customer: &CustomerRef,
    purpose: ChallengePurpose,
) -> String {
    let digest = |bytes: &[u8]| prf.base64url(&Sha256::digest(bytes));
    let mut lines: Vec<String> = [
        "identity-bundle/v1",
        purpose.as_str(),
        customer.customer.as_str(),
        &bundle.nonce,
        bundle.captured_at.text(),
    ]
    .map(str::to_owned)
    .into();
    lines.push(bundle.frames.len().to_string());
    lines.extend(bundle.frames.iter().enumerate().map(|(place, frame)| {
        let time = bundle.frame_time_ms(place).map_or_else(|| "-".to_owned(), |ms| ms.to_string());
        format!("{time}:{}", digest(frame.as_bytes()))
    }));
    let colors: Vec<String> = bundle.color_times_ms.iter().map(u32::to_string).collect();
    lines.push(if colors.is_empty() { "-".to_owned() } else { colors.join(",") });
    let fields: String = bundle.ocr_fields.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
    lines.push(if fields.is_empty() { "-".to_owned() } else { digest(fields.as_bytes()) });
    lines.join("\n")
}

#[cfg(test)]
#[path = "admission_tests.rs"]
mod tests;
