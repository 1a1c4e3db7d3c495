//! The table of rows.

use domain::classify::ReasonCategory;
use domain::ids::{CustomerId, VerificationId};
use domain::policy::Method;
use domain::rows::{ReviewState, VerificationStatus};
use domain::time::Timestamp;
use maud::{Markup, html};

use crate::pages::customers::customer_path;
use crate::tables::table_head;
use crate::terms::{category_name, method_name, result_name, review_name};
use crate::words::words;
use crate::{PageFrame, format};

/// One verification.
#[derive(Debug, Clone)]
pub struct AttemptRow {
    /// Its id.
    pub id: VerificationId,
    /// Whose it is.
    pub customer: CustomerId,
    /// How.
    pub method: Method,
    /// What came of it.
    pub status: VerificationStatus,
    /// 100 when Dukcapil verified; of a match in steps of 10.
    pub score: Option<u32>,
    /// Where its review stands; none where nobody reviews it.
    pub review: Option<ReviewState>,
    /// Why not, by its category.
    pub category: Option<ReasonCategory>,
    /// How many signals there are about it.
    pub signals: usize,
    /// When.
    pub created_at: Timestamp,
}

pub(super) fn table(frame: &PageFrame, rows: &[AttemptRow]) -> Markup {
    let (language, words) = (frame.language, RowWords::of(frame.language));
    html! {
        div class="table-frame" tabindex="0" role="region" aria-label=(words.table) {
            table {
                (table_head(&[words.time, words.customer, words.method, words.result, words.reason, words.signals]))
                tbody {
                    @for row in rows {
                        tr data-id=(row.id.as_str()) {
                            td { (format::time(language, row.created_at)) }
                            td {
                                a class="id" href=(customer_path(&row.customer)) {
                                    (row.customer.as_str())
                                }
                            }
                            td { (method_name(language, row.method)) }
                            td {
                                span class={ "result result-" (row.status.as_str()) } {
                                    (result_name(language, row.method, row.status))
                                }
                                @if let Some(score) = row.score { " " span class="score" { (score) } }
                                @if let Some(decided) = row.review.and_then(|state| review_name(language, state)) {
                                    " " span class="hint" { (decided) }
                                }
                            }
                            td { @if let Some(category) = row.category { (category_name(language, category)) } }
                            td { @if row.signals > 0 { (format::count(language, row.signals as u64)) } }
                        }
                    }
                }
            }
        }
    }
}

words! {
    /// Words of the table.
    RowWords {
        table: "Attempts, newest first", "Percobaan, terbaru lebih dulu";
        time: "Time", "Waktu";
        customer: "Customer", "Nasabah";
        method: "Method", "Metode";
        result: "Result", "Hasil";
        reason: "Reason", "Alasan";
        signals: "Signals", "Sinyal";
    }
}
