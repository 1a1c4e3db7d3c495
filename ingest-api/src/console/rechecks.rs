//! `GET /console/rechecks`: the ledger of rechecks as a page or as a file, what is open, and when Dukcapil did not answer.
//! What it is filtered by stands in the address (`asked`).

mod asked;
mod file;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use console_pages::pages::rechecks::{self, OutagesPart, RecheckLine, RecheckList, RechecksModel};
use domain::ids::OrgId;
use domain::limits::FALLBACK_AHEAD_MAX_MS;
use domain::policy::Tier;
use domain::ports::RecheckSummary;
use domain::rows::{Generation, RecheckRow};
use domain::staff::ConsolePage;
use domain::time::Timestamp;

use self::asked::AskedRechecks;
use crate::app::App;
use crate::console::answer;
use crate::console::error::ConsoleError;
use crate::console::session::SignedIn;
use crate::limits::{CONSOLE_OUTAGES_SHOWN, OUTAGE_DAYS_DEFAULT};
use crate::outages::{OutageLedger, OutageQuery, OutagesError};
use crate::reading::rechecks::present_tiers;

const DAY_MS: i64 = 24 * 3_600_000;

/// The page.
///
/// # Errors
/// As a page.
pub async fn list(
    req: HttpRequest,
    app: web::Data<App>,
    signed_in: SignedIn,
) -> Result<HttpResponse, ConsoleError> {
    signed_in.may(ConsolePage::Rechecks)?;
    let asked = AskedRechecks::parse(req.query_string());
    let org = signed_in.org_id();
    if asked.problems.is_empty() && asked.is_file {
        return file::answer(app, asked.query(org)).await;
    }
    let mut model = RechecksModel {
        filters: asked.filters.clone(),
        problems: asked.problems.clone(),
        list: None,
        summary: None,
        outages: None,
    };
    let mut status = StatusCode::BAD_REQUEST;
    if asked.problems.is_empty() {
        status = StatusCode::OK;
        let generation = app.generation().await?;
        model.list = Some(found(&app, generation, &asked, org).await?);
        if asked.page == 1 {
            let (summary, outages) =
                futures::try_join!(summary(&app, generation, org), outages(&app, generation, org))?;
            model.summary = Some(summary);
            model.outages = outages;
        }
    }
    let frame = signed_in.frame(&req, ConsolePage::Rechecks);
    let mut response = answer::page(rechecks::render(&frame, &model));
    *response.status_mut() = status;
    Ok(response)
}

async fn found(
    app: &App,
    generation: Generation,
    asked: &AskedRechecks,
    org: &OrgId,
) -> Result<RecheckList, ConsoleError> {
    let query = asked.query(org);
    let found = app.rechecks.rechecks(generation, &query).await?;
    let tiers = present_tiers(app, generation, &found.rows).await?;
    Ok(RecheckList {
        rows: found.rows.iter().zip(tiers).map(|(row, tier)| line(row, tier)).collect(),
        total: found.total,
        page: asked.page,
        pages: found.total.div_ceil(query.limit as u64),
    })
}

/// What a page shows of a recheck.
pub(super) fn line(row: &RecheckRow, tier: Tier) -> RecheckLine {
    RecheckLine {
        id: row.id.clone(),
        customer: row.customer.customer.clone(),
        status: row.status,
        cause: row.cause,
        opened_at: row.opened_at,
        last_attempt_at: row.last_attempt_at,
        attempts: row.attempts,
        tier: Some(tier),
        settled: row.how.zip(row.settled_at),
        verification: row.verification_id.clone(),
    }
}

async fn summary(app: &App, generation: Generation, org: &OrgId) -> Result<RecheckSummary, ConsoleError> {
    Ok(app.rechecks.recheck_summary(generation, org, app.now()).await?)
}

/// The latest outages. Where there are more failures than are read at once, nothing is said of them: the page is not the
/// place to ask for a shorter time.
async fn outages(
    app: &App,
    generation: Generation,
    org: &OrgId,
) -> Result<Option<OutagesPart>, ConsoleError> {
    let now = app.now();
    let since = Timestamp::from_millis(now.millis() - OUTAGE_DAYS_DEFAULT * DAY_MS);
    let query = OutageQuery {
        org: org.clone(),
        from: since,
        to: Timestamp::from_millis(now.millis() + FALLBACK_AHEAD_MAX_MS + 1),
        open: None,
        skip: 0,
        before: None,
        limit: CONSOLE_OUTAGES_SHOWN,
    };
    match (OutageLedger { rechecks: app.rechecks.as_ref(), generation, now }).page(&query).await {
        Ok(page) => Ok(Some(OutagesPart { windows: page.rows, since, is_cut: page.more })),
        Err(OutagesError::TooMany) => Ok(None),
        Err(OutagesError::Store(error)) => Err(error.into()),
    }
}
