//! `/console/attempts`: the signed-in org's verifications as a page or as a file, and the stream that tells a page to
//! look again. What it is filtered by stands in the address (`asked`).

mod asked;
mod file;
mod live;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use console_pages::pages::attempts::{
    self, AttemptList, AttemptRow, AttemptsModel, CategoryNumber, DayNumbers, SeriesModel,
};
use domain::ids::OrgId;
use domain::ports::{AttemptsPage, VerificationSeries, VerificationView};
use domain::rows::VerificationStatus;
use domain::staff::ConsolePage;
use domain::time::Timestamp;

use self::asked::AskedAttempts;
pub use self::live::get as live;
use crate::app::App;
use crate::console::answer;
use crate::console::error::ConsoleError;
use crate::console::session::SignedIn;

/// The list.
///
/// # Errors
/// [`ConsoleError`].
pub async fn get(
    req: HttpRequest,
    app: web::Data<App>,
    signed_in: SignedIn,
) -> Result<HttpResponse, ConsoleError> {
    signed_in.may(ConsolePage::Attempts)?;
    let asked = AskedAttempts::parse(req.query_string());
    let org = signed_in.org_id();
    if asked.problems.is_empty() && asked.is_file {
        return file::answer(app, asked.query(org)).await;
    }
    let status = if asked.problems.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    let (list, series) =
        if asked.problems.is_empty() { shown(&app, &asked, org).await? } else { (None, None) };
    let AskedAttempts { filters, problems, .. } = asked;
    let frame = signed_in.frame(&req, ConsolePage::Attempts);
    let document = attempts::render(&frame, &AttemptsModel { filters, problems, list, series });
    let mut response = answer::page(document);
    *response.status_mut() = status;
    Ok(response)
}

async fn shown(
    app: &App,
    asked: &AskedAttempts,
    org: &OrgId,
) -> Result<(Option<AttemptList>, Option<SeriesModel>), ConsoleError> {
    let generation = app.generation().await?;
    let query = asked.query(org);
    let series = asked.series(org, app.now());
    let (found, series) = futures::try_join!(app.views.attempts(generation, &query), async {
        match &series {
            Some(series) => app.counts.series(generation, series).await.map(Some),
            None => Ok(None),
        }
    })?;
    Ok((Some(list(asked, &found, app.now())), series.as_ref().map(numbers)))
}

fn list(asked: &AskedAttempts, found: &AttemptsPage, now: Timestamp) -> AttemptList {
    // Just after the newest: others may have come in the same millisecond, and then belong to the next list.
    let newest = found.rows.first().map(|view| Timestamp::from_millis(view.row.created_at.millis() + 1));
    AttemptList {
        rows: found.rows.iter().map(row).collect(),
        total: found.total,
        page: asked.page,
        pages: found.total.div_ceil(asked.limit as u64),
        until: asked.until,
        next_until: if asked.page == 1 { newest } else { Some(now) },
    }
}

fn row(view: &VerificationView) -> AttemptRow {
    let VerificationView { row, signals, review: _, voided: _ } = view;
    AttemptRow {
        id: row.id.clone(),
        customer: row.customer.customer.clone(),
        method: row.method,
        status: row.status,
        score: row.score,
        review: view.review_state(),
        category: row.reason_category,
        signals: signals.len(),
        created_at: row.created_at,
    }
}

fn numbers(series: &VerificationSeries) -> SeriesModel {
    let days = series.days.iter().map(|day| DayNumbers {
        start: day.start,
        verified: day.of(VerificationStatus::Verified),
        declined: day.of(VerificationStatus::Failed),
        pending: day.of(VerificationStatus::Pending),
    });
    let categories = series.categories.as_ref().map(|categories| {
        let numbers =
            categories.iter().map(|(category, count)| CategoryNumber { category: *category, count: *count });
        let mut numbers: Vec<CategoryNumber> = numbers.collect();
        numbers.sort_by_key(|number| std::cmp::Reverse(number.count));
        numbers
    });
    SeriesModel { days: days.collect(), categories }
}
