//! `GET /api/identity/fallback/rechecks`: who waits for Dukcapil's word, and what became of those who did (sequence §4.4). A
//! recheck says nothing personal; whose it is, its customer's id says.

use actix_web::{HttpRequest, HttpResponse, web};
use domain::ids::{CustomerId, OrgId, RecheckId};
use domain::orgs::Scope;
use domain::policy::Tier;
use domain::ports::{PageRequest, RecheckOrder, RechecksQuery, StoreError};
use domain::recheck::RecheckStatus;
use domain::rows::{Generation, RecheckRow};
use domain::time::Timestamp;
use futures::future::try_join_all;
use serde::Serialize;
use utoipa::ToSchema;
use vault::OrgIds;

use super::cursor::{Cursor, CursorList};
use super::page::{NumberedPage, PageMeta};
use crate::app::App;
use crate::serving::auth::{self, EndpointAccess};
use crate::serving::errors::ApiError;
use crate::serving::query::QueryParameters;

/// The collection's path.
pub const ROUTE: &str = "/api/identity/fallback/rechecks";

/// What the endpoint asks of its caller.
pub const ACCESS: EndpointAccess = EndpointAccess::reading(Scope::VerificationsView);

/// The parameters.
const PARAMS: &[&str] = &["status", "from", "to", "customerId", "page", "limit", "cursor", "sort"];

/// The one order that can be asked for.
pub const OLDEST: &str = "oldest";

/// A page.
#[derive(Debug, Serialize, ToSchema)]
pub struct RechecksBody {
    /// Newest first, or as `sort` says.
    data: Vec<RecheckBody>,
    /// All rows the filters match, as of this answer.
    total: u64,
    /// This page's number, from 1.
    page: u64,
    /// Rows of a page at most.
    limit: usize,
    /// Where else to go.
    meta: PageMeta,
}

/// One recheck.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RecheckBody {
    id: String,
    customer_id: String,
    /// `open`, `confirmed`, `contradicted`, `closed` or `erased`.
    status: &'static str,
    /// How Dukcapil failed when it was opened.
    cause: &'static str,
    /// RFC 3339, UTC, milliseconds.
    opened_at: String,
    /// The latest attempt that was declared, by the bank's clock.
    last_attempt_at: String,
    /// All attempts that were declared while it was open.
    attempts: u64,
    /// The tier that the customer has now.
    kyc_level: &'static str,
    /// `null` while it is open.
    settled_at: Option<String>,
    /// What settled it; `null` while it is open.
    how: Option<&'static str>,
    /// The verdict that settled it.
    verification_id: Option<String>,
}

impl RecheckBody {
    fn of(row: &RecheckRow, tier: Tier) -> Self {
        Self {
            id: row.id.as_str().to_owned(),
            customer_id: row.customer.customer.as_str().to_owned(),
            status: row.status.as_str(),
            cause: row.cause.as_str(),
            opened_at: row.opened_at.rfc3339(),
            last_attempt_at: row.last_attempt_at.rfc3339(),
            attempts: row.attempts,
            kyc_level: tier.as_str(),
            settled_at: row.settled_at.map(Timestamp::rfc3339),
            how: row.how.map(|how| how.as_str()),
            verification_id: row.verification_id.as_ref().map(|id| id.as_str().to_owned()),
        }
    }
}

/// Lists rechecks.
///
/// # Errors
/// By the contract's table.
pub async fn get(req: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    let caller = auth::admit(&req, &app, ACCESS)?;
    let Asked { query, list, page } = parse(req.query_string(), &caller.entry.ids)?;
    let generation = app.generation().await?;
    let found = app.rechecks.rechecks(generation, &query).await?;
    let tiers = present_tiers(&app, generation, &found.rows).await?;
    let data = found.rows.iter().zip(tiers).map(|(row, tier)| RecheckBody::of(row, tier)).collect();
    let next = found.rows.last().filter(|_| found.more);
    let next = next.map(|row| Cursor::to_next(row.place(), page).to_text(list, &caller.entry.ids));
    let pages = found.total.div_ceil(query.limit as u64);
    Ok(HttpResponse::Ok().json(RechecksBody {
        data,
        total: found.total,
        page,
        limit: query.limit,
        meta: PageMeta { pages, next },
    }))
}

/// The tier that each row's customer has now, which no recheck keeps.
///
/// # Errors
/// From the store.
pub async fn present_tiers(
    app: &App,
    generation: Generation,
    rows: &[RecheckRow],
) -> Result<Vec<Tier>, StoreError> {
    try_join_all(rows.iter().map(async |row| {
        let state = app.views.customer(generation, &row.customer).await?;
        Ok(state.map_or(Tier::None, |state| state.kyc.tier))
    }))
    .await
}

/// A recheck of the org, as the read model shows it.
///
/// # Errors
/// [`ApiError::RecheckNotFound`]; from the store.
pub async fn recheck_of(app: &App, org: &OrgId, id: &RecheckId) -> Result<RecheckRow, ApiError> {
    let generation = app.generation().await?;
    app.rechecks.recheck(generation, org, id).await?.ok_or(ApiError::RecheckNotFound)
}

/// Whether it is settled for whoever reads, in its own row and in its customer's state, which is written after it.
///
/// # Errors
/// From the stores.
pub async fn is_settled(app: &App, row: &RecheckRow) -> Result<bool, ApiError> {
    if row.status == RecheckStatus::Open {
        return Ok(false);
    }
    let generation = app.generation().await?;
    let state = app.views.customer(generation, &row.customer).await?;
    let present = state.and_then(|state| state.recheck);
    Ok(present.is_none_or(|present| present.id != row.id || present.status != RecheckStatus::Open))
}

/// What was asked for.
#[derive(Debug)]
struct Asked {
    query: RechecksQuery,
    list: CursorList,
    page: u64,
}

fn parse(text: &str, org: &OrgIds) -> Result<Asked, ApiError> {
    let mut query = QueryParameters::parse(text, PARAMS);
    let words = "must be open, confirmed, contradicted, closed or erased";
    let status = query.take("status", words, RecheckStatus::parse);
    let customer = query.take("customerId", "must be a customer's id", |text| CustomerId::parse(text).ok());
    let from = query.take_time("from", Timestamp::parse_bound);
    let to = query.take_time("to", Timestamp::parse_bound);
    let oldest_first = query.take("sort", "must be oldest", |text| (text == OLDEST).then_some(()));
    let (order, list) = match oldest_first {
        Some(()) => (RecheckOrder::OldestFirst, CursorList::RechecksOldestFirst),
        None => (RecheckOrder::NewestFirst, CursorList::Rechecks),
    };
    let NumberedPage { request, number: page } = NumberedPage::take(&mut query, list, org);
    query.finish()?;
    let PageRequest { start, limit } = request;
    let org = org.org().clone();
    Ok(Asked { query: RechecksQuery { org, status, customer, from, to, order, start, limit }, list, page })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::event::{Offset, Partition};
    use domain::ports::{PageStart, RowPlace};

    fn org() -> OrgIds {
        OrgIds::from_secret(OrgId::from_bytes([1; 16]), &[1; 32])
    }

    #[test]
    fn filters_orders_and_pages() {
        let plain = parse("", &org()).expect("good");
        assert_eq!((plain.page, plain.query.limit, plain.query.order), (1, 20, RecheckOrder::NewestFirst));
        let asked = parse(
            "status=contradicted&customerId=cus_00000000000000000000000000&from=2026-11-23T00:00:00Z\
             &to=2026-11-24T00:00:00Z&sort=oldest&page=3&limit=100",
            &org(),
        )
        .expect("good");
        assert_eq!(asked.query.start, PageStart::Skip(200));
        assert_eq!(asked.query.status, Some(RecheckStatus::Contradicted));
        assert_eq!(asked.query.order, RecheckOrder::OldestFirst);
        assert_eq!(asked.query.from.map(Timestamp::rfc3339).as_deref(), Some("2026-11-23T00:00:00.000Z"));
    }

    #[test]
    fn an_unknown_filter_or_value_is_refused() {
        for bad in [
            "x=1",
            "status=OPEN",
            "status=pending",
            "status=",
            "customerId=42",
            "from=yesterday",
            "sort=newest",
            "sort=",
            "page=0",
            "limit=101",
            "cursor=x",
            "status=open&status=open",
        ] {
            assert!(matches!(parse(bad, &org()), Err(ApiError::Invalid(_))), "{bad}");
        }
    }

    #[test]
    fn a_cursor_is_of_its_own_order() {
        let after =
            RowPlace { created_at: Timestamp::from_millis(5), partition: Partition(1), offset: Offset(2) };
        let text = Cursor::to_next(after, 1).to_text(CursorList::RechecksOldestFirst, &org());
        let asked = parse(&format!("sort=oldest&cursor={text}"), &org()).expect("good");
        assert_eq!((asked.query.start, asked.page), (PageStart::After(after), 2));
        assert!(matches!(parse(&format!("cursor={text}"), &org()), Err(ApiError::Invalid(_))));
    }
}
