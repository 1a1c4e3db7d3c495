//! A keyspace that a build before the row codec wrote: opened as it is, and every row read. The bytes are what that
//! build wrote of the samples; `schemas/row-codec/tests/formats.rs` has more of them.

use domain::classify::ReasonCategory;
use domain::event::{Offset, Partition};
use domain::ids::CustomerRef;
use domain::ports::{
    AttemptsQuery, Inspection as _, PageRequest, PageStart, Projection as _, SeriesQuery, StoreError,
    VerificationCounts as _, Views as _,
};
use domain::rows::{Disposition, Generation, RowKey, VerificationStatus, ViewRow};
use domain::time::Timestamp;
use scylla::client::session::Session;
use testkit::samples::{Samples, written};
use views_cql::CqlViews;

use crate::schema::bare;
use crate::{connect, migrated, tools_missing};

const GENERATION: Generation = Generation(1);

const VERIFICATION: &str = "010000001e6375735f305636364a514d3759425a345939344b59423631324a305a37590000001e6576745f35524538413641\
     52585a525058344752463945435048514a574d2407a30f3bef0ac1a5b490db8c64abf8000000000000000000000001000000\
     0c6e696b5f64756b636170696c000000066661696c6564000000fe01f440beecadefc5cd898c3bdb713da236025c31c9ee3e\
     f2f2c6f8a00a1bd0000000000000046e6f6e650000000000046e6f6e650000000001a20694393f";
const ENROLMENT: &str = "010000001e7665725f35573448385a4e59354a354a5138364e4639565a3853505458580000001e6576745f35425044305141\
     3857543236444a565a483841423144464631482407a30f3bef0ac1a5b490db8c64abf8000000000000000000000002000000\
     0864756b636170696c0100000009612d6d6f64656c2f3100000001a206943d27";
const TIER_EVENT: &str = "010000001e6b74655f36374737513258524d31395738474b5a5a4e39374346595731442407a30f3bef0ac1a5b490db8c64ab\
     f8000000000000000000000002000000046e6f6e65000000087374616e64617264000000206175746f6d61746963206f6e20\
     6e696b5f64756b636170696c20766572696679000001a206943d27";
const NOTE: &str = "012407a30f3bef0ac1a5b490db8c64abf8000000000000000000000002010000001e6576745f354250443051413857543236\
     444a565a48384142314446463148010000001e7665725f35573448385a4e59354a354a5138364e4639565a38535054585807\
     000000062407a30f3bef0ac1a5b490db8c64abf8000000000000000000000000012407a30f3bef0ac1a5b490db8c64abf800\
     0000000000000000000001022407a30f3bef0ac1a5b490db8c64abf8000000000000000000000002032407a30f3bef0ac1a5\
     b490db8c64abf8000000000000000000000003042407a30f3bef0ac1a5b490db8c64abf80000000000000000000000040524\
     07a30f3bef0ac1a5b490db8c64abf80000000000000000000000050601113a5f89fe10b80901f1978a20c43e379d407779fd\
     85c21dddf7be92efa5888f010000000e736368656d615f756e6b6e6f776e";
const STATE: &str = "01000000002407a30f3bef0ac1a5b490db8c64abf800000001000000000000000200020c000000077072656d69756d010000\
     01a206943d2701000001a95e456927000001a206943d2700";
const TALLY: &str = "012407a30f3bef0ac1a5b490db8c64abf8000000010000000000000002";
const BOOKS: &str = "01000000000000001b0000000000000002000000000000000300000000000000040000000000000005000000000000000600\
     000000000000072407a30f3bef0ac1a5b490db8c64abf8000000010000000000000002";
const POSITION: &str = "020000000000000007010000001e6576745f36423638305746544638324e5752334643543651564231414853000000020000\
     001e6f72675f304739583359414a4e3835474a4a545434434450514732384a4600000000000000060000001e6f72675f3257\
     39444d474258375736344e593236515046565331444332300000000000000005";

/// Writes the samples' rows as that build did.
async fn write_released(beneath: &Session, space: &str, s: &Samples) {
    let whose = s.customer(0);
    let (org, customer) = (&whose.org, &whose.customer);
    let (row, tier, tally) = (s.verification(&whose, 1), s.tier_event(&whose, 2), s.tally(2));
    let topic: String = s.topic(0).0.iter().map(|byte| format!("{byte:02x}")).collect();
    let month = domain::rows::Span::Month.start_of(tally.key.start).millis();
    for (table, columns, values) in [
        ("verifications", "org, id, body", format!("'{org}', '{}', 0x{VERIFICATION}", row.id)),
        (
            "verifications_of_customer",
            "org, customer, created_at, log_partition, log_offset, id, method, status",
            format!(
                "'{org}', '{customer}', {}, 0, 1, '{}', 'nik_dukcapil', 'failed'",
                row.created_at.millis(),
                row.id
            ),
        ),
        (
            "enrolments",
            "org, customer, id, body",
            format!("'{org}', '{customer}', '{}', 0x{ENROLMENT}", s.enrolment_id(2)),
        ),
        (
            "tier_events",
            "org, customer, created_at, log_partition, log_offset, id, body",
            format!(
                "'{org}', '{customer}', {}, 0, 2, '{}', 0x{TIER_EVENT}",
                tier.created_at.millis(),
                tier.id
            ),
        ),
        (
            "notes",
            "org, customer, log_offset, log_partition, topic_id, body",
            format!("'{org}', '{customer}', 2, 0, 0x{topic}, 0x{NOTE}"),
        ),
        ("states", "org, customer, body", format!("'{org}', '{customer}', 0x{STATE}")),
        (
            "tallies",
            "org, span, period, start, method, status, log_partition, n, as_of",
            format!(
                "'{org}', 'hour', {month}, {}, 'nik_dukcapil', 'verified', 0, 2, 0x{TALLY}",
                tally.key.start.millis()
            ),
        ),
        ("books", "log_partition, org, body", format!("0, '{org}', 0x{BOOKS}")),
        ("positions", "topic_id, log_partition, body", format!("0x{topic}, 0, 0x{POSITION}")),
    ] {
        let text = format!("INSERT INTO {space}.{table}_g1 ({columns}) VALUES ({values}) USING TIMESTAMP 5");
        beneath.query_unpaged(text, ()).await.expect(table);
    }
}

/// Takes away what that build did not know: it had two versions of a generation's tables.
async fn put_tables_back(beneath: &Session, space: &str) {
    let later = [
        "face_references",
        "verifications_of_category",
        "category_buckets",
        "category_tallies",
        "reviews_of_customer",
        "nik_holders",
        "rechecks",
        "rechecks_of_customer",
        "rechecks_of_day",
        "recheck_days",
        "fallbacks",
        "fallbacks_of_customer",
        "fallbacks_of_day",
        "fallback_days",
        "voids_of_customer",
    ];
    for table in later {
        beneath.query_unpaged(format!("DROP TABLE {space}.{table}_g1"), ()).await.expect("as it was");
    }
    for text in [
        format!(
            "DELETE FROM {space}.migrations WHERE component = 'generation_1' AND version IN (3, 4, 5, 6, 7, 8)"
        ),
        format!("DELETE FROM {space}.migrations WHERE component = 'generation_1_categories'"),
    ] {
        beneath.query_unpaged(text, ()).await.expect("as it was");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyspace_of_before_the_row_codec_is_read_as_it_is() {
    if tools_missing() {
        return;
    }
    let session = migrated("released").await;
    let beneath = bare(session.options()).await;
    let space = session.options().keyspace.clone();
    let s = Samples::new(1);
    let whose = s.customer(0);
    let (org, customer) = (&whose.org, &whose.customer);
    let (row, tier, tally) = (s.verification(&whose, 1), s.tier_event(&whose, 2), s.tally(2));
    write_released(&beneath, &space, &s).await;
    put_tables_back(&beneath, &space).await;
    session.migrate().await.expect("brought up to date");

    let views = CqlViews::new(connect(session.options().clone()).await);
    let source = s.source(0, 2);
    let keys = [
        RowKey::Verification(org.clone(), row.id.clone()),
        RowKey::Note(whose.clone(), source),
        RowKey::Tally(tally.key.clone()),
        RowKey::Books(s.books(2).key),
        RowKey::Position(s.topic(0), Partition(0)),
    ];
    let loaded = views.load(GENERATION, &keys).await.expect("loaded");
    let [verification, note, of_hour, books, position] = loaded.try_into().expect("five");
    assert_eq!(verification, Some(ViewRow::Verification(Box::new(row.clone()))));
    let Some(ViewRow::Note(note)) = note else { panic!("no note: {note:?}") };
    let Disposition::Released(entries) = note.disposition else { panic!("no release: {note:?}") };
    assert_eq!((entries.len(), entries[5].0.offset), (6, Offset(5)));
    assert_eq!(of_hour, Some(ViewRow::Tally(tally)));
    assert_eq!(books, Some(ViewRow::Books(s.books(2))));
    assert_eq!(position, Some(ViewRow::Position(s.position(6))));
    let state = views.customer(GENERATION, &whose).await.expect("read").expect("there");
    assert_eq!((state.as_of, state.kyc), (s.as_of(2), s.state(&whose, 2).kyc));
    let kyc = views.kyc_rows(GENERATION, &whose, None).await.expect("read");
    assert_eq!((kyc.verifications, kyc.history), (vec![row], vec![tier]));

    // Its enrolment, which had the model of a vector, is listed, and a reference of today lies beside it.
    let page = PageRequest { start: PageStart::Skip(0), limit: 10 };
    let listed = views.enrolments(GENERATION, &whose, &page).await.expect("listed");
    assert_eq!((listed.rows, listed.total), (vec![s.enrolment(&whose, 2)], 1));
    let reference = ViewRow::Reference(s.kept_reference(&whose, 4));
    views.write(GENERATION, vec![written(4, reference.clone())]).await.expect("written");
    let name = RowKey::Reference(whose.clone(), s.enrolment_id(4));
    assert_eq!(views.load(GENERATION, &[name]).await, Ok(vec![Some(reference)]));

    categories_are_refused_in_words(&views, &whose).await;

    // Of a later build: refused in words, not guessed at.
    let later = format!(
        "INSERT INTO {space}.states_g1 (org, customer, body) VALUES ('{org}', '{customer}', 0x09{}) \
         USING TIMESTAMP 6",
        &STATE[2..]
    );
    beneath.query_unpaged(later, ()).await.expect("written");
    let refused = views.customer(GENERATION, &whose).await;
    assert!(
        matches!(&refused, Err(StoreError::Corrupt(words)) if words.contains("a later build")),
        "{refused:?}"
    );
}

/// The rows that stand there were not counted by category: what asks for one is told what to do, and the rest is as ever.
async fn categories_are_refused_in_words(views: &CqlViews, whose: &CustomerRef) {
    let category = Some(ReasonCategory::Quota);
    let list = AttemptsQuery {
        org: whose.org.clone(),
        method: None,
        status: None,
        category,
        review: None,
        customer: None,
        from: None,
        to: None,
        start: PageStart::Skip(0),
        limit: 10,
    };
    let days = SeriesQuery {
        org: whose.org.clone(),
        method: None,
        status: None,
        category,
        customer: None,
        first_day: Timestamp::from_millis(testkit::samples::START_MS / 3_600_000 * 3_600_000),
        days: 2,
    };
    assert_eq!(views.counts_categories(GENERATION).await, Ok(false));
    let refused =
        [views.attempts(GENERATION, &list).await.map(drop), views.series(GENERATION, &days).await.map(drop)];
    for refused in refused {
        assert!(
            matches!(&refused, Err(StoreError::Unavailable(words)) if words.contains("projector rebuild")),
            "{refused:?}"
        );
    }
    let of_customer = AttemptsQuery { category: None, customer: Some(whose.customer.clone()), ..list };
    assert_eq!(views.attempts(GENERATION, &of_customer).await.expect("listed").total, 1);
    let counted = views.series(GENERATION, &SeriesQuery { category: None, ..days }).await.expect("counted");
    // The tally that stands there; of categories nothing is said.
    let verified: u64 = counted.days.iter().map(|day| day.of(VerificationStatus::Verified)).sum();
    assert_eq!((verified, counted.categories), (2, None));
}
