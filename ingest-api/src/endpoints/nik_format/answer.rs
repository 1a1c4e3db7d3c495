//! The answers to a check of a NIK's form. The NIK is in none of them.

use actix_web::http::StatusCode;
use domain::ids::VerificationId;
use domain::nik::NikFindings;
use domain::ports::VerificationView;
use serde::Serialize;
use utoipa::ToSchema;

use crate::serving::errors::ApiError;
use crate::writes::answer::WriteAnswer;

/// The answer to a check that is in its log and not projected yet: the fold has the last word on it, so nothing is said
/// before.
pub(super) fn accepted_answer(id: &VerificationId) -> Result<WriteAnswer, ApiError> {
    let body = NikAccepted { verification: NikAcceptedVerification { id: id.as_str() } };
    WriteAnswer::accepted(format!("/api/identity/verifications/{id}"), &body)
}

/// The answer of a check's row.
pub(super) fn row_answer(view: &VerificationView) -> Result<WriteAnswer, ApiError> {
    let row = &view.row;
    let findings = row.nik_format.as_ref();
    let findings = findings.ok_or_else(|| ApiError::Internal("a NIK's row has no findings".into()))?;
    let verification = NikVerification { id: row.id.as_str(), status: row.status.as_str(), score: row.score };
    WriteAnswer::projected(StatusCode::OK, &NikAnswer { verification, nik: NikBody::of(findings) })
}

/// The body of 202.
#[derive(Debug, Serialize, ToSchema)]
pub struct NikAccepted<'a> {
    verification: NikAcceptedVerification<'a>,
}

#[derive(Debug, Serialize, ToSchema)]
struct NikAcceptedVerification<'a> {
    id: &'a str,
}

/// The body of 200.
#[derive(Debug, Serialize, ToSchema)]
pub struct NikAnswer<'a> {
    verification: NikVerification<'a>,
    nik: NikBody,
}

#[derive(Debug, Serialize, ToSchema)]
struct NikVerification<'a> {
    id: &'a str,
    /// `verified` where it can be the person's NIK, `failed` otherwise.
    status: &'static str,
    /// 100 when verified.
    score: Option<u32>,
}

/// What a NIK's digits say.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NikBody {
    /// Whether it can be a NIK at all.
    structure: bool,
    /// `known` or `unknown`.
    province: &'static str,
    /// `known` or `unknown`: tables lag behind new regions.
    regency: &'static str,
    /// `known` or `unknown`, likewise.
    district: &'static str,
    /// `null` where no birth date was sent, or where the NIK has none.
    birth_date_agrees: Option<bool>,
    /// `null` where no sex was sent, or where the NIK has none.
    sex_agrees: Option<bool>,
}

impl NikBody {
    /// Shows what was found.
    pub fn of(findings: &NikFindings) -> Self {
        Self {
            structure: findings.fault.is_none(),
            province: findings.province.as_str(),
            regency: findings.regency.as_str(),
            district: findings.district.as_str(),
            birth_date_agrees: findings.birth_date_agrees,
            sex_agrees: findings.sex_agrees,
        }
    }
}
