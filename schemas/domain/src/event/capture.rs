//! Facts about captures: a card that we judged, the evidence of it, and the review of one that was left to a person. What
//! a capture comes to is worked out before its event is made; a replay never looks at a picture again.

use super::{AuditRef, DeclaredFallback, Fingerprint, RawBinding, SealedField};
use crate::capture::{CaptureAssessment, CaptureVerdict, FlashColor};
use crate::classify::ReasonCategory;
use crate::ids::{CustomerRef, EnrolmentId, EventId, VerificationId};
use crate::limits::REASON_CODE_CHARS_MAX;
use crate::rows::VerificationStatus;
use crate::sealed::{Field, Sealed, SealedMedia};
use crate::time::Timestamp;

/// The content type that voters' values are bound to; their plaintext is described at [`CaptureAssessment::values`].
pub const VOTER_VALUES_CONTENT_TYPE: &str = "application/octet-stream";

/// The content type that a card's text is bound to.
pub const KTP_TEXT_CONTENT_TYPE: &str = "application/json";

/// The content type that a capture's kept frames are bound to: an uncompressed tar of the frames as they were sent.
pub const KTP_FRAMES_CONTENT_TYPE: &str = "application/x-tar";

/// The content type that a phone's claims are bound to.
pub const CAPTURE_CLAIMS_CONTENT_TYPE: &str = "application/json";

/// What a screen was asked to show, as it was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownChallenge {
    /// The colours, in order.
    pub colors: Vec<FlashColor>,
    /// How long each was to be held, in milliseconds.
    pub hold_ms: Vec<u32>,
    /// When it was issued, by the API's clock.
    pub issued_at: Timestamp,
}

/// A captured identity card was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KtpCaptureAssessed {
    /// This event.
    pub event_id: EventId,
    /// Whom it is about.
    pub customer: CustomerRef,
    /// The verification row it makes.
    pub verification_id: VerificationId,
    /// The enrolment that its portrait becomes: at once where it passed, with the review where a person decides. There
    /// exactly when `portrait` is.
    pub enrolment_id: Option<EnrolmentId>,
    /// What it came to.
    pub assessment: Box<CaptureAssessment>,
    /// What the phone was asked to show; its id is in the assessment.
    pub challenge: ShownChallenge,
    /// 0 to 100 in steps of 10; none where no voter was present.
    pub score: Option<u32>,
    /// Why it did not pass; none where it did.
    pub reason_category: Option<ReasonCategory>,
    /// [`Field::KtpText`], bound to [`KTP_TEXT_CONTENT_TYPE`].
    pub text: Option<Sealed>,
    /// [`Field::Photo`]: the portrait cut from the card. None where it failed.
    pub portrait: Option<SealedMedia>,
    /// `image/jpeg`; there exactly when `portrait` is.
    pub portrait_content_type: Option<String>,
    /// What a reviewer is shown, sealed under a key of this verification's own; of one that is left to a person alone.
    pub review_copy: Option<SealedMedia>,
    /// The name of that key; there exactly when `review_copy` is.
    pub review_key_id: Option<String>,
    /// Codes of what was noticed: `client_clock_skew`. Each becomes a signal's row.
    pub signals: Vec<String>,
    /// Why the card has to stand alone, where Dukcapil did not answer: a declaration too.
    pub fallback: Option<DeclaredFallback>,
    /// The tier policy to fold with ([`crate::policy`]).
    pub policy_version: u32,
    /// The request's body.
    pub body_fingerprint: Fingerprint,
    /// The evidence, appended before this event.
    pub audit: AuditRef,
}

impl KtpCaptureAssessed {
    /// Whether its parts agree: a portrait becomes a reference and a failed capture has none, a copy for a reviewer comes
    /// with its key and only where there is something to review, a reason is given exactly where it did not pass, and
    /// each colour has its time.
    pub fn is_consistent(&self) -> bool {
        let verdict = self.assessment.verdict;
        let has_portrait = self.portrait.is_some();
        self.enrolment_id.is_some() == has_portrait
            && self.portrait_content_type.is_some() == has_portrait
            && !(has_portrait && verdict == CaptureVerdict::Failed)
            && self.review_copy.is_some() == self.review_key_id.is_some()
            && (self.review_copy.is_none() || verdict == CaptureVerdict::RequiresReview)
            && self.reason_category.is_none() == (verdict == CaptureVerdict::Passed)
            && self.challenge.colors.len() == self.challenge.hold_ms.len()
            && self.fallback.as_ref().is_none_or(|fallback| fallback.attempt.is_consistent())
    }

    pub(super) fn sealed_fields(&self) -> Vec<SealedField<'_>> {
        let of = |field, content_type, envelope| SealedField { field, content_type, envelope };
        let values = self.assessment.values.as_ref();
        let portrait = self.portrait.as_ref().and_then(SealedMedia::inline);
        let portrait_type = self.portrait_content_type.as_deref().unwrap_or_default();
        [
            values.map(|sealed| of(Field::VoterValues, VOTER_VALUES_CONTENT_TYPE, sealed)),
            self.text.as_ref().map(|sealed| of(Field::KtpText, KTP_TEXT_CONTENT_TYPE, sealed)),
            portrait.map(|sealed| of(Field::Photo, portrait_type, sealed)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// A person decided about a verification that was left to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerificationReviewed {
    /// This event.
    pub event_id: EventId,
    /// Whom it is about.
    pub customer: CustomerRef,
    /// The verification row, which another event made.
    pub verification_id: VerificationId,
    /// Verified or failed.
    pub to_status: VerificationStatus,
    /// The bank's own code for why.
    pub reason_code: String,
    /// [`Field::ReviewNote`].
    pub note: Option<Sealed>,
    /// Who: an API key's public name, or a member of staff.
    pub by: String,
    /// The tier policy to fold with ([`crate::policy`]).
    pub policy_version: u32,
    /// The request's body; none of a form of the console.
    pub body_fingerprint: Option<Fingerprint>,
}

impl VerificationReviewed {
    /// Whether it decides something, for a reason that is a code.
    pub fn is_consistent(&self) -> bool {
        self.to_status != VerificationStatus::Pending && is_reason_code(&self.reason_code)
    }
}

/// Whether the text is a reason code (sequence §2.7): `[a-z][a-z0-9_]{0,63}`.
pub fn is_reason_code(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    text.len() <= REASON_CODE_CHARS_MAX
        && text.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
        && text.bytes().all(is_inner)
}

/// The evidence of a capture: written before its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureEvidence {
    /// The event this is the evidence of (appended afterwards).
    pub event_id: EventId,
    /// The verification row the event makes.
    pub verification_id: VerificationId,
    /// Whom it is about.
    pub customer: CustomerRef,
    /// [`Field::KtpFrames`]: those that are kept, in one envelope, bound to [`KTP_FRAMES_CONTENT_TYPE`].
    pub frames: Option<SealedMedia>,
    /// How many those are.
    pub frames_kept: u32,
    /// SHA-256 of every frame that came, kept or not, in their order.
    pub frame_sha256: Vec<[u8; 32]>,
    /// [`Field::CaptureFeatures`].
    pub features: Option<Sealed>,
    /// [`Field::CaptureClaims`], bound to [`CAPTURE_CLAIMS_CONTENT_TYPE`].
    pub claims: Option<Sealed>,
    /// How `frames` and `features` were sealed.
    pub raw_binding: Option<RawBinding>,
    /// SHA-256 of each sealed part's envelope: (field name, digest), in the order in which [`Field::ALL`] has them.
    pub sealed_sha256: Vec<(String, [u8; 32])>,
    /// The request's body.
    pub body_fingerprint: Fingerprint,
    /// When the request came, by the API's clock.
    pub received_at: Timestamp,
    /// Which API key brought it.
    pub api_key_id: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_code_is_a_short_word_in_lower_case() {
        let longest = "a".repeat(REASON_CODE_CHARS_MAX);
        for code in ["retake", "a", "wrong_customer2", longest.as_str()] {
            assert!(is_reason_code(code), "{code}");
        }
        let longer = format!("{longest}a");
        for no_code in ["", "_a", "2nd", "Retake", "two words", "gagal-ulang", "é", longer.as_str()] {
            assert!(!is_reason_code(no_code), "{no_code}");
        }
    }
}
