//! A whole list as a file: comma-separated values (RFC 4180), a few hundred rows at a time from the read model to the
//! reader, so that the memory it takes does not grow with the list. Which rows, its page says.

use std::fmt;

use actix_web::HttpResponse;
use actix_web::http::header;
use bytes::Bytes;
use futures::stream;

use crate::console::error::ConsoleError;
use crate::serving::errors::ApiError;

/// A list that is read piece by piece.
pub(super) trait ListRows {
    /// The lines of the next rows; none after the last.
    async fn next_lines(&mut self) -> Result<Option<String>, ApiError>;
}

/// Answers with the first line and all rows, under that name.
///
/// # Errors
/// [`ConsoleError`], when not even the first rows can be read.
pub(super) async fn answer(
    file_name: &str,
    head: &str,
    mut rows: impl ListRows + 'static,
) -> Result<HttpResponse, ConsoleError> {
    // Read before the answer begins: until then there can be another one.
    let first = rows.next_lines().await?.unwrap_or_default();
    let state = (rows, Some(format!("{head}\r\n{first}")));
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{file_name}\"")))
        .streaming(stream::try_unfold(state, |(mut rows, next)| async move {
            let Some(lines) = next else { return Ok(None) };
            let next = rows.next_lines().await.map_err(|error| {
                tracing::warn!(%error, "a list was not sent to its end as a file");
                IncompleteFile
            })?;
            Ok::<_, IncompleteFile>(Some((Bytes::from(lines), (rows, next))))
        })))
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
