//! The whole list as a file: comma-separated values (RFC 4180), a few hundred rows at a time from the read model to the
//! reader, so that the memory it takes does not grow with the list.

use std::fmt;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use bytes::Bytes;
use console_pages::format::in_jakarta;
use domain::classify::ReasonCategory;
use domain::ports::{AttemptsPage, AttemptsQuery, PageStart, RowPlace, VerificationView};
use domain::rows::VerificationRow;
use futures::stream;

use crate::app::App;
use crate::console::error::ConsoleError;
use crate::csv_line;
use crate::limits::FILE_ROWS_AT_ONCE;
use crate::serving::errors::ApiError;

/// The first line.
const HEAD: &str = "id,customerId,method,status,score,reasonCategory,signals,createdAt,createdAtJakarta\r\n";

/// Answers with all rows of the query, newest first.
///
/// # Errors
/// [`ConsoleError`], when not even the first rows can be read.
pub(super) async fn answer(app: web::Data<App>, query: AttemptsQuery) -> Result<HttpResponse, ConsoleError> {
    let mut query = AttemptsQuery { limit: FILE_ROWS_AT_ONCE, ..query };
    // Read before the answer begins: until then there can be another one.
    let first = read(&app, &mut query).await?;
    let state = RestOfFile { app, query, next: Some(first), head: Some(HEAD) };
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"attempts.csv\""))
        .streaming(stream::try_unfold(state, RestOfFile::step)))
}

/// What is still to be sent.
struct RestOfFile {
    app: web::Data<App>,
    query: AttemptsQuery,
    /// Rows that were read.
    next: Option<AttemptsPage>,
    head: Option<&'static str>,
}

impl RestOfFile {
    async fn step(mut self) -> Result<Option<(Bytes, Self)>, IncompleteFile> {
        let Some(rows) = self.next.take() else { return Ok(None) };
        let mut text = self.head.take().unwrap_or_default().to_owned();
        rows.rows.iter().for_each(|view| write_row(view, &mut text));
        if rows.more {
            let read = read(&self.app, &mut self.query).await.map_err(|error| {
                tracing::warn!(%error, "a list was not sent to its end as a file");
                IncompleteFile
            })?;
            self.next = Some(read);
        }
        Ok(Some((Bytes::from(text), self)))
    }
}

/// The connection is closed before the answer's end, so that nobody takes a part for the whole.
#[derive(Debug)]
struct IncompleteFile;

impl fmt::Display for IncompleteFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the list could not be read to its end")
    }
}

impl std::error::Error for IncompleteFile {}

/// The next rows; the query then begins after them. The generation is asked for each time, since the one before may be
/// dropped meanwhile: rows have the same places in both.
async fn read(app: &App, query: &mut AttemptsQuery) -> Result<AttemptsPage, ApiError> {
    let found = app.views.attempts(app.generation().await?, query).await?;
    if let Some(VerificationView { row, .. }) = found.rows.last() {
        let (created_at, source) = (row.created_at, row.source);
        query.start =
            PageStart::After(RowPlace { created_at, partition: source.partition, offset: source.offset });
    }
    Ok(found)
}

fn write_row(VerificationView { row, signals, .. }: &VerificationView, out: &mut String) {
    let VerificationRow { id, customer, method, status, score, reason_category, created_at, .. } = row;
    let signals: Vec<&str> = signals.iter().map(|signal| signal.kind.as_str()).collect();
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
