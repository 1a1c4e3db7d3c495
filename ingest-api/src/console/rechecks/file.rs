//! The whole list as a file, in its order.

use actix_web::{HttpResponse, web};
use console_pages::format::in_jakarta;
use domain::policy::Tier;
use domain::ports::{PageStart, RechecksQuery};
use domain::recheck::SettledHow;
use domain::rows::RecheckRow;
use domain::time::Timestamp;

use crate::app::App;
use crate::console::error::ConsoleError;
use crate::console::list_file::{self, ListRows};
use crate::csv_line;
use crate::limits::RECHECK_FILE_ROWS_AT_ONCE;
use crate::reading::rechecks::present_tiers;
use crate::serving::errors::ApiError;

/// The first line.
const HEAD: &str = "id,customerId,status,cause,openedAt,openedAtJakarta,lastAttemptAt,attempts,kycLevel,settledAt,how,verificationId";

/// Answers with all rows of the query.
///
/// # Errors
/// [`ConsoleError`], when not even the first rows can be read.
pub(super) async fn answer(app: web::Data<App>, query: RechecksQuery) -> Result<HttpResponse, ConsoleError> {
    let query = RechecksQuery { limit: RECHECK_FILE_ROWS_AT_ONCE, ..query };
    list_file::answer("rechecks.csv", HEAD, RechecksFile { app, query, is_read: false }).await
}

/// What is still to be read.
struct RechecksFile {
    app: web::Data<App>,
    /// Begins after what was read.
    query: RechecksQuery,
    is_read: bool,
}

impl ListRows for RechecksFile {
    async fn next_lines(&mut self) -> Result<Option<String>, ApiError> {
        if self.is_read {
            return Ok(None);
        }
        let generation = self.app.generation().await?;
        let found = self.app.rechecks.rechecks(generation, &self.query).await?;
        let tiers = present_tiers(&self.app, generation, &found.rows).await?;
        self.is_read = !found.more;
        if let Some(last) = found.rows.last() {
            self.query.start = PageStart::After(last.place());
        }
        let mut lines = String::new();
        found.rows.iter().zip(tiers).for_each(|(row, tier)| write_row(row, tier, &mut lines));
        Ok(Some(lines))
    }
}

fn write_row(row: &RecheckRow, tier: Tier, out: &mut String) {
    let cells = [
        row.id.as_str(),
        row.customer.customer.as_str(),
        row.status.as_str(),
        row.cause.as_str(),
        &row.opened_at.rfc3339(),
        &in_jakarta(row.opened_at).to_rfc3339_opts(chrono::SecondsFormat::Millis, false),
        &row.last_attempt_at.rfc3339(),
        &row.attempts.to_string(),
        tier.as_str(),
        &row.settled_at.map(Timestamp::rfc3339).unwrap_or_default(),
        row.how.map(SettledHow::as_str).unwrap_or_default(),
        row.verification_id.as_ref().map(|id| id.as_str()).unwrap_or_default(),
    ];
    csv_line::write(&cells, out);
}
