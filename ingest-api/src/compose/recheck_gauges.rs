//! What an operator sees of open rechecks: counted every minute over all orgs, without a label for any of them, so that a
//! metric has as many series with a thousand banks as with one. Which orgs they are, `ingest-api fallback` says.

use std::sync::Arc;

use domain::ids::OrgId;
use domain::orgs::OrgRecord;
use domain::ports::{PageStart, RecheckOrder, RechecksQuery};
use domain::recheck::RecheckStatus;
use domain::rows::Generation;
use domain::time::Timestamp;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::fallback_report::overdue_before;
use crate::limits::RECHECKS_COUNTED_EVERY;
use crate::serving::errors::ApiError;

/// What is open in all orgs together.
#[derive(Debug, Default)]
struct OpenRechecks {
    open: u64,
    overdue: u64,
    oldest: Option<Timestamp>,
}

/// Counts them now and every minute.
pub(super) fn count_open_rechecks(app: Arc<App>, cancel: CancellationToken) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut every = tokio::time::interval(RECHECKS_COUNTED_EVERY);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while cancel.run_until_cancelled(every.tick()).await.is_some() {
            match cancel.run_until_cancelled(counted(&app)).await {
                None => return,
                Some(Ok(found)) => show(&found, app.now()),
                // The last numbers stand; the next minute tries again.
                Some(Err(error)) => {
                    tracing::warn!(cause = error.cause(), "open rechecks could not be counted");
                }
            }
        }
    })
}

async fn counted(app: &App) -> Result<OpenRechecks, ApiError> {
    let (generation, now) = (app.generation().await?, app.now());
    let mut all = OpenRechecks::default();
    // One org after the other: nobody waits for it.
    for entry in app.directory.orgs() {
        let org = &entry.record;
        let summary = app.rechecks.recheck_summary(generation, &org.org, now).await?;
        let Some(oldest) = summary.oldest_opened_at else { continue };
        all.open += summary.open;
        all.oldest = Some(all.oldest.map_or(oldest, |other| other.min(oldest)));
        all.overdue += overdue(app, generation, org, oldest, now).await?;
    }
    Ok(all)
}

/// How many of an org's are open for too long; the oldest says at once where none is.
async fn overdue(
    app: &App,
    generation: Generation,
    org: &OrgRecord,
    oldest: Timestamp,
    now: Timestamp,
) -> Result<u64, ApiError> {
    match overdue_before(org, now) {
        Some(before) if oldest < before => {
            let page = app.rechecks.rechecks(generation, &open_before(&org.org, before)).await?;
            Ok(page.total)
        }
        Some(_) | None => Ok(0),
    }
}

fn open_before(org: &OrgId, before: Timestamp) -> RechecksQuery {
    RechecksQuery {
        org: org.clone(),
        status: Some(RecheckStatus::Open),
        customer: None,
        from: None,
        to: Some(before),
        order: RecheckOrder::OldestFirst,
        start: PageStart::Skip(0),
        // The total is wanted alone.
        limit: 1,
    }
}

fn show(found: &OpenRechecks, now: Timestamp) {
    let age_ms = found.oldest.map_or(0, |oldest| (now.millis() - oldest.millis()).max(0));
    metrics::gauge!("identity_fallback_rechecks_open").set(found.open as f64);
    metrics::gauge!("identity_fallback_rechecks_overdue").set(found.overdue as f64);
    metrics::gauge!("identity_fallback_recheck_oldest_age_seconds").set((age_ms / 1_000) as f64);
}
