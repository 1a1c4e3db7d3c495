//! The answers to a verdict: 200, 202, and the dry run's (contract §2).

use actix_web::HttpResponse;
use actix_web::http::header;
use domain::ids::VerificationId;
use domain::outcome::EnrolmentSummary;
use domain::policy::Tier;
use domain::ports::VerificationView;
use domain::rows::{EnrolmentRow, FaceSource, VerificationStatus};
use serde::Serialize;
use utoipa::ToSchema;

use super::record::Names;
use crate::writes::preferences::{IDEMPOTENCY_REPLAYED, PREFERENCE_APPLIED, Wait};

/// What became of a verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The row.
    pub verification: VerificationId,
    /// What came of it.
    pub status: VerificationStatus,
    /// 100 when verified.
    pub score: Option<u32>,
    /// The face reference it made.
    pub enrolment: Option<EnrolmentSummary>,
    /// The read model shows it: 200, else 202.
    pub projected: bool,
    /// The verdict was in before.
    pub replayed: bool,
}

impl Answer {
    /// What is said of a verdict that is in its log and not projected yet: no embedding exists.
    pub fn accepted(names: &Names, valid: bool) -> Self {
        Self {
            verification: names.verification.clone(),
            status: status_of(valid),
            score: score_of(valid),
            enrolment: valid.then(|| EnrolmentSummary {
                id: names.enrolment.clone(),
                source: FaceSource::Dukcapil,
                fallback_stub: true,
            }),
            projected: false,
            replayed: false,
        }
    }

    /// The answer of a row.
    pub fn of_row(view: &VerificationView, enrolment: Option<&EnrolmentRow>, replayed: bool) -> Self {
        Self {
            verification: view.row.id.clone(),
            status: view.row.status,
            score: view.row.score,
            enrolment: enrolment.map(|row| EnrolmentSummary {
                id: row.id.clone(),
                source: row.face_source,
                fallback_stub: row.fallback_stub,
            }),
            projected: true,
            replayed,
        }
    }

    /// The same, as the answer to a repetition.
    #[must_use]
    pub fn replayed(mut self) -> Self {
        self.replayed = true;
        self
    }

    /// The response.
    pub fn response(&self, wait: &Wait) -> HttpResponse {
        let mut response = if self.projected { HttpResponse::Ok() } else { HttpResponse::Accepted() };
        if !self.projected {
            let location = format!("/api/identity/verifications/{}", self.verification);
            response.insert_header((header::LOCATION, location));
        }
        if self.replayed {
            response.insert_header((IDEMPOTENCY_REPLAYED, "true"));
        }
        if let Some(applied) = &wait.applied {
            response.insert_header((PREFERENCE_APPLIED, applied.as_str()));
        }
        response.json(VerdictAnswer {
            verification: VerificationSummary {
                id: self.verification.as_str(),
                status: self.status.as_str(),
                score: self.score,
            },
            enrolment: self.enrolment.as_ref().map(EnrolmentBody::of),
        })
    }
}

/// The body of 200 and 202.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "verification": {"id": "ver_2D1M0PMS3AYF2Q2GXBWDF1KTY7", "status": "verified", "score": 100},
    "enrolment": {"id": "fe_4C1M0PMS3AYF2Q2GXBWDF1KTY7", "source": "dukcapil", "fallbackStub": false}
}))]
pub struct VerdictAnswer<'a> {
    verification: VerificationSummary<'a>,
    /// `null` for a declined verdict.
    enrolment: Option<EnrolmentBody<'a>>,
}

#[derive(Debug, Serialize, ToSchema)]
struct VerificationSummary<'a> {
    id: &'a str,
    /// `verified` or `failed`.
    status: &'a str,
    /// 100 when verified; absent when failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<u32>,
}

/// A face reference as answers show it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrolmentBody<'a> {
    id: &'a str,
    /// `dukcapil`.
    source: &'a str,
    /// True: no real face model made the embedding (in a 202: none exists yet).
    fallback_stub: bool,
}

impl<'a> EnrolmentBody<'a> {
    /// Shows a reference.
    pub fn of(enrolment: &'a EnrolmentSummary) -> Self {
        Self {
            id: enrolment.id.as_str(),
            source: enrolment.source.as_str(),
            fallback_stub: enrolment.fallback_stub,
        }
    }

    /// Shows a row.
    pub fn of_row(row: &'a EnrolmentRow) -> Self {
        Self { id: row.id.as_str(), source: row.face_source.as_str(), fallback_stub: row.fallback_stub }
    }
}

/// The body of a dry run's 200.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DryRunAnswer {
    /// Always true.
    dry_run: bool,
    verification: DryRunVerification,
    enrolment: Option<DryRunEnrolment>,
    kyc: DryRunKyc,
}

#[derive(Debug, Serialize, ToSchema)]
struct DryRunVerification {
    /// `verified` or `failed`.
    status: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
struct DryRunEnrolment {
    /// `dukcapil`.
    source: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
struct DryRunKyc {
    /// The tier now.
    from: &'static str,
    /// The tier the verdict would make.
    to: &'static str,
}

impl DryRunAnswer {
    /// What the verdict would do.
    pub fn new(valid: bool, from: Tier, to: Tier) -> Self {
        Self {
            dry_run: true,
            verification: DryRunVerification { status: status_of(valid).as_str() },
            enrolment: valid.then_some(DryRunEnrolment { source: FaceSource::Dukcapil.as_str() }),
            kyc: DryRunKyc { from: from.as_str(), to: to.as_str() },
        }
    }
}

/// The status a verdict makes.
fn status_of(valid: bool) -> VerificationStatus {
    if valid { VerificationStatus::Verified } else { VerificationStatus::Failed }
}

/// The score a verdict makes.
fn score_of(valid: bool) -> Option<u32> {
    valid.then_some(100)
}
