//! `GET /api/identity/attempts`: the org's verifications, newest first, a page at a time.

use actix_web::{HttpRequest, HttpResponse, web};
use domain::classify::ReasonCategory;
use domain::ids::CustomerId;
use domain::orgs::Scope;
use domain::policy::Method;
use domain::ports::{AttemptsPage, AttemptsQuery, PageRequest, RowPlace, VerificationView};
use domain::rows::{ReviewState, SignalRow, VerificationRow, VerificationStatus};
use domain::signals::{ShownSignal, SignalKind};
use domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use vault::OrgIds;

use super::assessment::{self, AssessmentBody, ReviewBody, VoidBody};
use super::cursor::{Cursor, CursorList};
use super::nik_signals::{NikSignals, RowNik};
use super::noticed::NoticedSignal;
use super::page::{NumberedPage, PageMeta};
use super::unseal::{self, RowKeys, Unreadable};
use crate::app::App;
use crate::serving::auth::{self, EndpointAccess};
use crate::serving::errors::ApiError;
use crate::serving::logged_objects::LoggedObjects;
use crate::serving::query::QueryParameters;

/// What the endpoint asks of its caller.
pub const ACCESS: EndpointAccess = EndpointAccess::reading(Scope::VerificationsView);

/// The parameters.
const PARAMS: &[&str] =
    &["method", "status", "reasonCategory", "review", "customerId", "from", "to", "page", "limit", "cursor"];

/// A page.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttemptsBody {
    /// Newest first.
    pub data: Vec<AttemptBody>,
    /// All rows the filters match, as of this answer.
    pub total: u64,
    /// This page's number, from 1.
    pub page: u64,
    /// Rows of a page at most.
    pub limit: usize,
    /// Where else to go.
    pub meta: PageMeta,
}

/// One verification.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttemptBody {
    id: String,
    customer_id: String,
    /// `nik_dukcapil`, …
    method: &'static str,
    /// `verified`, `failed` or `pending`.
    status: &'static str,
    /// 100 when verified by Dukcapil; of a match and of a capture in steps of ten.
    score: Option<u32>,
    /// As sent; `null` when none was, or when it was erased.
    reason: Option<String>,
    /// Category of the reason; outlives an erasure.
    reason_category: Option<&'static str>,
    /// Something noticed about it, oldest first.
    signals: Vec<SignalBody>,
    /// Of a capture only: how far it can be relied on, `low` or `standard`.
    #[serde(skip_serializing_if = "Option::is_none")]
    assurance_tier: Option<&'static str>,
    /// Of a capture only: who judged it and how.
    #[serde(skip_serializing_if = "Option::is_none")]
    assessment: Option<AssessmentBody>,
    /// Of a `pending` one only: `null` until a person decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ReviewBody>)]
    review: Option<Option<ReviewBody>>,
    /// Of one that counts no more only: why, and since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = VoidBody)]
    voided: Option<VoidBody>,
    /// RFC 3339, UTC, milliseconds.
    created_at: String,
}

/// Something noticed about a verification.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignalBody {
    /// `idempotency_conflict`: another body came under the same `Idempotency-Key`, without effect.
    /// `probe_equals_reference`: the picture of a match is the reference's own, or a copy of it.
    /// `reason_unreadable`: the reason is kept, but does not open; the operator knows more.
    /// `nik_region_unknown`: the NIK's regency or district is not in our table.
    /// `nik_on_other_customer`: the NIK is another customer's too. As of this reading; as old as its row.
    /// `nik_changed`: the customer brought another NIK too; likewise.
    code: String,
    /// `info`, `low`, `medium`, `high` or `critical`.
    severity: &'static str,
    /// RFC 3339, UTC, milliseconds.
    created_at: String,
}

impl AttemptBody {
    /// Shows a row, with what is noticed of its NIK at reading. A reason that does not open is `null`, with a signal that says so: one damaged row keeps no
    /// other from being shown.
    pub fn of(view: &VerificationView, keys: &RowKeys, niks: &NikSignals) -> Self {
        let row = &view.row;
        let mut signals: Vec<SignalBody> = view.signals.iter().map(SignalBody::of).collect();
        let of_nik = niks.of(row).into_iter().flat_map(RowNik::signals);
        signals.extend(of_nik.map(|kind| SignalBody::of_word(kind.as_str(), row.created_at)));
        let reason = keys.reason(row).unwrap_or_else(|Unreadable| {
            signals.push(SignalBody::unreadable(row));
            None
        });
        Self {
            id: row.id.as_str().to_owned(),
            customer_id: row.customer.customer.as_str().to_owned(),
            method: row.method.as_str(),
            status: row.status.as_str(),
            score: row.score,
            reason,
            reason_category: row.reason_category.map(ReasonCategory::as_str),
            signals,
            assurance_tier: assessment::assurance_tier(row),
            assessment: row.assessment.as_ref().map(AssessmentBody::of),
            review: assessment::shown_review(row, view.review.as_ref()),
            voided: view.voided.as_ref().map(VoidBody::of),
            created_at: row.created_at.rfc3339(),
        }
    }
}

impl AttemptBody {
    /// Adds what was noticed at reading.
    pub fn add(&mut self, noticed: &[NoticedSignal]) {
        let of_row = noticed.iter().filter(|signal| signal.verification.as_str() == self.id);
        self.signals.extend(of_row.map(SignalBody::of_noticed));
    }

    /// Whether there is anything in it that was sealed.
    pub fn shows_personal_data(&self) -> bool {
        self.reason.is_some()
    }
}

impl SignalBody {
    /// Shows a signal.
    pub fn of(signal: &SignalRow) -> Self {
        Self::of_word(&signal.kind, signal.created_at)
    }

    /// As old as its row: since when it is so is not known.
    fn unreadable(row: &VerificationRow) -> Self {
        Self::of_word(SignalKind::ReasonUnreadable.as_str(), row.created_at)
    }

    /// Shows what was noticed at reading.
    pub fn of_noticed(signal: &NoticedSignal) -> Self {
        Self::of_word(signal.kind.as_str(), signal.created_at)
    }

    fn of_word(word: &str, created_at: Timestamp) -> Self {
        let ShownSignal { code, severity } = ShownSignal::of(word);
        Self { code: code.to_owned(), severity: severity.as_str(), created_at: created_at.rfc3339() }
    }
}

/// Lists verifications.
///
/// # Errors
/// By the contract's table.
pub async fn get(req: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    let caller = auth::admit(&req, &app, ACCESS)?;
    let asked = parse(req.query_string(), &caller.entry.ids)?;
    let generation = app.generation().await?;
    let found: AttemptsPage = app.views.attempts(generation, &asked.query).await?;
    let keys = unseal::keys_of(&app, &caller, found.rows.iter().map(|view| &view.row)).await?;
    let niks = NikSignals::look(&app, generation, found.rows.iter().map(|view| &view.row)).await?;
    let data: Vec<AttemptBody> = found.rows.iter().map(|view| AttemptBody::of(view, &keys, &niks)).collect();
    let shown = data.iter().zip(&found.rows).filter(|(body, _)| body.shows_personal_data());
    let shown = shown.map(|(_, view)| &view.row.customer.customer);
    app.reads.record(&caller, app.now(), &LoggedObjects::of(&req), shown)?;
    let next = found.rows.last().filter(|_| found.more).map(|VerificationView { row, .. }| {
        let (partition, offset) = (row.source.partition, row.source.offset);
        let after = RowPlace { created_at: row.created_at, partition, offset };
        Cursor::to_next(after, asked.page).to_text(CursorList::Attempts, &caller.entry.ids)
    });
    let limit = asked.query.limit;
    Ok(HttpResponse::Ok().json(AttemptsBody {
        data,
        total: found.total,
        page: asked.page,
        limit,
        meta: PageMeta { pages: found.total.div_ceil(limit as u64), next },
    }))
}

/// What was asked for.
#[derive(Debug)]
struct Asked {
    query: AttemptsQuery,
    page: u64,
}

fn parse(text: &str, org: &OrgIds) -> Result<Asked, ApiError> {
    let mut query = QueryParameters::parse(text, PARAMS);
    let method = query.take("method", "must be a method of verification", Method::parse);
    let status = query.take("status", "must be verified, failed or pending", VerificationStatus::parse);
    let category = query.take("reasonCategory", "must be a category of reasons", ReasonCategory::parse);
    let review = query.take("review", "must be open, verified or failed", ReviewState::parse);
    let customer = query.take("customerId", "must be a customer's id", |text| CustomerId::parse(text).ok());
    let from = query.take_time("from", Timestamp::parse_bound);
    let to = query.take_time("to", Timestamp::parse_bound);
    let NumberedPage { request, number: page } = NumberedPage::take(&mut query, CursorList::Attempts, org);
    query.finish()?;
    let PageRequest { start, limit } = request;
    let org = org.org().clone();
    let query = AttemptsQuery { org, method, status, category, review, customer, from, to, start, limit };
    Ok(Asked { query, page })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::OrgId;
    use domain::ports::PageStart;

    fn asked(text: &str) -> Result<Asked, ApiError> {
        parse(text, &OrgIds::from_secret(OrgId::from_bytes([1; 16]), &[1; 32]))
    }

    #[test]
    fn without_parameters_it_is_the_first_twenty() {
        let asked = asked("").expect("good");
        assert_eq!((asked.page, asked.query.limit, asked.query.start), (1, 20, PageStart::Skip(0)));
    }

    #[test]
    fn pages_filters_and_times() {
        let asked = asked(
            "method=nik_dukcapil&status=failed&reasonCategory=not_found&customerId=cus_00000000000000000000000000\
             &from=2026-11-23T00:00:00%2B07:00&to=2026-11-24T00:00:00Z&page=3&limit=100",
        )
        .expect("good");
        assert_eq!(asked.query.start, PageStart::Skip(200));
        assert_eq!(asked.query.method, Some(Method::NikDukcapil));
        assert_eq!(asked.query.category, Some(ReasonCategory::NotFound));
        assert_eq!(asked.query.from.map(Timestamp::rfc3339).as_deref(), Some("2026-11-22T17:00:00.000Z"));
    }

    #[test]
    fn an_unknown_filter_or_value_is_refused() {
        for bad in [
            "x=1",
            "method=magic",
            "status=VERIFIED",
            "reasonCategory=",
            "reasonCategory=NOT_FOUND",
            "reasonCategory=not_found,quota",
            "reason_category=not_found",
            "customerId=42",
            "from=yesterday",
            "page=0",
            "page=-1",
            "page=%2B1",
            "page=99999999999999999999999",
            "limit=0",
            "limit=101",
            "limit=",
            "cursor=x",
            "status=failed&status=failed",
        ] {
            assert!(matches!(asked(bad), Err(ApiError::Invalid(_))), "{bad}");
        }
    }
}
