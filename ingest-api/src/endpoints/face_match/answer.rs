//! The answers to a match. Scores in steps of ten, never a similarity: an exact number is a ladder to climb (sequence
//! §1.13).

use actix_web::http::StatusCode;
use domain::ids::VerificationId;
use domain::ports::VerificationView;
use domain::rows::FaceMatchRow;
use serde::Serialize;
use utoipa::ToSchema;

use crate::reading::attempts::SignalBody;
use crate::serving::errors::ApiError;
use crate::writes::answer::WriteAnswer;

/// The answer to a match that is in its log and not projected yet: the fold has the last word on it, so nothing is said
/// before.
pub(super) fn accepted_answer(id: &VerificationId) -> Result<WriteAnswer, ApiError> {
    let body = MatchAccepted { verification: AcceptedVerification { id: id.as_str() } };
    WriteAnswer::accepted(format!("/api/identity/verifications/{id}"), &body)
}

/// The answer of a match's row.
pub(super) fn row_answer(view: &VerificationView) -> Result<WriteAnswer, ApiError> {
    let row = &view.row;
    let face_match = row.face_match.as_ref();
    let face_match = face_match.ok_or_else(|| ApiError::Internal("a match's row has no match".into()))?;
    let verification =
        MatchVerification { id: row.id.as_str(), status: row.status.as_str(), score: row.score.unwrap_or(0) };
    let body = MatchAnswer {
        verification,
        face_match: MatchBody::of(face_match),
        reference: MatchReferenceBody::of(face_match),
        signals: view.signals.iter().map(SignalBody::of).collect(),
    };
    WriteAnswer::projected(StatusCode::OK, &body)
}

/// The body of 202.
#[derive(Debug, Serialize, ToSchema)]
pub struct MatchAccepted<'a> {
    verification: AcceptedVerification<'a>,
}

#[derive(Debug, Serialize, ToSchema)]
struct AcceptedVerification<'a> {
    id: &'a str,
}

/// The body of 200.
#[derive(Debug, Serialize, ToSchema)]
pub struct MatchAnswer<'a> {
    verification: MatchVerification<'a>,
    #[serde(rename = "match")]
    face_match: MatchBody,
    reference: MatchReferenceBody<'a>,
    /// Something noticed about it, oldest first.
    signals: Vec<SignalBody>,
}

#[derive(Debug, Serialize, ToSchema)]
struct MatchVerification<'a> {
    id: &'a str,
    /// `verified` for a match, `failed` for none.
    status: &'static str,
    /// In steps of ten; 50 and more is at or above the threshold.
    score: u32,
}

/// What was decided, and by what.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MatchBody {
    /// `match` or `no_match`.
    verdict: &'static str,
    /// The similarity (a cosine) that was asked for.
    threshold: f64,
    /// The model that made both vectors: its name and the beginning of its digest.
    model: String,
    /// `low`, `medium` or `high`.
    risk_level: &'static str,
    /// Whether the picture is that of a liveness verification.
    bound: bool,
}

impl MatchBody {
    /// Shows what a row decided.
    pub fn of(row: &FaceMatchRow) -> Self {
        Self {
            verdict: if row.matched { "match" } else { "no_match" },
            threshold: f64::from(row.threshold_milli) / 1_000.0,
            model: row.model.to_string(),
            risk_level: row.risk_level.as_str(),
            bound: row.bound.is_some(),
        }
    }
}

/// The reference that the picture was compared with.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MatchReferenceBody<'a> {
    id: &'a str,
    /// Where its photo came from.
    source: &'static str,
    /// RFC 3339, UTC, milliseconds.
    enrolled_at: String,
}

impl<'a> MatchReferenceBody<'a> {
    /// Shows the reference of a row.
    pub fn of(row: &'a FaceMatchRow) -> Self {
        let reference = &row.reference;
        Self {
            id: reference.enrolment_id.as_str(),
            source: reference.face_source.as_str(),
            enrolled_at: reference.enrolled_at.rfc3339(),
        }
    }
}
