//! Facts about faces: a reference that came by itself, the decision of a match, and the evidence of both. What a match
//! decides is worked out before its event is made; a replay never looks at a picture again.

use super::{AuditRef, Fingerprint, RawBinding};
use crate::classify::ReasonCategory;
use crate::ids::{CustomerRef, EnrolmentId, EventId, VerificationId};
use crate::ports::FaceModelId;
use crate::rows::FaceSource;
use crate::sealed::{Sealed, SealedMedia};
use crate::time::Timestamp;

/// The content type that a similarity's envelope is bound to. Its plaintext is the cosine as an f32, little endian.
pub const SIMILARITY_CONTENT_TYPE: &str = "application/octet-stream";

/// A photo came as a face reference of its own, not with a verdict or a captured card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaceReferenceAdded {
    /// This event.
    pub event_id: EventId,
    /// Whom it is about.
    pub customer: CustomerRef,
    /// The enrolment it makes.
    pub enrolment_id: EnrolmentId,
    /// Where the photo came from.
    pub face_source: FaceSource,
    /// [`crate::sealed::Field::Photo`].
    pub photo: SealedMedia,
    /// `image/jpeg` or `image/png`, by content.
    pub photo_content_type: String,
    /// The request's body.
    pub body_fingerprint: Fingerprint,
    /// The evidence, appended before this event.
    pub audit: AuditRef,
}

impl FaceReferenceAdded {
    /// Whether its source is one that a photo may come from by itself. The registry's photo and a card's portrait
    /// come with their own events, and only those may say so.
    pub fn is_consistent(&self) -> bool {
        match self.face_source {
            FaceSource::OnboardingSelfie | FaceSource::StepUpPromotion => true,
            FaceSource::Dukcapil | FaceSource::KtpExtract => false,
        }
    }
}

/// How much is at stake in a match: the higher, the more alike the faces must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RiskLevel {
    /// Little.
    Low,
    /// What is taken where nothing is said.
    Medium,
    /// Much: the reference must be the registry's or recent, too.
    High,
}

impl RiskLevel {
    /// Every level, the lowest first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// The word in the API and in schemas.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// The level of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == word)
    }
}

/// The reference that a probe was compared with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MatchReference {
    /// Which.
    pub enrolment_id: EnrolmentId,
    /// Where its photo came from.
    pub face_source: FaceSource,
    /// Its `createdAt`.
    pub enrolled_at: Timestamp,
}

/// A probe was compared with a customer's reference, and it was decided whether they show one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaceMatchDecided {
    /// This event.
    pub event_id: EventId,
    /// Whom it is about.
    pub customer: CustomerRef,
    /// The verification row it makes.
    pub verification_id: VerificationId,
    /// The decision.
    pub matched: bool,
    /// The level that the caller asked for.
    pub risk_level: RiskLevel,
    /// The similarity that was asked for, in thousandths.
    pub threshold_milli: u32,
    /// Which model made both vectors.
    pub model: FaceModelId,
    /// The liveness verification whose probe this is; none of a picture that was sent alone.
    pub liveness: Option<VerificationId>,
    /// 0 to 100 in steps of 10: never the similarity.
    pub score: u32,
    /// [`crate::sealed::Field::MatchSimilarity`], bound to [`SIMILARITY_CONTENT_TYPE`].
    pub similarity: Sealed,
    /// What the probe was compared with.
    pub reference: MatchReference,
    /// Codes of what was noticed: `probe_equals_reference`. Each becomes a signal's row.
    pub signals: Vec<String>,
    /// Why it is no match; none of a match.
    pub reason_category: Option<ReasonCategory>,
    /// The tier policy to fold with ([`crate::policy`]).
    pub policy_version: u32,
    /// The request's body.
    pub body_fingerprint: Fingerprint,
    /// The evidence, appended before this event.
    pub audit: AuditRef,
}

impl FaceMatchDecided {
    /// Whether it says why exactly where it is no match.
    pub fn is_consistent(&self) -> bool {
        self.matched == self.reason_category.is_none()
    }
}

/// The evidence of a match or of a reference: written before its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaceEvidence {
    /// The event this is the evidence of (appended afterwards).
    pub event_id: EventId,
    /// The verification row the event makes, if it is a match.
    pub verification_id: Option<VerificationId>,
    /// The enrolment the event makes, if it is a reference.
    pub enrolment_id: Option<EnrolmentId>,
    /// Whom it is about.
    pub customer: CustomerRef,
    /// The picture that was compared ([`crate::sealed::Field::Probe`]). A reference's own photo is in its event.
    pub probe: Option<SealedMedia>,
    /// Its `image/jpeg` or `image/png`, by content: its envelope is bound to it.
    pub probe_content_type: Option<String>,
    /// How `probe` was sealed.
    pub raw_binding: Option<RawBinding>,
    /// SHA-256 of each sealed part's envelope: (field name, digest), in the order photo, probe, similarity.
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
    fn risk_levels_have_their_words() {
        for (level, word) in
            [(RiskLevel::Low, "low"), (RiskLevel::Medium, "medium"), (RiskLevel::High, "high")]
        {
            assert_eq!((level.as_str(), RiskLevel::parse(word)), (word, Some(level)));
        }
        assert!(RiskLevel::ALL.is_sorted());
        for no_word in ["", "Low", "highest"] {
            assert_eq!(RiskLevel::parse(no_word), None, "{no_word}");
        }
    }
}
