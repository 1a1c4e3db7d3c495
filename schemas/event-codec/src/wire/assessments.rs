//! What a capture came to, as bodies have it: voters, who read the card, and the models that had a part.

use domain::capture::{
    self, AssuranceTier, CaptureVerdict, FusedVerdict, GuidanceCode, Measure, TextSource, VoterFinding,
    VoterState,
};
use domain::ids::{ChallengeId, KtpBundleId};
use domain::ports::FaceModelId;
use serde::{Deserialize, Serialize};

use super::parts::{Blob, Fixed, List, Text, id, word};
use crate::error::DecodeError;

#[derive(Serialize, Deserialize)]
pub(super) struct FaceModel<'a> {
    name: Text<'a>,
    sha256: Fixed<32>,
}

impl<'a> From<&'a FaceModelId> for FaceModel<'a> {
    fn from(model: &'a FaceModelId) -> Self {
        Self { name: (&model.name).into(), sha256: Fixed(model.sha256) }
    }
}

impl From<FaceModel<'_>> for FaceModelId {
    fn from(w: FaceModel<'_>) -> Self {
        Self { name: w.name.into_owned(), sha256: w.sha256.0 }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Voter<'a> {
    name: Text<'a>,
    state: Text<'a>,
    reason: Text<'a>,
    threshold_micro: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct VoterPanel<'a> {
    fused: Text<'a>,
    voters: List<Voter<'a>>,
}

impl<'a> From<&'a capture::VoterPanel> for VoterPanel<'a> {
    fn from(panel: &'a capture::VoterPanel) -> Self {
        let voter = |voter: &'a VoterFinding| Voter {
            name: (&voter.name).into(),
            state: voter.state.as_str().into(),
            reason: (&voter.reason).into(),
            threshold_micro: voter.threshold.map(Measure::millionths),
        };
        Self { fused: panel.fused.as_str().into(), voters: List(panel.voters.iter().map(voter).collect()) }
    }
}

impl TryFrom<VoterPanel<'_>> for capture::VoterPanel {
    type Error = DecodeError;

    fn try_from(w: VoterPanel<'_>) -> Result<Self, DecodeError> {
        let voter = |voter: Voter<'_>| {
            Ok(VoterFinding {
                name: voter.name.into_owned(),
                state: word("voters.state", &voter.state, VoterState::parse)?,
                reason: voter.reason.into_owned(),
                value: None,
                threshold: voter.threshold_micro.map(Measure::from_millionths),
            })
        };
        Ok(Self {
            fused: word("fused", &w.fused, FusedVerdict::parse)?,
            voters: w.voters.0.into_iter().map(voter).collect::<Result<_, DecodeError>>()?,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct TextAgreement<'a> {
    source: Text<'a>,
    agreed: List<Text<'a>>,
    disagreed: List<Text<'a>>,
}

impl<'a> From<&'a capture::TextAgreement> for TextAgreement<'a> {
    fn from(text: &'a capture::TextAgreement) -> Self {
        Self {
            source: text.source.as_str().into(),
            agreed: List(text.agreed.iter().map(Into::into).collect()),
            disagreed: List(text.disagreed.iter().map(Into::into).collect()),
        }
    }
}

impl TryFrom<TextAgreement<'_>> for capture::TextAgreement {
    type Error = DecodeError;

    fn try_from(w: TextAgreement<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            source: word("text.source", &w.source, TextSource::parse)?,
            agreed: w.agreed.0.into_iter().map(Text::into_owned).collect(),
            disagreed: w.disagreed.0.into_iter().map(Text::into_owned).collect(),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CaptureAssessment<'a> {
    bundle_id: Text<'a>,
    challenge_id: Text<'a>,
    engine: Text<'a>,
    policy_version: u32,
    models: List<FaceModel<'a>>,
    verdict: Text<'a>,
    assurance_tier: Text<'a>,
    anti_spoof: VoterPanel<'a>,
    tamper: VoterPanel<'a>,
    text: Option<TextAgreement<'a>>,
    guidance: List<Text<'a>>,
    frames_stored: u32,
    values: Option<Blob>,
}

impl CaptureAssessment<'_> {
    pub(super) fn sealed_bytes(&self) -> usize {
        Blob::size(self.values.as_ref())
    }
}

impl<'a> From<&'a capture::CaptureAssessment> for CaptureAssessment<'a> {
    fn from(of: &'a capture::CaptureAssessment) -> Self {
        Self {
            bundle_id: of.bundle.as_str().into(),
            challenge_id: of.challenge.as_str().into(),
            engine: (&of.engine).into(),
            policy_version: of.policy_version,
            models: List(of.models.iter().map(Into::into).collect()),
            verdict: of.verdict.as_str().into(),
            assurance_tier: of.assurance.as_str().into(),
            anti_spoof: (&of.anti_spoof).into(),
            tamper: (&of.tamper).into(),
            text: of.text.as_ref().map(Into::into),
            guidance: List(of.guidance.iter().map(|code| code.as_str().into()).collect()),
            frames_stored: of.frames_stored,
            values: of.values.as_ref().map(Blob::of),
        }
    }
}

impl TryFrom<CaptureAssessment<'_>> for capture::CaptureAssessment {
    type Error = DecodeError;

    fn try_from(w: CaptureAssessment<'_>) -> Result<Self, DecodeError> {
        let guidance = w.guidance.0.iter().map(|text| word("guidance", text, GuidanceCode::parse));
        Ok(Self {
            bundle: id("assessment.bundleId", &w.bundle_id, KtpBundleId::parse)?,
            challenge: id("assessment.challengeId", &w.challenge_id, ChallengeId::parse)?,
            engine: w.engine.into_owned(),
            policy_version: w.policy_version,
            models: w.models.0.into_iter().map(Into::into).collect(),
            verdict: word("verdict", &w.verdict, CaptureVerdict::parse)?,
            assurance: word("assuranceTier", &w.assurance_tier, AssuranceTier::parse)?,
            anti_spoof: w.anti_spoof.try_into()?,
            tamper: w.tamper.try_into()?,
            text: w.text.map(TryInto::try_into).transpose()?,
            guidance: guidance.collect::<Result<_, _>>()?,
            frames_stored: w.frames_stored,
            values: w.values.map(Blob::sealed),
        })
    }
}
