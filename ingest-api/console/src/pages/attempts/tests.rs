//! The page as its reader gets it.

use domain::classify::ReasonCategory;
use domain::ids::{CustomerId, VerificationId};
use domain::policy::Method;
use domain::rows::VerificationStatus;
use domain::staff::ConsolePage;

use super::*;
use crate::Language;

fn frame(language: Language) -> PageFrame {
    PageFrame {
        language,
        reader: None,
        current: Some(ConsolePage::Attempts),
        address: PATH.to_owned(),
        is_live: false,
    }
}

fn row(n: u8) -> AttemptRow {
    AttemptRow {
        id: VerificationId::from_bytes([n; 16]),
        customer: CustomerId::from_bytes([n; 16]),
        method: Method::NikDukcapil,
        status: VerificationStatus::Failed,
        score: None,
        review: None,
        category: Some(ReasonCategory::Quota),
        signals: usize::from(n),
        created_at: Timestamp::from_millis(1_700_000_000_000 + i64::from(n)),
    }
}

fn list(page: u64, pages: u64) -> AttemptList {
    AttemptList {
        rows: vec![row(2), row(1)],
        total: 1_234,
        page,
        pages,
        until: (page > 1).then(|| Timestamp::from_millis(1_700_000_000_003)),
        next_until: Some(Timestamp::from_millis(1_700_000_000_003)),
    }
}

fn series() -> SeriesModel {
    let day = |n: i64, verified: u64, declined: u64| DayNumbers {
        start: Timestamp::from_millis(1_699_981_200_000 + n * 86_400_000),
        verified,
        declined,
        pending: 0,
    };
    SeriesModel {
        days: vec![day(0, 3, 1), day(1, 0, 0)],
        categories: Some(vec![CategoryNumber { category: ReasonCategory::Quota, count: 1 }]),
    }
}

fn model(list: AttemptList) -> AttemptsModel {
    let filters = AttemptFilters { status: "failed".to_owned(), ..AttemptFilters::default() };
    AttemptsModel { filters, problems: Vec::new(), list: Some(list), series: Some(series()) }
}

#[test]
fn rows_total_charts_and_their_numbers_are_on_the_page() {
    let page = render(&frame(Language::English), &model(list(1, 62)));
    for part in [
        "<h1>Attempts</h1>",
        "<strong>1,234</strong> attempts",
        &format!("<tr data-id=\"{}\">", row(2).id.as_str()),
        &format!("href=\"/console/customers/{}\"", row(1).customer.as_str()),
        "The quota was used up",
        "result-failed",
        "<option value=\"failed\" selected>",
        "15 Nov 2023: 3 verified, 1 declined",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert_eq!(page.matches("<h1>").count(), 1);
    assert!(!page.contains("style=\""), "the policy lets no style in");
    let indonesian = render(&frame(Language::Indonesian), &model(list(1, 62)));
    for part in ["Percobaan verifikasi", "1.234", "Ditolak", "Kuota habis", "terverifikasi"] {
        assert!(indonesian.contains(part), "{part}: {indonesian}");
    }
}

#[test]
fn the_first_page_is_live_and_asks_for_itself_and_no_other_page_is() {
    let page = render(&frame(Language::English), &model(list(1, 2)));
    assert!(page.contains("sse-connect=\"/console/attempts/live\""), "{page}");
    assert!(
        page.contains("hx-get=\"/console/attempts?status=failed\" hx-select=\"#attempts &gt; *\""),
        "{page}"
    );
    assert!(page.contains("hx-trigger=\"sse:changed\"") && page.contains("<script src="), "{page}");
    let page = render(&frame(Language::English), &model(list(2, 2)));
    assert!(!page.contains("hx-") && !page.contains("<script"), "{page}");
    assert!(page.contains("This list is as it was at"), "{page}");
}

#[test]
fn pages_lead_to_each_other_with_the_filters_and_the_moment() {
    let moment = "until=2023-11-14T22%3A13%3A20.003Z";
    let to = |page: u64| format!("href=\"/console/attempts?status=failed&amp;page={page}&amp;{moment}\"");
    let first = render(&frame(Language::English), &model(list(1, 3)));
    assert!(!first.contains("rel=\"prev\"") && first.contains(&format!("rel=\"next\" {}", to(2))), "{first}");
    let second = render(&frame(Language::English), &model(list(2, 3)));
    assert!(second.contains(&format!("rel=\"prev\" {}", to(1))), "{second}");
    assert!(second.contains(&format!("rel=\"next\" {}", to(3))), "{second}");
    let last = render(&frame(Language::English), &model(list(3, 3)));
    assert!(last.contains("rel=\"prev\"") && !last.contains("rel=\"next\""), "{last}");
    let only = render(&frame(Language::English), &model(list(1, 1)));
    assert!(!only.contains("class=\"pager\""), "{only}");
    // Far beyond the end one comes back to the last page.
    let beyond = AttemptList { rows: Vec::new(), ..list(900, 3) };
    let beyond = render(&frame(Language::English), &model(beyond));
    assert!(beyond.contains(&format!("rel=\"prev\" {}", to(3))), "{beyond}");
}

#[test]
fn every_problem_has_words_and_what_was_sent_is_text() {
    let hostile = "\"><script>alert(1)</script>";
    let text = || hostile.to_owned();
    let filters = AttemptFilters {
        method: text(),
        status: text(),
        reason_category: text(),
        review: text(),
        customer_id: text(),
        from: text(),
        to: text(),
        limit: text(),
    };
    for language in Language::ALL {
        let model = AttemptsModel {
            filters: filters.clone(),
            problems: FilterProblem::ALL.to_vec(),
            list: None,
            series: None,
        };
        let page = render(&frame(language), &model);
        assert!(!page.contains("<script>alert"), "{page}");
        assert_eq!(page.matches("<li>").count(), FilterProblem::ALL.len());
        assert!(page.contains("&quot;&gt;&lt;script&gt;alert(1)"), "{page}");
        assert!(!page.contains("<table"), "nothing is shown");
    }
    let address = filters.address(&[("page", text())]);
    assert!(
        address.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/?&=%-_.~".contains(&byte)),
        "{address}"
    );
}

#[test]
fn a_list_of_nothing_says_so() {
    let nothing = AttemptList { rows: Vec::new(), total: 0, pages: 0, ..list(1, 0) };
    let page = render(&frame(Language::English), &model(nothing));
    assert!(page.contains("No attempt matches.") && !page.contains("<svg"), "{page}");
    assert!(!page.contains("format=csv"), "{page}");
    let uncounted = SeriesModel { categories: None, ..series() };
    let page =
        render(&frame(Language::English), &AttemptsModel { series: Some(uncounted), ..model(list(1, 1)) });
    assert!(page.contains("once the operator has rebuilt"), "{page}");
}
