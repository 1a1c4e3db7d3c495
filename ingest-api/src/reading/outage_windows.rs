//! `GET /api/identity/fallback/windows`: the outages of Dukcapil that an org's own failures show, worked out when they are
//! asked for (sequence §4.3).

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web};
use domain::event::{Offset, Partition};
use domain::orgs::Scope;
use domain::ports::{PageStart, RowPlace};
use domain::recheck::OutageWindow;
use domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use vault::OrgIds;

use super::cursor::{Cursor, CursorList};
use super::page::{NumberedPage, PageMeta};
use crate::app::App;
use crate::limits::{OUTAGE_DAYS_DEFAULT, OUTAGE_DAYS_MAX};
use crate::outages::{OutageLedger, OutageQuery, OutagesError};
use crate::serving::auth::{self, EndpointAccess};
use crate::serving::errors::{ApiError, FieldErrors};
use crate::serving::query::QueryParameters;

/// What the endpoint asks of its caller.
pub const ACCESS: EndpointAccess = EndpointAccess::reading(Scope::VerificationsView);

/// The parameters.
const PARAMS: &[&str] = &["from", "to", "open", "page", "limit", "cursor"];

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// A page.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutageWindowsBody {
    /// Newest first.
    data: Vec<OutageWindowBody>,
    /// All windows the filters match, as of this answer.
    total: u64,
    /// This page's number, from 1.
    page: u64,
    /// Rows of a page at most.
    limit: usize,
    /// Where else to go.
    meta: PageMeta,
}

/// A time in which Dukcapil did not answer this bank.
#[derive(Debug, Serialize, ToSchema)]
struct OutageWindowBody {
    /// When its first failure was, by the bank's clock.
    from: String,
    /// When the first verdict after its last failure was taken in; `null` while it goes on.
    to: Option<String>,
    /// Whether no late declaration can move it any more.
    settled: bool,
    /// Declared failures.
    failures: u64,
    /// How many of each cause; one that there was not is not there.
    causes: BTreeMap<&'static str, u64>,
    /// Rechecks that they opened.
    opened: u64,
    /// Those of them that are confirmed now.
    confirmed: u64,
    /// Those of them that are contradicted now.
    contradicted: u64,
    /// Those of them that are open now.
    open: u64,
}

impl OutageWindowBody {
    fn of(window: &OutageWindow) -> Self {
        let of = &window.cluster;
        Self {
            from: of.first.rfc3339(),
            to: window.to.map(Timestamp::rfc3339),
            settled: window.settled,
            failures: of.failures,
            causes: of.causes.iter().map(|(cause, count)| (cause.as_str(), *count)).collect(),
            opened: of.opened,
            confirmed: of.confirmed,
            contradicted: of.contradicted,
            open: of.open,
        }
    }
}

/// Lists outage windows.
///
/// # Errors
/// By the contract's table.
pub async fn get(req: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    let caller = auth::admit(&req, &app, ACCESS)?;
    let now = app.now();
    let (query, page) = parse(req.query_string(), &caller.entry.ids, now)?;
    let ledger = OutageLedger { rechecks: app.rechecks.as_ref(), generation: app.generation().await?, now };
    let found = ledger.page(&query).await.map_err(refused)?;
    let next = found.rows.last().filter(|_| found.more).map(|window| {
        let after = place(window.cluster.first);
        Cursor::to_next(after, page).to_text(CursorList::OutageWindows, &caller.entry.ids)
    });
    Ok(HttpResponse::Ok().json(OutageWindowsBody {
        data: found.rows.iter().map(OutageWindowBody::of).collect(),
        total: found.total,
        page,
        limit: query.limit,
        meta: PageMeta { pages: found.total.div_ceil(query.limit as u64), next },
    }))
}

fn refused(error: OutagesError) -> ApiError {
    match error {
        OutagesError::TooMany => ApiError::Invalid(FieldErrors::of("from", &error.to_string())),
        OutagesError::Store(error) => error.into(),
    }
}

/// No two windows begin at one moment, so that says all of a place.
fn place(first: Timestamp) -> RowPlace {
    RowPlace { created_at: first, partition: Partition(0), offset: Offset(0) }
}

fn parse(text: &str, org: &OrgIds, now: Timestamp) -> Result<(OutageQuery, u64), ApiError> {
    let mut query = QueryParameters::parse(text, PARAMS);
    let from = query.take_time("from", Timestamp::parse_bound);
    let to = query.take_time("to", Timestamp::parse_bound);
    let open = query.take("open", "must be true or false", |text| text.parse::<bool>().ok());
    let NumberedPage { request, number } = NumberedPage::take(&mut query, CursorList::OutageWindows, org);
    let latest = OutageQuery::of_last_days(org.org().clone(), OUTAGE_DAYS_DEFAULT, now);
    let to = to.unwrap_or(latest.to);
    let from = from.unwrap_or_else(|| Timestamp::from_millis(to.millis() - OUTAGE_DAYS_DEFAULT * DAY_MS));
    if to.millis().saturating_sub(from.millis()) > OUTAGE_DAYS_MAX * DAY_MS {
        query.refuse("from", &format!("must be at most {OUTAGE_DAYS_MAX} days before to"));
    }
    query.finish()?;
    let (skip, before) = match request.start {
        PageStart::Skip(rows) => (rows, None),
        PageStart::After(place) => (0, Some(place.created_at)),
    };
    Ok((OutageQuery { from, to, open, skip, before, limit: request.limit, ..latest }, number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::OrgId;

    const NOW: i64 = 1_795_000_000_000;

    fn asked(text: &str) -> Result<(OutageQuery, u64), ApiError> {
        let org = OrgIds::from_secret(OrgId::from_bytes([1; 16]), &[1; 32]);
        parse(text, &org, Timestamp::from_millis(NOW))
    }

    #[test]
    fn without_a_time_it_is_the_last_thirty_days() {
        let (query, page) = asked("").expect("good");
        assert_eq!((page, query.limit, query.skip, query.open), (1, 20, 0, None));
        assert!(query.to.millis() > NOW, "a bank's clock may be ahead");
        assert_eq!(query.to.millis() - query.from.millis(), 30 * DAY_MS);
        let (query, page) = asked("open=true&page=2&limit=5&from=2026-11-01T00:00:00Z").expect("good");
        assert_eq!((query.open, query.skip, page), (Some(true), 5, 2));
    }

    #[test]
    fn too_long_a_time_and_what_is_not_known_are_refused() {
        for bad in [
            "from=2020-01-01T00:00:00Z",
            "from=2026-01-01T00:00:00Z&to=2026-04-04T00:00:00Z",
            "open=yes",
            "open=",
            "status=open",
            "limit=0",
            "cursor=x",
        ] {
            assert!(matches!(asked(bad), Err(ApiError::Invalid(_))), "{bad}");
        }
        assert!(asked("from=2026-01-01T00:00:00Z&to=2026-04-03T00:00:00Z").is_ok());
    }
}
