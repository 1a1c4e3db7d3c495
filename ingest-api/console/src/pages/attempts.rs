//! The list of verifications: what it is filtered by, how many there are, charts of them, and a page of rows. No personal
//! field is on it: a reason is shown by its category.

mod filters;
mod rows;
mod series;

pub use filters::{AttemptFilters, FilterProblem};
pub use rows::AttemptRow;
pub use series::{CategoryNumber, DayNumbers, SeriesModel};

use maud::{Markup, html};

use crate::words::words;
use crate::{PageFrame, format};
use domain::time::Timestamp;

/// Where the page is.
pub const PATH: &str = "/console/attempts";

/// Where its changes are told.
pub const LIVE_PATH: &str = "/console/attempts/live";

/// The event by which a change is told.
pub const CHANGED: &str = "changed";

/// A page of the list.
#[derive(Debug, Clone)]
pub struct AttemptList {
    /// Newest first.
    pub rows: Vec<AttemptRow>,
    /// All rows that the filters match, those that came after `until` not among them.
    pub total: u64,
    /// This page's number, from 1.
    pub page: u64,
    /// The last page's.
    pub pages: u64,
    /// Only rows before this are counted and shown, so that paging meets each once while others come; none on the first
    /// page, which is of now.
    pub until: Option<Timestamp>,
    /// What `until` is on the other pages of this list.
    pub next_until: Option<Timestamp>,
}

/// What the page shows.
#[derive(Debug, Clone)]
pub struct AttemptsModel {
    /// As they were sent.
    pub filters: AttemptFilters,
    /// What is wrong with them.
    pub problems: Vec<FilterProblem>,
    /// The rows, where nothing is wrong.
    pub list: Option<AttemptList>,
    /// Numbers by day and category: on the first page only.
    pub series: Option<SeriesModel>,
}

/// The page.
pub fn render(frame: &PageFrame, model: &AttemptsModel) -> String {
    let words = AttemptsWords::of(frame.language);
    let main = html! {
        h1 { (words.title) }
        (filters::form(frame, &model.filters, &model.problems))
        @match &model.list {
            Some(list) if is_live(list) => {
                div hx-ext="sse" sse-connect=(LIVE_PATH) {
                    div id="attempts" hx-get=(model.filters.address(&[])) hx-select="#attempts > *" hx-swap="innerHTML"
                        hx-trigger={ "sse:" (CHANGED) } {
                        (found(frame, model, list))
                    }
                }
            }
            Some(list) => div id="attempts" { (found(frame, model, list)) },
            None => {}
        }
    };
    let live = PageFrame { is_live: model.list.as_ref().is_some_and(is_live), ..frame.clone() };
    live.document(words.title, &main)
}

/// Whether the list is of now: what is shown of an earlier moment does not change.
fn is_live(list: &AttemptList) -> bool {
    list.page == 1 && list.until.is_none()
}

fn found(frame: &PageFrame, model: &AttemptsModel, list: &AttemptList) -> Markup {
    let words = AttemptsWords::of(frame.language);
    let csv = model.filters.address(&[("format", "csv".to_owned())]);
    html! {
        div class="list-head" {
            p role="status" {
                strong { (format::count(frame.language, list.total)) }
                " "
                @if list.total == 1 { (words.found_one) } @else { (words.found) }
            }
            @if list.total > 0 { p { a href=(csv) download { (words.csv) } } }
            // What renews itself can be stopped (WCAG 2.2.2).
            @if let Some(now) = list.next_until.filter(|_| is_live(list)) {
                p { a href=(model.filters.address(&[("until", now.rfc3339())])) { (words.hold) } }
            }
        }
        @if let Some(series) = model.series.as_ref().filter(|_| list.total > 0) { (series::charts(frame, series)) }
        @if let Some(until) = list.until {
            p class="notice" {
                (words.until) " " (format::time(frame.language, until)) ". "
                a href=(model.filters.address(&[])) { (words.newest) }
            }
        }
        @if list.rows.is_empty() {
            p { @if list.total == 0 { (words.none) } @else { (words.beyond) } }
        } @else {
            (rows::table(frame, &list.rows))
        }
        (pager(frame, model, list))
    }
}

fn pager(frame: &PageFrame, model: &AttemptsModel, list: &AttemptList) -> Markup {
    let words = AttemptsWords::of(frame.language);
    let until = list.until.or(list.next_until).map(|until| ("until", until.rfc3339()));
    let link = |page: u64| {
        let page = (page > 1 || list.until.is_some()).then(|| ("page", page.to_string()));
        let until = until.clone().filter(|_| page.is_some());
        model.filters.address(&page.into_iter().chain(until).collect::<Vec<_>>())
    };
    let previous = (list.page > 1).then(|| (list.page - 1).min(list.pages.max(1)));
    let next = (list.page < list.pages).then(|| list.page + 1);
    html! {
        @if previous.is_some() || next.is_some() {
            nav class="pager" aria-label=(words.pages) {
                @if let Some(page) = previous { a rel="prev" href=(link(page)) { (words.newer) } " " }
                @if list.page <= list.pages {
                    span {
                        (words.page) " " (format::count(frame.language, list.page)) " / "
                        (format::count(frame.language, list.pages))
                    }
                }
                @if let Some(page) = next { " " a rel="next" href=(link(page)) { (words.older) } }
            }
        }
    }
}

words! {
    /// Words of the page.
    AttemptsWords {
        title: "Attempts", "Percobaan verifikasi";
        found: "attempts", "percobaan";
        found_one: "attempt", "percobaan";
        csv: "Download as CSV", "Unduh sebagai CSV";
        until: "This list is as it was at", "Daftar ini adalah keadaan pada";
        hold: "Stop renewing", "Hentikan pembaruan";
        newest: "Show the newest", "Tampilkan yang terbaru";
        none: "No attempt matches.", "Tidak ada percobaan yang cocok.";
        beyond: "The list ends before this page.", "Daftar berakhir sebelum halaman ini.";
        pages: "Pages of the list", "Halaman daftar";
        page: "Page", "Halaman";
        newer: "Newer", "Lebih baru";
        older: "Older", "Lebih lama";
    }
}

#[cfg(test)]
mod tests;
