//! Looking a customer up: by its id or the org's own id for it, or from the latest verifications. No personal field is
//! shown here, and none that was typed is repeated.

use domain::classify::ReasonCategory;
use domain::ids::{CustomerId, VerificationId};
use domain::policy::{Method, Tier};
use domain::rows::VerificationStatus;
use domain::time::Timestamp;
use maud::{Markup, html};

use crate::tables::table_head;
use crate::terms::{category_name, method_name, result_name, tier_name};
use crate::words::words;
use crate::{PageFrame, format};

/// Where the page is.
pub const PATH: &str = "/console/customers";

/// The page of a customer.
pub fn customer_path(id: &CustomerId) -> String {
    format!("{PATH}/{id}")
}

/// What came of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustomerSearch {
    /// Nothing was looked for.
    NotAsked,
    /// This one.
    Found(FoundCustomer),
    /// No customer of the org has this id or external id.
    Missing,
}

/// A customer that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundCustomer {
    /// Who.
    pub id: CustomerId,
    /// Its tier.
    pub tier: Tier,
    /// Since when it is known.
    pub registered_at: Timestamp,
}

/// A customer that was verified lately, and the latest verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatestCustomer {
    /// Who.
    pub customer: CustomerId,
    /// The verification.
    pub verification: VerificationId,
    /// How.
    pub method: Method,
    /// What came of it.
    pub status: VerificationStatus,
    /// Its reason's category.
    pub category: Option<ReasonCategory>,
    /// When.
    pub created_at: Timestamp,
}

/// What the page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomersModel {
    /// What came of the search.
    pub search: CustomerSearch,
    /// Each customer once, the latest first.
    pub latest: Vec<LatestCustomer>,
}

/// The page.
pub fn render(frame: &PageFrame, model: &CustomersModel) -> String {
    let words = CustomersWords::of(frame.language);
    let main = html! {
        h1 { (words.title) }
        form method="get" action=(PATH) class="search" role="search" {
            p class="form-field" {
                label for="q" { (words.label) }
                input type="search" id="q" name="q" maxlength="200" autocomplete="off" autocapitalize="none"
                    spellcheck="false" aria-describedby="sealed";
            }
            p { button type="submit" { (words.submit) } }
            p id="sealed" class="hint" { (words.sealed) }
        }
        @match &model.search {
            CustomerSearch::NotAsked => {}
            CustomerSearch::Missing => p class="notice" role="status" { (words.missing) },
            CustomerSearch::Found(found) => (found_part(frame, words, found)),
        }
        (latest_part(frame, words, &model.latest))
    };
    frame.document(words.title, &main)
}

fn found_part(frame: &PageFrame, words: &CustomersWords, found: &FoundCustomer) -> Markup {
    html! {
        section aria-labelledby="found" {
            h2 id="found" { (words.found) }
            div class="table-frame" role="group" tabindex="0" aria-labelledby="found" {
                table {
                    (table_head(&[words.customer, words.tier, words.registered]))
                    tbody { tr data-id=(found.id) {
                        td { a href=(customer_path(&found.id)) { (found.id) } }
                        td { (tier_name(frame.language, found.tier)) }
                        td { (format::time(frame.language, found.registered_at)) }
                    } }
                }
            }
        }
    }
}

fn latest_part(frame: &PageFrame, words: &CustomersWords, latest: &[LatestCustomer]) -> Markup {
    let language = frame.language;
    html! {
        section aria-labelledby="latest" {
            h2 id="latest" { (words.latest) }
            @if latest.is_empty() {
                p class="empty" { (words.none_yet) }
            } @else {
                div class="table-frame" role="group" tabindex="0" aria-labelledby="latest" {
                    table {
                        (table_head(&[words.customer, words.verification, words.result, words.category, words.when]))
                        tbody {
                            @for row in latest {
                                tr data-id=(row.customer) {
                                    td { a href=(customer_path(&row.customer)) { (row.customer) } }
                                    td { (method_name(language, row.method)) }
                                    td { span class={ "status status-" (row.status.as_str()) } {
                                        (result_name(language, row.method, row.status))
                                    } }
                                    td { @if let Some(category) = row.category {
                                        (category_name(language, category))
                                    } }
                                    td { (format::time(language, row.created_at)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

words! {
    /// Words of the page.
    CustomersWords {
        title: "Customers", "Nasabah";
        label: "Customer id or your own id for the customer", "ID nasabah atau ID milik Anda untuk nasabah";
        submit: "Search", "Cari";
        sealed: "Names are sealed, so nobody can search by them. A name is shown on the customer's own page, and that it was shown is recorded.",
            "Nama nasabah tersegel, sehingga tidak dapat dicari. Nama ditampilkan pada halaman nasabah, dan setiap tampilannya dicatat.";
        missing: "No customer of your organisation has this id.",
            "Tidak ada nasabah organisasi Anda dengan ID ini.";
        found: "Found", "Ditemukan";
        customer: "Customer", "Nasabah";
        tier: "Tier", "Tingkat";
        registered: "Registered", "Terdaftar";
        latest: "Verified lately", "Verifikasi terbaru";
        none_yet: "No verification yet. A customer is listed here once your backend has sent a verdict.",
            "Belum ada verifikasi. Nasabah muncul di sini setelah sistem Anda mengirim putusan.";
        verification: "Verification", "Verifikasi";
        result: "Result", "Hasil";
        category: "Reason", "Alasan";
        when: "When", "Waktu";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    fn page(language: Language, model: &CustomersModel) -> String {
        let frame = PageFrame {
            language,
            reader: None,
            current: None,
            address: "/console/customers?q=CIF-77".to_owned(),
            is_live: false,
        };
        render(&frame, model)
    }

    fn customer(n: u8) -> CustomerId {
        CustomerId::from_bytes([n; 16])
    }

    #[test]
    fn without_anything_it_says_what_comes_here_and_that_names_are_sealed() {
        let nothing = CustomersModel { search: CustomerSearch::NotAsked, latest: Vec::new() };
        for (language, sealed, empty) in [
            (Language::English, "Names are sealed", "No verification yet"),
            (Language::Indonesian, "Nama nasabah tersegel", "Belum ada verifikasi"),
        ] {
            let page = page(language, &nothing);
            assert!(page.contains(sealed) && page.contains(empty), "{page}");
            assert_eq!((page.matches("<h1>").count(), page.matches("<tr").count()), (1, 0), "{page}");
        }
    }

    #[test]
    fn what_is_found_is_one_link_and_what_is_not_is_said() {
        let found =
            FoundCustomer { id: customer(1), tier: Tier::Standard, registered_at: Timestamp::from_millis(0) };
        let model = CustomersModel { search: CustomerSearch::Found(found), latest: Vec::new() };
        let shown = page(Language::English, &model);
        let link = format!("<a href=\"/console/customers/{0}\">{0}</a>", customer(1));
        assert!(shown.contains(&link) && shown.contains(&format!("data-id=\"{}\"", customer(1))), "{shown}");
        let missing = CustomersModel { search: CustomerSearch::Missing, latest: Vec::new() };
        assert!(page(Language::Indonesian, &missing).contains("Tidak ada nasabah organisasi Anda"));
    }

    #[test]
    fn the_latest_are_rows_with_a_link_each() {
        let latest = LatestCustomer {
            customer: customer(2),
            verification: VerificationId::from_bytes([3; 16]),
            method: Method::NikDukcapil,
            status: VerificationStatus::Failed,
            category: Some(ReasonCategory::Mismatch),
            created_at: Timestamp::from_millis(0),
        };
        let model = CustomersModel { search: CustomerSearch::NotAsked, latest: vec![latest] };
        let shown = page(Language::Indonesian, &model);
        for wanted in [
            "Ditolak",
            "Data tidak sesuai",
            "Putusan Dukcapil",
            "status-failed",
            &customer_path(&customer(2)),
        ] {
            assert!(shown.contains(wanted), "{wanted}: {shown}");
        }
    }
}
