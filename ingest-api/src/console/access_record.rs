//! The access record: before somebody is shown personal data of a customer, that stands in `identity.audit`, and the index
//! has a row that says where.
//!
//! The order is the record, its row, then the page. Without the record nothing is shown (contract §8). Without the row
//! nothing is shown either: then the record stands for a page that nobody saw, which harms nobody and loses nothing,
//! because the log is the proof; the other way round somebody would have looked at a customer and compliance, who reads
//! the index, would not see it. The same store holds the session that the request came with, so that an outage in which
//! only the row fails is short.

use domain::event::{AuditRecord, PersonalDataViewed};
use domain::ports::{AccessRow, Topic};
use event_codec::Meta;

use crate::app::App;
use crate::console::error::ConsoleError;

/// Puts the view on record, within the log's deadline. What it says may be shown once this has returned.
///
/// # Errors
/// [`ConsoleError::NotRecorded`]: nothing may be shown. The record may be there all the same.
pub async fn record_view(
    app: &App,
    view: PersonalDataViewed,
    traceparent: Option<&str>,
) -> Result<(), ConsoleError> {
    let refused = |cause: &dyn std::fmt::Display| ConsoleError::NotRecorded(cause.to_string());
    let meta = Meta { time: view.viewed_at, traceparent };
    let record = AuditRecord::PersonalDataViewed(view.clone());
    let record = app.codec.audit(&record, &meta).map_err(|error| refused(&error))?;
    let write = async {
        let appended = app.log.append(Topic::Audit, record).await.map_err(|error| refused(&error))?;
        let row = AccessRow::of_view(&view, appended.source);
        app.access_index.add_access(&row).await.map_err(|error| {
            refused(&format_args!(
                "the access record {} stands, its row in the index does not: {error}",
                view.event_id
            ))
        })
    };
    let written = tokio::time::timeout(app.settings.append_deadline, write).await;
    written.unwrap_or_else(|_| Err(refused(&"the access record was not confirmed in time")))
}
