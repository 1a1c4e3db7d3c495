//! The form of filters, and the addresses that have them.

use domain::classify::ReasonCategory;
use domain::policy::Method;
use domain::rows::{ReviewState, VerificationStatus};
use maud::{Markup, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::PATH;
use crate::pages::filter_form::{problem_list, text_field};
use crate::terms::{category_name, method_name, review_state_name};
use crate::words::words;
use crate::{Language, PageFrame};

/// What a value of an address may have as it is.
const IN_A_VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What a list is filtered by, as the address has it: what is wrong is shown again as it was sent. Empty is not asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttemptFilters {
    /// A method's word.
    pub method: String,
    /// A status's word.
    pub status: String,
    /// A category's word.
    pub reason_category: String,
    /// Where a review stands, by its word.
    pub review: String,
    /// A customer's id.
    pub customer_id: String,
    /// The first day in Jakarta, `2026-11-29`.
    pub from: String,
    /// The last day in Jakarta.
    pub to: String,
    /// Rows of a page, where they are not as many as usual.
    pub limit: String,
}

impl AttemptFilters {
    /// Names and values, in the form's order; `limit` is no field of the form.
    fn pairs(&self) -> [(&'static str, &str); 8] {
        let Self { method, status, reason_category, review, customer_id, from, to, limit } = self;
        [
            ("method", method),
            ("status", status),
            ("reasonCategory", reason_category),
            ("review", review),
            ("customerId", customer_id),
            ("from", from),
            ("to", to),
            ("limit", limit),
        ]
    }

    /// Whether nothing is asked for.
    fn is_empty(&self) -> bool {
        self.pairs().iter().all(|(_, value)| value.is_empty())
    }

    /// The list's address with these filters and what else is asked for.
    pub fn address(&self, more: &[(&str, String)]) -> String {
        let of_filters = self.pairs().into_iter().filter(|(_, value)| !value.is_empty());
        let all = of_filters.chain(more.iter().map(|(name, value)| (*name, value.as_str())));
        let pairs: Vec<String> =
            all.map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, IN_A_VALUE))).collect();
        if pairs.is_empty() { PATH.to_owned() } else { format!("{PATH}?{}", pairs.join("&")) }
    }
}

/// What is wrong with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterProblem {
    /// No such method.
    Method,
    /// No such status.
    Status,
    /// No such category.
    ReasonCategory,
    /// No review stands there.
    Review,
    /// Not the form of a customer's id.
    CustomerId,
    /// No day.
    From,
    /// No day.
    To,
    /// The first day is after the last.
    Days,
    /// No number of a page, of rows of one, or no moment.
    Page,
    /// Something that no address of this list has, or twice.
    Unknown,
}

impl FilterProblem {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Method,
        Self::Status,
        Self::ReasonCategory,
        Self::Review,
        Self::CustomerId,
        Self::From,
        Self::To,
        Self::Days,
        Self::Page,
        Self::Unknown,
    ];

    /// What it says, and the field that it is about.
    fn words(self, words: &FilterWords) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Method => (words.wrong_method, Some("method")),
            Self::Status => (words.wrong_status, Some("status")),
            Self::ReasonCategory => (words.wrong_category, Some("reasonCategory")),
            Self::Review => (words.wrong_review, Some("review")),
            Self::CustomerId => (words.wrong_customer, Some("customerId")),
            Self::From => (words.wrong_from, Some("from")),
            Self::To => (words.wrong_to, Some("to")),
            Self::Days => (words.wrong_days, Some("from")),
            Self::Page => (words.wrong_page, None),
            Self::Unknown => (words.unknown, None),
        }
    }
}

/// The form, with what is wrong before it.
pub(super) fn form(frame: &PageFrame, filters: &AttemptFilters, problems: &[FilterProblem]) -> Markup {
    let (language, words) = (frame.language, FilterWords::of(frame.language));
    let methods = Method::ALL.map(|method| (method.as_str(), method_name(language, method)));
    let statuses = VerificationStatus::ALL.map(|status| (status.as_str(), status_name(language, status)));
    let categories =
        ReasonCategory::ALL.map(|category| (category.as_str(), category_name(language, category)));
    let reviews = ReviewState::ALL.map(|state| (state.as_str(), review_state_name(language, state)));
    let wrong =
        |field: &str| problems.iter().any(|problem| problem.words(words).1 == Some(field)).then_some("true");
    let select = |name: &str, label: &str, value: &str, options: &[(&'static str, &'static str)]| {
        html! {
            p class="form-field" {
                label for=(name) { (label) }
                select id=(name) name=(name) aria-invalid=[wrong(name)] {
                    option value="" { (words.any) }
                    @for (word, shown) in options {
                        option value=(word) selected[*word == value] { (shown) }
                    }
                }
            }
        }
    };
    let input = |name: &str, label: &str, value: &str, kind: &str| {
        text_field(name, label, value, kind, wrong(name).is_some())
    };
    let said: Vec<&str> = problems.iter().map(|problem| problem.words(words).0).collect();
    html! {
        (problem_list(words.wrong, &said))
        form class="filters" method="get" action=(PATH) role="search" {
            (select("method", words.method, &filters.method, &methods))
            (select("status", words.status, &filters.status, &statuses))
            (select("reasonCategory", words.category, &filters.reason_category, &categories))
            (select("review", words.review, &filters.review, &reviews))
            (input("customerId", words.customer, &filters.customer_id, "text"))
            (input("from", words.from, &filters.from, "date"))
            (input("to", words.to, &filters.to, "date"))
            p class="form-actions" {
                button type="submit" { (words.submit) }
                @if !filters.is_empty() { " " a href=(PATH) { (words.clear) } }
            }
        }
    }
}

/// What a status is called where it is any method's.
pub(super) fn status_name(language: Language, status: VerificationStatus) -> &'static str {
    let words = FilterWords::of(language);
    match status {
        VerificationStatus::Verified => words.verified,
        VerificationStatus::Failed => words.failed,
        VerificationStatus::Pending => words.pending,
    }
}

words! {
    /// Words of the form.
    FilterWords {
        method: "Method", "Metode";
        status: "Result", "Hasil";
        category: "Reason", "Alasan";
        review: "Review", "Peninjauan";
        customer: "Customer id", "ID nasabah";
        from: "From day (Jakarta)", "Dari tanggal (WIB)";
        to: "Through day (Jakarta)", "Sampai tanggal (WIB)";
        any: "Any", "Semua";
        submit: "Show", "Tampilkan";
        clear: "Clear", "Hapus filter";
        verified: "Verified", "Terverifikasi";
        failed: "Declined", "Ditolak";
        pending: "Under review", "Dalam peninjauan";
        wrong: "Nothing is shown, because:", "Tidak ada yang ditampilkan, karena:";
        wrong_method: "There is no such method.", "Metode itu tidak ada.";
        wrong_status: "A result is verified, declined or under review.",
            "Hasil hanya terverifikasi, ditolak, atau dalam peninjauan.";
        wrong_review: "A review is open, verified or failed.", "Peninjauan terbuka, terverifikasi, atau gagal.";
        wrong_category: "There is no such category of reasons.", "Kategori alasan itu tidak ada.";
        wrong_customer: "A customer's id begins with cus_ and has 26 more characters.",
            "ID nasabah diawali cus_ lalu 26 karakter.";
        wrong_from: "The first day is not a day like 2026-11-29.", "Tanggal awal bukan tanggal seperti 2026-11-29.";
        wrong_to: "The last day is not a day like 2026-11-29.", "Tanggal akhir bukan tanggal seperti 2026-11-29.";
        wrong_days: "The first day is after the last.", "Tanggal awal sesudah tanggal akhir.";
        wrong_page: "There is no such page.", "Halaman itu tidak ada.";
        unknown: "The address has something that this list does not know.",
            "Alamat memuat sesuatu yang tidak dikenal daftar ini.";
    }
}
