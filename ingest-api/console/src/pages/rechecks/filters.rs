//! What the list is filtered by, its addresses, and its form.

use domain::recheck::RecheckStatus;
use maud::{Markup, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::PATH;
use crate::PageFrame;
use crate::pages::filter_form::{problem_list, text_field};
use crate::terms::recheck_status_name;
use crate::words::words;

/// What a value of an address may have as it is.
const IN_A_VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// In which order the list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecheckSort {
    /// The one that was opened last comes first.
    Newest,
    /// The one that has waited longest comes first.
    Oldest,
}

impl RecheckSort {
    /// Both, in the form's order; the first one where none is asked for.
    pub const ALL: [Self; 2] = [Self::Newest, Self::Oldest];

    /// The word in an address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Oldest => "oldest",
        }
    }

    /// The one of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.as_str() == word)
    }
}

/// What the list is filtered by, as the address has it: what is wrong is shown again as it was sent. Empty is not asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecheckFilters {
    /// A status's word.
    pub status: String,
    /// A customer's id.
    pub customer_id: String,
    /// The first day in Jakarta on which it was opened.
    pub from: String,
    /// The last day in Jakarta.
    pub to: String,
    /// A word of [`RecheckSort`].
    pub sort: String,
}

impl RecheckFilters {
    fn pairs(&self) -> [(&'static str, &str); 5] {
        let Self { status, customer_id, from, to, sort } = self;
        [("status", status), ("customerId", customer_id), ("from", from), ("to", to), ("sort", sort)]
    }

    fn is_empty(&self) -> bool {
        self.pairs().iter().all(|(_, value)| value.is_empty())
    }

    /// That page's address.
    pub fn address(&self, page: u64) -> String {
        self.address_with((page > 1).then(|| ("page", page.to_string())))
    }

    /// The address of all rows in a file.
    pub fn file_address(&self) -> String {
        self.address_with(Some(("format", "csv".to_owned())))
    }

    fn address_with(&self, more: Option<(&str, String)>) -> String {
        let of_filters = self.pairs().into_iter().filter(|(_, value)| !value.is_empty());
        let all = of_filters.chain(more.iter().map(|(name, value)| (*name, value.as_str())));
        let pairs: Vec<String> =
            all.map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, IN_A_VALUE))).collect();
        if pairs.is_empty() { PATH.to_owned() } else { format!("{PATH}?{}", pairs.join("&")) }
    }
}

/// The list of those that wait, the one that has waited longest first.
pub(super) fn open_address() -> String {
    let [status, sort] = [RecheckStatus::Open.as_str(), RecheckSort::Oldest.as_str()].map(str::to_owned);
    RecheckFilters { status, sort, ..RecheckFilters::default() }.address(1)
}

/// What is wrong with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecheckFilterProblem {
    /// No such status.
    Status,
    /// Not the form of a customer's id.
    CustomerId,
    /// No day, or the first is after the last.
    Days,
    /// No number of a page, or something that no address of this list has.
    Unknown,
}

impl RecheckFilterProblem {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Status, Self::CustomerId, Self::Days, Self::Unknown];

    fn words(self, words: &FilterWords) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Status => (words.wrong_status, Some("status")),
            Self::CustomerId => (words.wrong_customer, Some("customerId")),
            Self::Days => (words.wrong_days, Some("from")),
            Self::Unknown => (words.unknown, None),
        }
    }
}

/// The form, with what is wrong before it.
pub(super) fn form(frame: &PageFrame, filters: &RecheckFilters, problems: &[RecheckFilterProblem]) -> Markup {
    let words = FilterWords::of(frame.language);
    let wrong =
        |field: &str| problems.iter().any(|problem| problem.words(words).1 == Some(field)).then_some("true");
    let input = |name: &str, label: &str, value: &str, kind: &str| {
        text_field(name, label, value, kind, wrong(name).is_some())
    };
    let said: Vec<&str> = problems.iter().map(|problem| problem.words(words).0).collect();
    let sort_name = |sort| match sort {
        RecheckSort::Newest => words.newest,
        RecheckSort::Oldest => words.oldest,
    };
    html! {
        (problem_list(words.wrong, &said))
        form class="filters" method="get" action=(PATH) role="search" {
            p class="form-field" {
                label for="status" { (words.status) }
                select id="status" name="status" aria-invalid=[wrong("status")] {
                    option value="" { (words.any) }
                    @for status in RecheckStatus::ALL {
                        option value=(status.as_str()) selected[status.as_str() == filters.status] {
                            (recheck_status_name(frame.language, status))
                        }
                    }
                }
            }
            (input("customerId", words.customer_id, &filters.customer_id, "text"))
            (input("from", words.from, &filters.from, "date"))
            (input("to", words.to, &filters.to, "date"))
            p class="form-field" {
                label for="sort" { (words.sort) }
                select id="sort" name="sort" {
                    @for sort in RecheckSort::ALL {
                        option value=(sort.as_str()) selected[sort.as_str() == filters.sort] { (sort_name(sort)) }
                    }
                }
            }
            p class="form-actions" {
                button type="submit" { (words.submit) }
                @if !filters.is_empty() { " " a href=(PATH) { (words.clear) } }
            }
        }
    }
}

words! {
    /// Words of the form.
    FilterWords {
        status: "Status", "Status" same;
        any: "Any", "Semua";
        customer_id: "Customer id", "ID nasabah";
        from: "Opened from day (Jakarta)", "Dibuka dari tanggal (WIB)";
        to: "Through day (Jakarta)", "Sampai tanggal (WIB)";
        sort: "Order", "Urutan";
        newest: "Newest first", "Terbaru dulu";
        oldest: "Oldest first", "Terlama dulu";
        submit: "Show", "Tampilkan";
        clear: "Clear", "Hapus filter";
        wrong: "Nothing is shown, because:", "Tidak ada yang ditampilkan, karena:";
        wrong_status: "A recheck is open, confirmed, contradicted, closed, or its customer is erased.",
            "Status hanya tertunda, dibenarkan, dibantah, ditutup, atau nasabah dihapus.";
        wrong_customer: "A customer's id begins with cus_ and has 26 more characters.",
            "ID nasabah diawali cus_ lalu 26 karakter.";
        wrong_days: "A day is not one like 2026-11-29, or the first is after the last.",
            "Tanggal bukan seperti 2026-11-29, atau tanggal awal sesudah tanggal akhir.";
        unknown: "The address has something that this list does not know.",
            "Alamat memuat sesuatu yang tidak dikenal daftar ini.";
    }
}
