//! The whole list as a file, newest first.

use actix_web::{HttpResponse, web};
use console_pages::format::in_jakarta;
use domain::classify::ReasonCategory;
use domain::ports::{AttemptsQuery, PageStart, VerificationView};
use domain::rows::VerificationRow;
use domain::signals::ShownSignal;

use crate::app::App;
use crate::console::error::ConsoleError;
use crate::console::list_file::{self, ListRows};
use crate::csv_line;
use crate::limits::FILE_ROWS_AT_ONCE;
use crate::serving::errors::ApiError;

/// The first line.
const HEAD: &str = "id,customerId,method,status,score,reasonCategory,signals,createdAt,createdAtJakarta";

/// Answers with all rows of the query.
///
/// # Errors
/// [`ConsoleError`], when not even the first rows can be read.
pub(super) async fn answer(app: web::Data<App>, query: AttemptsQuery) -> Result<HttpResponse, ConsoleError> {
    let query = AttemptsQuery { limit: FILE_ROWS_AT_ONCE, ..query };
    list_file::answer("attempts.csv", HEAD, AttemptsFile { app, query, is_read: false }).await
}

/// What is still to be read.
struct AttemptsFile {
    app: web::Data<App>,
    /// Begins after what was read.
    query: AttemptsQuery,
    is_read: bool,
}

impl ListRows for AttemptsFile {
    /// The generation is asked for each time, since the one before may be dropped meanwhile: rows have the same places in
    /// both.
    async fn next_lines(&mut self) -> Result<Option<String>, ApiError> {
        if self.is_read {
            return Ok(None);
        }
        let found = self.app.views.attempts(self.app.generation().await?, &self.query).await?;
        self.is_read = !found.more;
        if let Some(last) = found.rows.last() {
            self.query.start = PageStart::After(last.row.place());
        }
        let mut lines = String::new();
        found.rows.iter().for_each(|view| write_row(view, &mut lines));
        Ok(Some(lines))
    }
}

fn write_row(VerificationView { row, signals, .. }: &VerificationView, out: &mut String) {
    let VerificationRow { id, customer, method, status, score, reason_category, created_at, .. } = row;
    let signals: Vec<&str> = signals.iter().map(|signal| ShownSignal::of(&signal.kind).code).collect();
    let cells = [
        id.as_str(),
        customer.customer.as_str(),
        method.as_str(),
        status.as_str(),
        &score.map(|score| score.to_string()).unwrap_or_default(),
        reason_category.map(ReasonCategory::as_str).unwrap_or_default(),
        &signals.join(" "),
        &created_at.rfc3339(),
        &in_jakarta(*created_at).to_rfc3339_opts(chrono::SecondsFormat::Millis, false),
    ];
    csv_line::write(&cells, out);
}
