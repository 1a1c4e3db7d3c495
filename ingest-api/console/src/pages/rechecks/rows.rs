//! The table of rechecks.

use domain::ids::{CustomerId, RecheckId, VerificationId};
use domain::policy::Tier;
use domain::recheck::{AttemptCause, RecheckStatus, SettledHow};
use domain::time::Timestamp;
use maud::{Markup, html};

use super::recheck_path;
use crate::pages::customers::customer_path;
use crate::tables::table_head;
use crate::terms::{attempt_cause_name, recheck_status_name, settled_how_name, tier_name};
use crate::words::words;
use crate::{Language, PageFrame, format};

/// One recheck.
#[derive(Debug, Clone)]
pub struct RecheckLine {
    /// Its id.
    pub id: RecheckId,
    /// Whose it is.
    pub customer: CustomerId,
    /// Where it stands.
    pub status: RecheckStatus,
    /// How Dukcapil failed when it was opened.
    pub cause: AttemptCause,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// The latest attempt that was declared.
    pub last_attempt_at: Timestamp,
    /// All attempts that were declared.
    pub attempts: u64,
    /// The customer's tier now; none where nothing is known of the customer any more.
    pub tier: Option<Tier>,
    /// What settled it, and when.
    pub settled: Option<(SettledHow, Timestamp)>,
    /// The verdict that settled it.
    pub verification: Option<VerificationId>,
}

pub(super) fn table(frame: &PageFrame, rows: &[RecheckLine]) -> Markup {
    let (language, words) = (frame.language, RowWords::of(frame.language));
    html! {
        div class="table-frame" tabindex="0" role="region" aria-label=(words.table) {
            table {
                (table_head(&[
                    words.opened,
                    words.recheck,
                    words.customer,
                    words.status,
                    words.tier,
                    words.cause,
                    words.attempts,
                    words.last_attempt,
                ]))
                tbody {
                    @for row in rows {
                        tr data-id=(row.id.as_str()) {
                            td { (format::time(language, row.opened_at)) }
                            td { a class="id" href=(recheck_path(&row.id)) { (row.id.as_str()) } }
                            td { a class="id" href=(customer_path(&row.customer)) { (row.customer.as_str()) } }
                            td {
                                (status_mark(language, row.status))
                                @if let Some((how, at)) = row.settled {
                                    " " span class="score" {
                                        (settled_how_name(language, how)) ", " (format::time(language, at))
                                    }
                                }
                            }
                            td { @if let Some(tier) = row.tier { (tier_name(language, tier)) } }
                            td { (attempt_cause_name(language, row.cause)) }
                            td { (format::count(language, row.attempts)) }
                            td { (format::time(language, row.last_attempt_at)) }
                        }
                    }
                }
            }
        }
    }
}

/// A status as a mark. Its style is that of what it means for the customer.
pub(in crate::pages) fn status_mark(language: Language, status: RecheckStatus) -> Markup {
    let style = match status {
        RecheckStatus::Open => "result result-pending",
        RecheckStatus::Confirmed => "result result-verified",
        RecheckStatus::Contradicted => "result result-failed",
        RecheckStatus::Closed | RecheckStatus::Erased => "result",
    };
    html! { span class=(style) { (recheck_status_name(language, status)) } }
}

words! {
    /// Words of the table.
    RowWords {
        table: "Rechecks", "Verifikasi ulang";
        opened: "Opened", "Dibuka";
        recheck: "Recheck", "Verifikasi ulang";
        customer: "Customer", "Nasabah";
        status: "Status", "Status" same;
        tier: "KYC tier", "Tingkat KYC";
        cause: "Cause", "Penyebab";
        attempts: "Attempts", "Percobaan";
        last_attempt: "Last attempt", "Percobaan terakhir";
    }
}
