//! What the page says of which figures.

use super::*;
use crate::Language;

fn org(of: u8) -> OrgId {
    OrgId::from_bytes([of; 16])
}

fn good() -> PipelineFigures {
    let partition =
        |partition| PartitionFigures { partition, next: 7, end: 7, is_still: false, held: Vec::new() };
    let books = Books { read: 14, applied: 12, duplicate: 2, ..Books::default() };
    PipelineFigures {
        intake: IntakeFigures {
            per_second: Some(2.5),
            samples: Vec::new(),
            verdicts: VerdictCounts { accepted: 1_234, refused: 5, failed: 0 },
        },
        waiting: Some(WaitingTime::None),
        projection: Some(ProjectionFigures {
            live_generation: 1,
            second_generation: None,
            partitions: vec![partition(0), partition(1)],
            books: vec![OrgBooksFigures { org: org(1), books, balance: true }],
            quarantined: 0,
        }),
        dead_letters: Some(0),
        dependencies: vec![
            (DependencyName::EventLog, DependencyState::Good),
            (DependencyName::FaceModels, DependencyState::NotConfigured),
        ],
        faces: Some(Vec::new()),
    }
}

fn page(language: Language, figures: Option<PipelineFigures>, unready: Vec<&'static str>) -> String {
    let frame = PageFrame { language, reader: None, current: None, address: PATH.to_owned(), is_live: true };
    let model = PipelineModel {
        asked_at: Timestamp::from_millis(0),
        build: "0.1.0 (<b>)".to_owned(),
        unready,
        figures,
        is_live: false,
        is_held: false,
    };
    render(&frame, &model)
}

#[test]
fn at_rest_it_says_that_nothing_needs_attention() {
    for language in Language::ALL {
        let page = page(language, Some(good()), Vec::new());
        let words = PipelineWords::of(language);
        assert_eq!(page.matches("<h1>").count(), 1);
        assert_eq!(page.matches("class=\"notice").count(), 1, "{page}");
        assert!(page.contains(words.all_good) && page.contains(words.up_to_date), "{page}");
        assert!(page.contains("0.1.0 (&lt;b&gt;)"), "{page}");
        assert_eq!(page.matches("<tr data-id=").count(), 2 + 2 + 1, "dependencies, partitions, books");
    }
    let english = page(Language::English, Some(good()), Vec::new());
    assert!(english.contains("<dd data-figure=\"rate\">2.5</dd>"), "{english}");
    assert!(english.contains("<span data-figure=\"accepted\">1,234</span> accepted"), "{english}");
    assert!(english.contains("hx-get=\"/console/pipeline?lang=en&amp;live=1\""), "{english}");
}

#[test]
fn each_thing_that_needs_attention_is_said_and_nothing_else() {
    type Change = fn(&mut PipelineFigures, &mut ProjectionFigures);
    let words = PipelineWords::of(Language::English);
    let changes: [(Change, &str); 6] = [
        (|_, of| of.books[0].balance = false, words.unbalanced),
        (|figures, _| figures.dependencies[0].1 = DependencyState::Away, words.away),
        (|_, of| of.quarantined = 3, words.quarantine),
        (|_, of| of.partitions[1].is_still = true, words.still),
        (|_, of| of.partitions[0].held.push(org(2)), words.held),
        (|figures, _| figures.dead_letters = Some(1), words.all_good),
    ];
    for (change, said) in changes {
        let mut figures = good();
        let mut projection = figures.projection.take().expect("there");
        change(&mut figures, &mut projection);
        figures.projection = Some(projection);
        let page = page(Language::English, Some(figures), Vec::new());
        assert_eq!(page.matches("class=\"notice").count(), 1, "{said}");
        assert!(page.contains(&said.replace('\'', "&#39;")) || page.contains(said), "{said}");
    }
}

#[test]
fn what_does_not_answer_has_no_figure_in_its_place() {
    let figures =
        PipelineFigures { projection: None, dead_letters: None, faces: None, waiting: None, ..good() };
    let page = page(Language::English, Some(figures), Vec::new());
    for figure in ["freshness", "lag", "quarantined", "dead-letters", "faces-due"] {
        assert!(page.contains(&format!("<dd data-figure=\"{figure}\">–</dd>")), "{figure}: {page}");
    }
    let words = PipelineWords::of(Language::English);
    assert!(page.contains(words.no_projection) && page.contains(words.not_known), "{page}");
}

#[test]
fn before_it_is_ready_it_says_what_it_waits_for() {
    let page = page(Language::English, None, vec!["dependencies", "read_model"]);
    assert!(page.contains("<li><code>read_model</code></li>"), "{page}");
    assert!(!page.contains("data-figure"), "{page}");
}

#[test]
fn a_lag_is_said_with_the_time_that_its_oldest_event_has_waited() {
    for (time, said) in [
        (WaitingTime::AtMost(Duration::from_secs(5)), "≤ 5 s"),
        (WaitingTime::AtMost(Duration::from_secs(119)), "≤ 119 s"),
        (WaitingTime::MoreThan(Duration::from_secs(300)), "&gt; 5 min"),
    ] {
        let mut figures = PipelineFigures { waiting: Some(time), ..good() };
        if let Some(projection) = &mut figures.projection {
            projection.partitions[1].end = 1_010;
        }
        let page = page(Language::English, Some(figures), Vec::new());
        assert!(page.contains(&format!("<dd data-figure=\"freshness\">{said}</dd>")), "{said}: {page}");
        assert!(page.contains("<dd data-figure=\"lag\">1,003</dd>"), "{page}");
    }
}

#[test]
fn of_a_thousand_orgs_those_that_need_attention_are_shown() {
    let mut figures = good();
    let projection = figures.projection.as_mut().expect("there");
    let books = |read| Books { read, applied: read, ..Books::default() };
    projection.books = (0..=255)
        .flat_map(|of| [(of, 0), (of, 1), (of, 2), (of, 3)])
        .map(|(a, b): (u8, u8)| {
            let mut bytes = [a; 16];
            bytes[15] = b;
            OrgBooksFigures {
                org: OrgId::from_bytes(bytes),
                books: books(u64::from(a)),
                balance: (a, b) != (0, 3),
            }
        })
        .collect();
    let page = page(Language::English, Some(figures), Vec::new());
    assert_eq!(page.matches("<tr data-id=\"org_").count(), 100);
    assert_eq!(page.matches("<span class=\"badge bad\">no</span>").count(), 1);
    assert!(page.contains("projector status shows all): 924"), "{page}");
    assert!(page.len() < 60_000, "{} bytes", page.len());
}
