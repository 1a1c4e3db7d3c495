//! The ledger of rechecks: customers who were taken in on the card alone because Dukcapil could not be asked. How many wait
//! and for how long, when Dukcapil did not answer, and a list with filters. No personal field is on it.

mod filters;
mod outages;
mod rows;

use domain::ids::RecheckId;
use domain::ports::RecheckSummary;
use domain::time::Timestamp;
use maud::{Markup, html};

pub use self::filters::{RecheckFilterProblem, RecheckFilters, RecheckSort};
pub use self::outages::OutagesPart;
pub use self::rows::RecheckLine;
pub(super) use self::rows::status_mark;
use crate::words::words;
use crate::{PageFrame, format};

/// Where the page is.
pub const PATH: &str = "/console/rechecks";

/// Where one recheck is shown, and closed.
pub fn recheck_path(id: &RecheckId) -> String {
    format!("{PATH}/{id}")
}

/// A page of the list.
#[derive(Debug, Clone)]
pub struct RecheckList {
    /// In the order that was asked for.
    pub rows: Vec<RecheckLine>,
    /// All rows that the filters match.
    pub total: u64,
    /// This page's number, from 1.
    pub page: u64,
    /// The last page's.
    pub pages: u64,
}

/// What the page shows.
#[derive(Debug, Clone)]
pub struct RechecksModel {
    /// As they were sent.
    pub filters: RecheckFilters,
    /// What is wrong with them.
    pub problems: Vec<RecheckFilterProblem>,
    /// The rows, where nothing is wrong.
    pub list: Option<RecheckList>,
    /// What is open in all of the org, whatever the filters; on the first page.
    pub summary: Option<RecheckSummary>,
    /// When Dukcapil did not answer; on the first page.
    pub outages: Option<OutagesPart>,
}

/// The page.
pub fn render(frame: &PageFrame, model: &RechecksModel) -> String {
    let words = RechecksWords::of(frame.language);
    let main = html! {
        h1 { (words.title) }
        p class="hint" { (words.about) }
        @if let Some(summary) = &model.summary { (summary_part(frame, words, summary)) }
        (filters::form(frame, &model.filters, &model.problems))
        @if let Some(list) = &model.list {
            div class="list-head" {
                p role="status" {
                    strong { (format::count(frame.language, list.total)) }
                    " "
                    @if list.total == 1 { (words.found_one) } @else { (words.found) }
                }
                @if list.total > 0 { p { a href=(model.filters.file_address()) download { (words.csv) } } }
            }
            @if list.rows.is_empty() {
                p { @if list.total == 0 { (words.none) } @else { (words.beyond) } }
            } @else {
                (rows::table(frame, &list.rows))
            }
            (pager(frame, words, &model.filters, list))
        }
        @if let Some(outages) = &model.outages { (outages::part(frame, outages)) }
    };
    frame.document(words.title, &main)
}

fn summary_part(frame: &PageFrame, words: &RechecksWords, summary: &RecheckSummary) -> Markup {
    let count = |number| format::count(frame.language, number);
    let ages = [words.below_day, words.below_week, words.below_month, words.longer];
    html! {
        section aria-labelledby="open" {
            h2 id="open" { (words.open) }
            dl class="facts" {
                div {
                    dt { (words.all_open) }
                    dd { a href=(filters::open_address()) data-figure="open" { (count(summary.open)) } }
                }
                @for (age, number) in ages.into_iter().zip(summary.ages) {
                    div { dt { (age) } dd { (count(number)) } }
                }
                div { dt { (words.oldest) } dd { (oldest(frame, words, summary.oldest_opened_at)) } }
            }
        }
    }
}

fn oldest(frame: &PageFrame, words: &RechecksWords, opened_at: Option<Timestamp>) -> Markup {
    html! {
        @match opened_at {
            Some(opened_at) => (format::time(frame.language, opened_at)),
            None => span class="absent" { (words.no_oldest) },
        }
    }
}

fn pager(frame: &PageFrame, words: &RechecksWords, filters: &RecheckFilters, list: &RecheckList) -> Markup {
    let previous = (list.page > 1).then(|| (list.page - 1).min(list.pages.max(1)));
    let next = (list.page < list.pages).then(|| list.page + 1);
    html! {
        @if previous.is_some() || next.is_some() {
            nav class="pager" aria-label=(words.pages) {
                @if let Some(page) = previous { a rel="prev" href=(filters.address(page)) { (words.previous) } " " }
                @if list.page <= list.pages {
                    span {
                        (words.page) " " (format::count(frame.language, list.page)) " / "
                        (format::count(frame.language, list.pages))
                    }
                }
                @if let Some(page) = next { " " a rel="next" href=(filters.address(page)) { (words.next) } }
            }
        }
    }
}

words! {
    /// Words of the page.
    RechecksWords {
        title: "Dukcapil rechecks", "Verifikasi ulang Dukcapil";
        about: "Customers who were taken in on the identity card alone because Dukcapil could not be asked. A verdict that you send settles a recheck by itself; one that no verdict will come for can be closed.",
            "Nasabah yang diterima hanya dengan KTP karena Dukcapil tidak dapat dihubungi. Putusan yang Anda kirim menyelesaikannya dengan sendirinya; yang tidak akan mendapat putusan dapat ditutup.";
        open: "Waiting now", "Sedang tertunda";
        all_open: "Open", "Terbuka";
        below_day: "Less than a day", "Kurang dari sehari";
        below_week: "1 to 7 days", "1–7 hari";
        below_month: "7 to 30 days", "7–30 hari";
        longer: "More than 30 days", "Lebih dari 30 hari";
        oldest: "The oldest was opened", "Yang tertua dibuka";
        no_oldest: "none is open", "tidak ada yang terbuka";
        found: "rechecks", "verifikasi ulang";
        found_one: "recheck", "verifikasi ulang";
        csv: "Download as CSV", "Unduh sebagai CSV";
        none: "No recheck matches.", "Tidak ada verifikasi ulang yang cocok.";
        beyond: "The list ends before this page.", "Daftar berakhir sebelum halaman ini.";
        pages: "Pages of the list", "Halaman daftar";
        page: "Page", "Halaman";
        previous: "Previous", "Sebelumnya";
        next: "Next", "Berikutnya";
    }
}

#[cfg(test)]
mod tests;
