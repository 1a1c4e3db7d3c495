//! Captures as this instance judges them: who looks at the pixels, who reads the card, who finds the face on it, and what
//! they come to together. Not here: what a voter goes by (`capture-analysis`, `domain::ktp`) and how a decision is told.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::capture::{
    AssuranceTier, CaptureDecision, CaptureFindings, TextSource, VoterFinding, VoterState, decide_capture,
};
use domain::ids::OrgId;
use domain::ktp::{CardText, ClientText, KtpTextOutcome, read_agreement};
use domain::orgs::{OrgRecord, OrgSetting, SettingValue};
use domain::ports::{
    CardAnalyser, CardAnalyserError, CardAnalysis, CardCapture, FaceCause, FaceModelId, Picture, TextReader,
    TextReaderError,
};
use domain::time::Timestamp;
use zeroize::Zeroizing;

use crate::faces::FaceServices;
use crate::limits::{CAPTURE_JUDGED_WITHIN, CAPTURES_ORG_MAX};
use crate::serving::errors::{ApiError, FieldErrors};

/// The voter on the portrait.
const PORTRAIT_FACE: &str = "portrait_face";

/// Who judges captures.
pub struct CaptureServices {
    cards: Arc<dyn CardAnalyser>,
    /// None: no reader is configured.
    text: Option<Arc<dyn TextReader>>,
    shares: OrgShares,
}

/// How many captures of each org are judged or wait; an org with none is not in it.
#[derive(Default)]
struct OrgShares(Mutex<HashMap<OrgId, usize>>);

/// A place of an org's, given back when it is dropped.
struct OrgPlace<'a> {
    shares: &'a OrgShares,
    org: OrgId,
}

impl OrgShares {
    /// None where the org has as many as it may.
    fn take(&self, org: &OrgId) -> Option<OrgPlace<'_>> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_org = taken.entry(org.clone()).or_default();
        if *of_org >= CAPTURES_ORG_MAX {
            return None;
        }
        *of_org += 1;
        Some(OrgPlace { shares: self, org: org.clone() })
    }
}

impl Drop for OrgPlace<'_> {
    fn drop(&mut self) {
        let mut taken = self.shares.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_org) = taken.get_mut(&self.org) {
            *of_org -= 1;
            if *of_org == 0 {
                taken.remove(&self.org);
            }
        }
    }
}

/// What an org asks of a captured card.
#[derive(Debug, Clone, Copy)]
pub struct CardRules {
    /// Whose reading counts where ours does not.
    pub text_source: TextSource,
    /// A pass below it is left to a person.
    pub assurance_min: AssuranceTier,
    /// What of the frames the evidence keeps.
    pub frames: FrameKeeping,
    /// Whether a pending capture keeps a copy for its reviewer.
    pub keeps_review_copy: bool,
}

/// Which frames of a capture the evidence keeps (sequence §1.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameKeeping {
    /// Every one.
    All,
    /// The still, and one of each colour that was shown.
    Steps,
}

impl CardRules {
    /// As the org has chosen. What it cannot have chosen is taken for the stricter.
    pub fn of(org: &OrgRecord) -> Self {
        let word = |setting| match org.setting(setting) {
            Some(SettingValue::Word(word)) => word,
            _ => "",
        };
        Self {
            text_source: TextSource::parse(word(OrgSetting::KtpTextSource)).unwrap_or(TextSource::Server),
            assurance_min: AssuranceTier::parse(word(OrgSetting::KtpMinAssurance))
                .unwrap_or(AssuranceTier::Standard),
            frames: match word(OrgSetting::KeepFrames) {
                "all" => FrameKeeping::All,
                _ => FrameKeeping::Steps,
            },
            keeps_review_copy: word(OrgSetting::ReviewsPictures) == "watermarked",
        }
    }
}

/// A judged card.
pub struct JudgedCard {
    /// What its pixels come to.
    pub analysis: CardAnalysis,
    /// What it says.
    pub text: KtpTextOutcome,
    /// What was decided.
    pub decision: CaptureDecision,
    /// The models that had a part in it.
    pub models: Vec<FaceModelId>,
}

impl CaptureServices {
    /// With a reader of text where one is configured.
    pub fn new(cards: Arc<dyn CardAnalyser>, text: Option<Arc<dyn TextReader>>) -> Self {
        Self { cards, text, shares: OrgShares::default() }
    }

    /// Judges a card of that org's.
    ///
    /// # Errors
    /// 400 for a frame that no decoder takes; 503 where too many wait, of all or of the org, or when it takes too long.
    pub async fn judge_card(
        &self,
        org: &OrgId,
        faces: &FaceServices,
        capture: CardCapture,
        client: &ClientText,
        rules: CardRules,
        now: Timestamp,
    ) -> Result<JudgedCard, ApiError> {
        let _place = self.shares.take(org).ok_or(ApiError::CapturesWaiting)?;
        within(CAPTURE_JUDGED_WITHIN, self.judge(faces, capture, client, rules, now)).await
    }

    async fn judge(
        &self,
        faces: &FaceServices,
        capture: CardCapture,
        client: &ClientText,
        rules: CardRules,
        now: Timestamp,
    ) -> Result<JudgedCard, ApiError> {
        let analysis = self.cards.analyse(capture).await.map_err(of_analyser)?;
        let readings = self.read(&analysis.cards).await?;
        let text = read_agreement(readings.as_deref(), client, rules.text_source, now);
        let portrait_face = portrait_face(faces, analysis.portrait.as_ref()).await?;
        let reader = self.text.as_ref().filter(|_| !analysis.cards.is_empty());
        let detector = faces.models().filter(|_| analysis.portrait.is_some());
        let models = detector
            .map(|models| models.detector.id.clone())
            .into_iter()
            .chain(reader.map(|reader| reader.model().id.clone()))
            .collect();
        let decision = decide_capture(CaptureFindings {
            anti_spoof: analysis.findings.clone(),
            nik_read: text.nik_read.clone(),
            nik_consistency: text.nik_consistency.clone(),
            portrait_face,
            text_source: text.agreement.as_ref().map(|agreement| agreement.source),
            guidance: analysis.guidance.clone(),
            assurance_min: rules.assurance_min,
        });
        Ok(JudgedCard { analysis, text, decision, models })
    }

    /// A reading of each straightened card; none where no reader is configured.
    async fn read(&self, cards: &[Picture]) -> Result<Option<Vec<CardText>>, ApiError> {
        let Some(reader) = &self.text else { return Ok(None) };
        let mut readings = Vec::with_capacity(cards.len());
        for card in cards {
            readings.push(reader.read(card.clone()).await.map_err(of_reader)?);
        }
        Ok(Some(readings))
    }
}

/// Whether a face is where the card has its portrait.
async fn portrait_face(
    faces: &FaceServices,
    portrait: Option<&Zeroizing<Vec<u8>>>,
) -> Result<VoterFinding, ApiError> {
    let (state, reason) = match (portrait, faces.models()) {
        (None, _) => (VoterState::Abstain, "no_card"),
        (Some(_), None) => (VoterState::Abstain, "no_detector"),
        (Some(portrait), Some(_)) => match faces.read_portrait(portrait.clone()).await? {
            Ok(_) => (VoterState::Pass, "face_found"),
            // A face was found in these, if not one that can be compared.
            Err(FaceCause::FaceTooSmall | FaceCause::Blurred | FaceCause::SeveralFaces) => {
                (VoterState::Pass, "face_found")
            }
            Err(FaceCause::NoFace) => (VoterState::Fail, "no_face"),
            Err(FaceCause::Undecodable | FaceCause::TooLarge | FaceCause::NotAuthentic) => {
                (VoterState::Abstain, "unreadable")
            }
        },
    };
    let (name, reason) = (PORTRAIT_FACE.to_owned(), reason.to_owned());
    Ok(VoterFinding { name, state, reason, value: None, threshold: None })
}

async fn within<T>(
    limit: Duration,
    judged: impl Future<Output = Result<T, ApiError>>,
) -> Result<T, ApiError> {
    tokio::time::timeout(limit, judged).await.unwrap_or(Err(ApiError::CaptureJudgedLate))
}

fn of_analyser(error: CardAnalyserError) -> ApiError {
    let frame = |frame: usize, fault: &str| {
        ApiError::Invalid(FieldErrors::of(&format!("bundle.frames[{frame}]"), fault))
    };
    match error {
        CardAnalyserError::Full => ApiError::CapturesWaiting,
        CardAnalyserError::Broken => ApiError::Internal(error.to_string()),
        CardAnalyserError::Undecodable { frame: at } => {
            frame(at, "cannot be decoded: send a whole baseline JPEG, or a PNG")
        }
        CardAnalyserError::TooLarge { frame: at } => {
            frame(at, "takes more memory than it may to be decoded: send a baseline JPEG, or fewer pixels")
        }
        CardAnalyserError::FrameSize { frame: at } => {
            frame(at, "has sides that a frame there may not have; flash frames are all of one size")
        }
    }
}

fn of_reader(error: TextReaderError) -> ApiError {
    match error {
        TextReaderError::Full => ApiError::CapturesWaiting,
        TextReaderError::Broken | TextReaderError::Model(_) => ApiError::Internal(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_org_has_its_share_of_places_and_gives_each_back() {
        let shares = OrgShares::default();
        let [one, other] = [1, 2].map(|n| OrgId::from_bytes([n; 16]));
        let taken: Vec<_> = std::iter::from_fn(|| shares.take(&one)).take(100).collect();
        assert_eq!(taken.len(), CAPTURES_ORG_MAX);
        assert!(shares.take(&other).is_some(), "another org's are not touched");
        drop(taken);
        assert!(shares.take(&one).is_some());
        assert!(shares.0.lock().expect("nobody panicked").is_empty());
    }
}
