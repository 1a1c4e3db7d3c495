//! `GET /api/identity/attempts`: the org's verifications, newest first, a page at a time.

use actix_web::{HttpRequest, HttpResponse, web};
use domain::ids::CustomerId;
use domain::limits::{PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX};
use domain::orgs::Scope;
use domain::policy::Method;
use domain::ports::{AttemptsPage, AttemptsQuery, PageStart, RowPlace, VerificationView};
use domain::rows::{SignalRow, VerificationStatus};
use domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use vault::CustomerKeys;

use super::cursor::Cursor;
use super::unseal;
use crate::app::App;
use crate::auth::{self, Wants};
use crate::errors::ApiError;
use crate::limits::PAGE_NUMBER_MAX;
use crate::query::Query;
use crate::ratelimit::Bucket;

/// The parameters.
const PARAMS: &[&str] = &["method", "status", "customerId", "from", "to", "page", "limit", "cursor"];

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

/// Where else to go.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageMeta {
    /// Pages in all.
    pub pages: u64,
    /// `cursor` of the next page; `null` on the last.
    pub next: Option<String>,
}

/// One verification.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttemptBody {
    id: String,
    customer_id: String,
    /// `nik_dukcapil`, …
    method: &'static str,
    /// `verified` or `failed`.
    status: &'static str,
    /// 100 when verified by Dukcapil.
    score: Option<u32>,
    /// As sent; `null` when none was, or when it was erased.
    reason: Option<String>,
    /// Category of the reason; outlives an erasure.
    reason_category: Option<&'static str>,
    signals: Vec<SignalBody>,
    /// RFC 3339, UTC, milliseconds.
    created_at: String,
}

/// Something noticed about a verification.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignalBody {
    /// `idempotency_conflict`, …
    kind: String,
    /// RFC 3339, UTC, milliseconds.
    created_at: String,
}

impl AttemptBody {
    /// Shows a row.
    ///
    /// # Errors
    /// [`ApiError::Internal`] when the reason does not open although its key is there.
    pub fn of(view: &VerificationView, keys: Option<&CustomerKeys>) -> Result<Self, ApiError> {
        let row = &view.row;
        Ok(Self {
            id: row.id.as_str().to_owned(),
            customer_id: row.customer.customer.as_str().to_owned(),
            method: row.method.as_str(),
            status: row.status.as_str(),
            score: row.score,
            reason: unseal::reason(keys, row)?,
            reason_category: row.reason_category.map(domain::classify::ReasonCategory::as_str),
            signals: view.signals.iter().map(SignalBody::of).collect(),
            created_at: row.created_at.rfc3339(),
        })
    }
}

impl SignalBody {
    fn of(signal: &SignalRow) -> Self {
        Self { kind: signal.kind.clone(), created_at: signal.created_at.rfc3339() }
    }
}

/// Lists verifications.
///
/// # Errors
/// By the contract's table.
pub async fn get(req: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    let caller = auth::admit(&req, &app, Bucket::Get, Wants::Scope(Scope::VerificationsView))?;
    let asked = parse(req.query_string(), &caller.org().org)?;
    let generation = app.generation().await?;
    let found: AttemptsPage = app.views.attempts(generation, &asked.query).await?;
    let keys = unseal::keys_of(&app, &caller, found.rows.iter().map(|view| &view.row)).await?;
    let data = found
        .rows
        .iter()
        .map(|view| AttemptBody::of(view, keys.get(&view.row.customer.customer)))
        .collect::<Result<Vec<_>, _>>()?;
    let next = found.rows.last().filter(|_| found.more).map(|view| {
        let row = &view.row;
        let (partition, offset) = (row.source.partition, row.source.offset);
        let after = RowPlace { created_at: row.created_at, partition, offset };
        Cursor { after, page: asked.page + 1 }.to_text()
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

fn parse(text: &str, org: &domain::ids::OrgId) -> Result<Asked, ApiError> {
    let mut query = Query::parse(text, PARAMS);
    let method = query.take("method", "must be a method of verification", Method::parse);
    let status = query.take("status", "must be verified or failed", VerificationStatus::parse);
    let customer = query.take("customerId", "must be a customer's id", |text| CustomerId::parse(text).ok());
    let time = "must be a time of the form 2026-11-23T04:05:06.007Z";
    let from = query.take("from", time, Timestamp::parse_bound);
    let to = query.take("to", time, Timestamp::parse_bound);
    let page = query.take("page", "must be a number from 1", |text| {
        number(text).filter(|page| (1..=PAGE_NUMBER_MAX).contains(page))
    });
    let limit = query.take("limit", "must be a number from 1 to 100", |text| {
        number(text).filter(|limit| (1..=PAGE_ROWS_MAX as u64).contains(limit))
    });
    let cursor = query.take("cursor", "must be a cursor that an earlier page gave", Cursor::parse);
    if page.is_some() && cursor.is_some() {
        query.refuse("page", "must not come with cursor");
    }
    query.finish()?;
    let limit = limit.map_or(PAGE_ROWS_DEFAULT, |limit| limit as usize);
    let (start, page) = match cursor {
        Some(Cursor { after, page }) => (PageStart::After(after), page),
        None => {
            let page = page.unwrap_or(1);
            (PageStart::Skip((page - 1) * limit as u64), page)
        }
    };
    let query = AttemptsQuery { org: org.clone(), method, status, customer, from, to, start, limit };
    Ok(Asked { query, page })
}

/// Decimal digits only: no sign, no space.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::OrgId;

    fn asked(text: &str) -> Result<Asked, ApiError> {
        parse(text, &OrgId::from_bytes([1; 16]))
    }

    #[test]
    fn without_parameters_it_is_the_first_twenty() {
        let asked = asked("").expect("good");
        assert_eq!((asked.page, asked.query.limit, asked.query.start), (1, 20, PageStart::Skip(0)));
    }

    #[test]
    fn pages_filters_and_times() {
        let asked = asked(
            "method=nik_dukcapil&status=failed&customerId=cus_00000000000000000000000000\
             &from=2026-11-23T00:00:00%2B07:00&to=2026-11-24T00:00:00Z&page=3&limit=100",
        )
        .expect("good");
        assert_eq!(asked.query.start, PageStart::Skip(200));
        assert_eq!(asked.query.method, Some(Method::NikDukcapil));
        assert_eq!(asked.query.from.map(Timestamp::rfc3339).as_deref(), Some("2026-11-22T17:00:00.000Z"));
    }

    #[test]
    fn an_unknown_filter_or_value_is_refused() {
        for bad in [
            "x=1",
            "method=magic",
            "status=VERIFIED",
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
