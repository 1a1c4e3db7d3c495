//! The answers to a capture (sequence §2.3). Voters are for the bank's staff; what the person is told is `guidance`.

use actix_web::http::StatusCode;
use domain::capture::{CaptureAssessment, Measure, VoterFinding, VoterPanel};
use domain::ids::VerificationId;
use domain::ports::VerificationView;
use serde::Serialize;
use utoipa::ToSchema;

use crate::endpoints::dukcapil_verdict::answer::EnrolmentBody;
use crate::reading::assessment::VoterBody;
use crate::serving::errors::ApiError;
use crate::writes::answer::WriteAnswer;

/// The answer to a capture that is in its log and not projected yet: the fold has the last word on it.
pub(super) fn accepted_answer(id: &VerificationId) -> Result<WriteAnswer, ApiError> {
    let body = CaptureAccepted { verification: AcceptedCapture { id: id.as_str() } };
    WriteAnswer::accepted(format!("/api/identity/verifications/{id}"), &body)
}

/// The answer of a capture's row. `values` are what its voters measured, in their order; nothing of what was erased.
pub(super) fn row_answer(
    view: &VerificationView,
    values: &[Option<Measure>],
    enrolment: Option<EnrolmentBody<'_>>,
) -> Result<WriteAnswer, ApiError> {
    let row = &view.row;
    let assessment = row.assessment.as_ref();
    let assessment =
        assessment.ok_or_else(|| ApiError::Internal("a capture's row has no assessment".into()))?;
    let mut values = values.iter().copied();
    let anti_spoof = AntiSpoofBody::of(assessment, &mut values);
    let tamper = TamperBody {
        fused: assessment.tamper.fused.as_str(),
        voters: voters(&assessment.tamper, &mut values),
    };
    let body = CaptureAnswer {
        verification: CaptureVerification {
            id: row.id.as_str(),
            status: row.status.as_str(),
            score: row.score,
        },
        ktp_bundle: KtpBundleBody {
            id: assessment.bundle.as_str(),
            verdict: assessment.verdict.as_str(),
            assurance_tier: assessment.assurance.as_str(),
            frames_stored: assessment.frames_stored,
        },
        anti_spoof,
        tamper,
        ocr: assessment.text.as_ref().map(|text| OcrBody {
            source: text.source.as_str(),
            agreed: &text.agreed,
            disagreed: &text.disagreed,
        }),
        enrolment,
        guidance: assessment.guidance.iter().map(|code| code.as_str()).collect(),
    };
    WriteAnswer::projected(StatusCode::OK, &body)
}

/// The body of 202.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaptureAccepted<'a> {
    verification: AcceptedCapture<'a>,
}

#[derive(Debug, Serialize, ToSchema)]
struct AcceptedCapture<'a> {
    id: &'a str,
}

/// The body of 200.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CaptureAnswer<'a> {
    verification: CaptureVerification<'a>,
    ktp_bundle: KtpBundleBody<'a>,
    anti_spoof: AntiSpoofBody,
    tamper: TamperBody,
    /// `null` where nobody read the card.
    ocr: Option<OcrBody<'a>>,
    /// The card's portrait as a reference, once the capture counts; otherwise `null`.
    enrolment: Option<EnrolmentBody<'a>>,
    /// What the person before the camera can do better.
    guidance: Vec<&'static str>,
}

#[derive(Debug, Serialize, ToSchema)]
struct CaptureVerification<'a> {
    id: &'a str,
    /// `verified`, `failed` or `pending`.
    status: &'static str,
    /// In steps of ten; `null` where every voter abstained.
    score: Option<u32>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct KtpBundleBody<'a> {
    id: &'a str,
    /// `passed`, `failed` or `requires_review`.
    verdict: &'static str,
    /// `standard`: read here. `low`: by the phone's word.
    assurance_tier: &'static str,
    /// Frames that the evidence keeps.
    frames_stored: u32,
}

/// Whether it is what stood before the camera.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AntiSpoofBody {
    /// `live`, `spoof` or `unclear`.
    fused: &'static str,
    /// As the bundle's.
    assurance_tier: &'static str,
    voters: Vec<VoterBody>,
    /// Voters that voted for it.
    passed: usize,
    /// Voters that did not abstain.
    present: usize,
}

impl AntiSpoofBody {
    fn of(assessment: &CaptureAssessment, values: &mut impl Iterator<Item = Option<Measure>>) -> Self {
        let panel = &assessment.anti_spoof;
        Self {
            fused: panel.fused.as_str(),
            assurance_tier: assessment.assurance.as_str(),
            voters: voters(panel, values),
            passed: panel.passed(),
            present: panel.present(),
        }
    }
}

/// Whether the document says what an authentic one says.
#[derive(Debug, Serialize, ToSchema)]
struct TamperBody {
    /// `authentic`, `tampered` or `unclear`.
    fused: &'static str,
    voters: Vec<VoterBody>,
}

/// Each vote with what was measured, which a row keeps apart.
fn voters(panel: &VoterPanel, values: &mut impl Iterator<Item = Option<Measure>>) -> Vec<VoterBody> {
    let measured = |voter: &VoterFinding| VoterFinding { value: values.next().flatten(), ..voter.clone() };
    panel.voters.iter().map(measured).map(|voter| VoterBody::of(&voter)).collect()
}

/// Who read the card, and on which fields the readings agree.
#[derive(Debug, Serialize, ToSchema)]
struct OcrBody<'a> {
    /// `server` or `client`.
    source: &'static str,
    /// Fields that all readings have alike.
    agreed: &'a [String],
    /// Fields that they have otherwise.
    disagreed: &'a [String],
}
