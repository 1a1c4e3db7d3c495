//! The queue of verifications that wait for a person, oldest first; and those that somebody has decided, newest first. No
//! personal field is on it.

use domain::classify::ReasonCategory;
use domain::ids::{CustomerId, VerificationId};
use domain::policy::Method;
use domain::rows::{ReviewState, VerificationStatus};
use domain::time::Timestamp;
use maud::{Markup, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::pages::customers::customer_path;
use crate::pages::filter_form::{problem_list, text_field};
use crate::tables::table_head;
use crate::terms::{category_name, method_name, review_state_name};
use crate::words::words;
use crate::{PageFrame, format};

/// Where the page is.
pub const PATH: &str = "/console/reviews";

/// What a value of an address may have as it is.
const IN_A_VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Where one verification is decided.
pub fn review_path(id: &VerificationId) -> String {
    format!("{PATH}/{id}")
}

/// What the queue is filtered by, as the address has it: what is wrong is shown again as it was sent. Empty is not asked,
/// and without a state it is the open ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReviewFilters {
    /// A state's word.
    pub review: String,
    /// A customer's id.
    pub customer_id: String,
    /// The first day in Jakarta on which it was captured.
    pub from: String,
    /// The last day in Jakarta.
    pub to: String,
}

impl ReviewFilters {
    fn pairs(&self) -> [(&'static str, &str); 4] {
        let Self { review, customer_id, from, to } = self;
        [("review", review), ("customerId", customer_id), ("from", from), ("to", to)]
    }

    fn is_empty(&self) -> bool {
        self.pairs().iter().all(|(_, value)| value.is_empty())
    }

    /// The queue's address with these filters, from that page on.
    pub fn address(&self, page: u64) -> String {
        let page = (page > 1).then(|| page.to_string());
        let of_filters = self.pairs().into_iter().filter(|(_, value)| !value.is_empty());
        let all = of_filters.chain(page.as_deref().map(|page| ("page", page)));
        let pairs: Vec<String> =
            all.map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, IN_A_VALUE))).collect();
        if pairs.is_empty() { PATH.to_owned() } else { format!("{PATH}?{}", pairs.join("&")) }
    }
}

/// What is wrong with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewFilterProblem {
    /// No such state.
    Review,
    /// Not the form of a customer's id.
    CustomerId,
    /// No day, or the first is after the last.
    Days,
    /// No number of a page, or something that no address of this list has.
    Unknown,
}

impl ReviewFilterProblem {
    fn words(self, words: &ReviewsWords) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Review => (words.wrong_review, Some("review")),
            Self::CustomerId => (words.wrong_customer, Some("customerId")),
            Self::Days => (words.wrong_days, Some("from")),
            Self::Unknown => (words.unknown, None),
        }
    }
}

/// One verification that waits, or waited.
#[derive(Debug, Clone)]
pub struct ReviewRowLine {
    /// Its id.
    pub id: VerificationId,
    /// Whose it is.
    pub customer: CustomerId,
    /// How.
    pub method: Method,
    /// Why it was left to a person.
    pub category: Option<ReasonCategory>,
    /// When it was captured.
    pub created_at: Timestamp,
    /// Where its review stands.
    pub state: ReviewState,
    /// Who decided, and when.
    pub decided: Option<(String, Timestamp)>,
}

/// A page of the queue.
#[derive(Debug, Clone)]
pub struct ReviewList {
    /// In the page's order.
    pub rows: Vec<ReviewRowLine>,
    /// All rows that the filters match.
    pub total: u64,
    /// This page's number, from 1.
    pub page: u64,
    /// The last page's.
    pub pages: u64,
}

/// What the page shows.
#[derive(Debug, Clone)]
pub struct ReviewsModel {
    /// As they were sent.
    pub filters: ReviewFilters,
    /// What is wrong with them.
    pub problems: Vec<ReviewFilterProblem>,
    /// The rows, where nothing is wrong.
    pub list: Option<ReviewList>,
    /// The reader decides reviews.
    pub decides: bool,
}

/// The page.
pub fn render(frame: &PageFrame, model: &ReviewsModel) -> String {
    let words = ReviewsWords::of(frame.language);
    let main = html! {
        h1 { (words.title) }
        @if !model.decides { p class="notice" { (words.read_only) } }
        (form(frame, words, model))
        @if let Some(list) = &model.list {
            div class="list-head" {
                p role="status" {
                    strong { (format::count(frame.language, list.total)) }
                    " "
                    @if list.total == 1 { (words.found_one) } @else { (words.found) }
                }
            }
            @if list.rows.is_empty() {
                p { @if list.total == 0 { (words.none) } @else { (words.beyond) } }
            } @else {
                (table(frame, words, &list.rows))
            }
            (pager(frame, words, &model.filters, list))
        }
    };
    frame.document(words.title, &main)
}

fn form(frame: &PageFrame, words: &ReviewsWords, model: &ReviewsModel) -> Markup {
    let ReviewsModel { filters, problems, .. } = model;
    let wrong =
        |field: &str| problems.iter().any(|problem| problem.words(words).1 == Some(field)).then_some("true");
    let input = |name: &str, label: &str, value: &str, kind: &str| {
        text_field(name, label, value, kind, wrong(name).is_some())
    };
    let said: Vec<&str> = problems.iter().map(|problem| problem.words(words).0).collect();
    html! {
        (problem_list(words.wrong, &said))
        form class="filters" method="get" action=(PATH) role="search" {
            p class="form-field" {
                label for="review" { (words.state) }
                select id="review" name="review" aria-invalid=[wrong("review")] {
                    @for state in ReviewState::ALL {
                        option value=(state.as_str()) selected[state.as_str() == filters.review] {
                            (review_state_name(frame.language, state))
                        }
                    }
                }
            }
            (input("customerId", words.customer_id, &filters.customer_id, "text"))
            (input("from", words.from, &filters.from, "date"))
            (input("to", words.to, &filters.to, "date"))
            p class="form-actions" {
                button type="submit" { (words.submit) }
                @if !filters.is_empty() { " " a href=(PATH) { (words.clear) } }
            }
        }
    }
}

fn table(frame: &PageFrame, words: &ReviewsWords, rows: &[ReviewRowLine]) -> Markup {
    let language = frame.language;
    html! {
        div class="table-frame" tabindex="0" role="region" aria-label=(words.table) {
            table {
                (table_head(&[words.time, words.verification, words.customer, words.method, words.reason, words.state]))
                tbody {
                    @for row in rows {
                        tr data-id=(row.id.as_str()) {
                            td { (format::time(language, row.created_at)) }
                            td { a class="id" href=(review_path(&row.id)) { (row.id.as_str()) } }
                            td { a class="id" href=(customer_path(&row.customer)) { (row.customer.as_str()) } }
                            td { (method_name(language, row.method)) }
                            td { @if let Some(category) = row.category { (category_name(language, category)) } }
                            td {
                                span class={ "result result-" (result_class(row.state)) } {
                                    (review_state_name(language, row.state))
                                }
                                @if let Some((by, at)) = &row.decided {
                                    " " span class="score" { (by) ", " (format::time(language, *at)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The style of a state is that of the status it comes to.
fn result_class(state: ReviewState) -> &'static str {
    match state {
        ReviewState::Open => VerificationStatus::Pending,
        ReviewState::Verified => VerificationStatus::Verified,
        ReviewState::Failed => VerificationStatus::Failed,
    }
    .as_str()
}

fn pager(frame: &PageFrame, words: &ReviewsWords, filters: &ReviewFilters, list: &ReviewList) -> Markup {
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
    ReviewsWords {
        title: "Reviews", "Tinjauan";
        read_only: "Reviewers and administrators decide here; your role can look.",
            "Peninjau dan administrator memutuskan di sini; peran Anda hanya dapat melihat.";
        found: "verifications", "verifikasi";
        found_one: "verification", "verifikasi";
        none: "Nothing waits for a review here.", "Tidak ada yang menunggu tinjauan di sini.";
        beyond: "The list ends before this page.", "Daftar berakhir sebelum halaman ini.";
        table: "Verifications that are left to a person", "Verifikasi yang diserahkan kepada peninjau";
        time: "Captured", "Diambil";
        verification: "Verification", "Verifikasi";
        customer: "Customer", "Nasabah";
        method: "Method", "Metode";
        reason: "Reason", "Alasan";
        state: "Review", "Tinjauan";
        customer_id: "Customer id", "ID nasabah";
        from: "From day (Jakarta)", "Dari tanggal (WIB)";
        to: "Through day (Jakarta)", "Sampai tanggal (WIB)";
        submit: "Show", "Tampilkan";
        clear: "Clear", "Hapus filter";
        pages: "Pages of the list", "Halaman daftar";
        page: "Page", "Halaman";
        previous: "Previous", "Sebelumnya";
        next: "Next", "Berikutnya";
        wrong: "Nothing is shown, because:", "Tidak ada yang ditampilkan, karena:";
        wrong_review: "A review is open, verified or failed.",
            "Tinjauan bersifat terbuka, terverifikasi, atau gagal.";
        wrong_customer: "A customer's id begins with cus_ and has 26 more characters.",
            "ID nasabah diawali cus_ lalu 26 karakter.";
        wrong_days: "A day is not one like 2026-11-29, or the first is after the last.",
            "Tanggal bukan seperti 2026-11-29, atau tanggal awal sesudah tanggal akhir.";
        unknown: "The address has something that this list does not know.",
            "Alamat memuat sesuatu yang tidak dikenal daftar ini.";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    fn frame(language: Language) -> PageFrame {
        PageFrame { language, reader: None, current: None, address: PATH.to_owned(), is_live: false }
    }

    fn row(n: u8, state: ReviewState) -> ReviewRowLine {
        ReviewRowLine {
            id: VerificationId::from_bytes([n; 16]),
            customer: CustomerId::from_bytes([9; 16]),
            method: Method::KtpCapture,
            category: Some(ReasonCategory::Unclear),
            created_at: Timestamp::from_millis(0),
            state,
            decided: (state != ReviewState::Open)
                .then(|| ("rina<b>".to_owned(), Timestamp::from_millis(60_000))),
        }
    }

    fn model(rows: Vec<ReviewRowLine>) -> ReviewsModel {
        ReviewsModel {
            filters: ReviewFilters::default(),
            problems: Vec::new(),
            list: Some(ReviewList { rows, total: 45, page: 2, pages: 3 }),
            decides: true,
        }
    }

    #[test]
    fn a_row_leads_to_its_decision_and_says_who_made_one() {
        let rows = vec![row(1, ReviewState::Open), row(2, ReviewState::Failed)];
        let page = render(&frame(Language::English), &model(rows.clone()));
        for wanted in [
            format!("<tr data-id=\"{}\">", rows[0].id),
            format!("href=\"/console/reviews/{}\"", rows[1].id),
            "result result-pending\">Open".to_owned(),
            "rina&lt;b&gt;, ".to_owned(),
            "href=\"/console/reviews?page=3\"".to_owned(),
            "href=\"/console/reviews\">Previous".to_owned(),
            "<strong>45</strong>".to_owned(),
        ] {
            assert!(page.contains(&wanted), "{wanted}: {page}");
        }
        assert!(!page.contains("your role can look"));
        let looks = ReviewsModel { decides: false, ..model(rows) };
        assert!(render(&frame(Language::Indonesian), &looks).contains("hanya dapat melihat"));
    }

    #[test]
    fn what_is_wrong_is_named_and_shown_as_it_was_sent() {
        let filters = ReviewFilters { review: "\"><script>".to_owned(), ..ReviewFilters::default() };
        let problems = vec![ReviewFilterProblem::Review, ReviewFilterProblem::Days];
        let page = render(
            &frame(Language::English),
            &ReviewsModel { filters, problems, list: None, ..model(Vec::new()) },
        );
        assert!(!page.contains("<script"), "{page}");
        assert_eq!(page.matches("aria-invalid=\"true\"").count(), 2, "{page}");
    }

    #[test]
    fn an_address_has_what_was_asked_for() {
        let filters = ReviewFilters {
            review: "failed".to_owned(),
            from: "2026-11-29".to_owned(),
            ..ReviewFilters::default()
        };
        assert_eq!(filters.address(1), "/console/reviews?review=failed&from=2026-11-29");
        assert_eq!(ReviewFilters::default().address(2), "/console/reviews?page=2");
    }
}
