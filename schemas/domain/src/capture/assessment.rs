//! What a capture of a card came to, as its event says it and its row keeps it.

use super::VoterPanel;
use crate::ids::{ChallengeId, KtpBundleId};
use crate::ports::FaceModelId;
use crate::sealed::Sealed;

words! {
    /// What was decided of a captured card.
    CaptureVerdict {
        /// It counts for the tier.
        Passed = "passed",
        /// It does not.
        Failed = "failed",
        /// A person decides.
        RequiresReview = "requires_review",
    }
}

words! {
    /// How far what was decided can be relied on.
    AssuranceTier {
        /// The phone's own word for what the card says.
        Low = "low",
        /// We read the card ourselves.
        Standard = "standard",
    }
}

words! {
    /// Who read the card.
    TextSource {
        /// We did.
        Server = "server",
        /// The phone did.
        Client = "client",
    }
}

words! {
    /// What the person before the camera can do better (sequence §1.13).
    GuidanceCode {
        /// Less light.
        TooBright = "too_bright",
        /// More light.
        TooDark = "too_dark",
        /// Hold the phone still.
        HoldStill = "hold_still",
        /// Nearer.
        MoveCloser = "move_closer",
        /// The screen at its full brightness.
        ScreenBrighter = "screen_brighter",
        /// The whole card in the picture.
        CardCut = "card_cut",
        /// No reflection on the card.
        Glare = "glare",
        /// A sharper picture.
        Blur = "blur",
        /// Once more.
        Retry = "retry",
    }
}

/// Whether two readings of a card agree, field by field. Names of fields, never what they say.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TextAgreement {
    /// Whose reading counts.
    pub source: TextSource,
    /// Fields that both read alike.
    pub agreed: Vec<String>,
    /// Fields that they did not.
    pub disagreed: Vec<String>,
}

/// What a captured card came to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CaptureAssessment {
    /// The bundle as it was judged.
    pub bundle: KtpBundleId,
    /// The challenge that it answers.
    pub challenge: ChallengeId,
    /// Which analyser judged: `ktp1`, say.
    pub engine: String,
    /// The rules of decision that it went by.
    pub policy_version: u32,
    /// The models that had a part in it.
    pub models: Vec<FaceModelId>,
    /// What was decided.
    pub verdict: CaptureVerdict,
    /// How far it can be relied on.
    pub assurance: AssuranceTier,
    /// Whether it is what stood before the camera.
    pub anti_spoof: VoterPanel,
    /// Whether the document says what an authentic one says.
    pub tamper: VoterPanel,
    /// Who read it; none where nobody did.
    pub text: Option<TextAgreement>,
    /// What can be done better.
    pub guidance: Vec<GuidanceCode>,
    /// How many frames the evidence keeps.
    pub frames_stored: u32,
    /// [`crate::sealed::Field::VoterValues`]: what the voters measured, those of `anti_spoof` first, each in millionths as
    /// an i64, little endian, `i64::MIN` for none. None once it is erased.
    pub values: Option<Sealed>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back() {
        for verdict in CaptureVerdict::ALL {
            assert_eq!(CaptureVerdict::parse(verdict.as_str()), Some(verdict));
        }
        for tier in AssuranceTier::ALL {
            assert_eq!(AssuranceTier::parse(tier.as_str()), Some(tier));
        }
        for source in TextSource::ALL {
            assert_eq!(TextSource::parse(source.as_str()), Some(source));
        }
        for code in GuidanceCode::ALL {
            assert_eq!(GuidanceCode::parse(code.as_str()), Some(code));
        }
        assert_eq!(CaptureVerdict::parse("pending"), None);
    }
}
