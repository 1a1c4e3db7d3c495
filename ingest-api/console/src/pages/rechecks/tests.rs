//! The page as its reader gets it.

use std::collections::BTreeMap;

use domain::ids::CustomerId;
use domain::policy::Tier;
use domain::recheck::{AttemptCause, FailureCluster, OutageWindow, RecheckStatus, SettledHow};

use super::*;
use crate::Language;

fn frame(language: Language) -> PageFrame {
    PageFrame { language, reader: None, current: None, address: PATH.to_owned(), is_live: false }
}

fn line(n: u8, status: RecheckStatus) -> RecheckLine {
    RecheckLine {
        id: RecheckId::from_bytes([n; 16]),
        customer: CustomerId::from_bytes([9; 16]),
        status,
        cause: AttemptCause::Timeout,
        opened_at: Timestamp::from_millis(0),
        last_attempt_at: Timestamp::from_millis(1_000),
        attempts: 1_234,
        tier: Some(Tier::Standard),
        settled: (status != RecheckStatus::Open)
            .then(|| (SettledHow::Verdict, Timestamp::from_millis(60_000))),
        verification: None,
    }
}

fn model(rows: Vec<RecheckLine>) -> RechecksModel {
    let filters = RecheckFilters { status: "open".to_owned(), ..RecheckFilters::default() };
    RechecksModel {
        filters,
        problems: Vec::new(),
        list: Some(RecheckList { rows, total: 45, page: 2, pages: 3 }),
        summary: Some(RecheckSummary {
            open: 4_321,
            ages: [1, 2, 3, 4_315],
            oldest_opened_at: Some(Timestamp::from_millis(0)),
        }),
        outages: Some(OutagesPart {
            windows: vec![OutageWindow {
                cluster: FailureCluster {
                    first: Timestamp::from_millis(0),
                    last: Timestamp::from_millis(5_000),
                    failures: 20,
                    causes: BTreeMap::from([(AttemptCause::Timeout, 17), (AttemptCause::Http5xx, 3)]),
                    opened: 20,
                    confirmed: 17,
                    contradicted: 1,
                    open: 1,
                },
                to: None,
                settled: false,
            }],
            since: Timestamp::from_millis(0),
            is_cut: true,
        }),
    }
}

#[test]
fn what_waits_its_outages_and_its_rows_are_on_the_page() {
    let rows = vec![line(1, RecheckStatus::Open), line(2, RecheckStatus::Contradicted)];
    let page = render(&frame(Language::English), &model(rows.clone()));
    for wanted in [
        format!("<tr data-id=\"{}\">", rows[0].id),
        format!("href=\"/console/rechecks/{}\"", rows[1].id),
        "result result-pending\">Dukcapil recheck due".to_owned(),
        "result result-failed\">Contradicted".to_owned(),
        "by Dukcapil's verdict".to_owned(),
        "data-figure=\"open\">4,321".to_owned(),
        "href=\"/console/rechecks?status=open&amp;sort=oldest\"".to_owned(),
        "No answer in time 17, Server error 3".to_owned(),
        "goes on".to_owned(),
        "Older ones are not shown.".to_owned(),
        "href=\"/console/rechecks?status=open&amp;page=3\"".to_owned(),
        "href=\"/console/rechecks?status=open\">Previous".to_owned(),
        "href=\"/console/rechecks?status=open&amp;format=csv\"".to_owned(),
        "<strong>45</strong>".to_owned(),
        "<td>1,234</td>".to_owned(),
    ] {
        assert!(page.contains(&wanted), "{wanted}: {page}");
    }
    let page = render(&frame(Language::Indonesian), &model(rows));
    assert!(page.contains("Verifikasi ulang Dukcapil tertunda") && page.contains("Waktu habis"), "{page}");
}

#[test]
fn nothing_is_said_to_be_nothing() {
    let mut model = model(Vec::new());
    model.list = Some(RecheckList { rows: Vec::new(), total: 0, page: 1, pages: 0 });
    model.summary = Some(RecheckSummary::default());
    model.outages =
        Some(OutagesPart { windows: Vec::new(), since: Timestamp::from_millis(0), is_cut: false });
    let page = render(&frame(Language::English), &model);
    for wanted in ["No recheck matches.", "none is open", "No failed attempt was declared."] {
        assert!(page.contains(wanted), "{wanted}: {page}");
    }
    assert!(!page.contains("format=csv") && !page.contains("class=\"pager\""), "{page}");
}

#[test]
fn what_is_wrong_is_named_and_shown_as_it_was_sent() {
    let text = || "\"><script>".to_owned();
    let filters =
        RecheckFilters { status: text(), customer_id: text(), from: text(), to: text(), sort: text() };
    for language in Language::ALL {
        let problems = RecheckFilterProblem::ALL.to_vec();
        let filters = filters.clone();
        let model = RechecksModel { filters, problems, list: None, summary: None, outages: None };
        let page = render(&frame(language), &model);
        assert!(!page.contains("<script") && !page.contains("<table"), "{page}");
        assert_eq!(page.matches("aria-invalid=\"true\"").count(), 3, "{page}");
        assert_eq!(page.matches("<li>").count(), RecheckFilterProblem::ALL.len());
    }
}
