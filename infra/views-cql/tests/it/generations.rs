//! What the suite of generations cannot ask of every store: other clocks, earlier builds' tables, and tables
//! that nobody else would drop.

use std::sync::Arc;

use domain::event::{Offset, Partition};
use domain::ports::{
    Acknowledgement, Generations as _, Handover, Inspection as _, Projection as _, SecondGeneration,
};
use domain::rows::{Generation, ViewRow};
use scylla::client::session::Session;
use testkit::samples::{Samples, written};
use views_cql::{CqlSession, CqlViews};

use crate::schema::bare;
use crate::{connect, migrated, tools_missing};

const ONE: Generation = Generation(1);
const TWO: Generation = Generation(2);

async fn run(beneath: &Session, text: String) {
    beneath.query_unpaged(text, ()).await.expect("done");
}

/// Tables of that generation in the keyspace.
async fn tables(session: &CqlSession, beneath: &Session, generation: Generation) -> usize {
    let space = &session.options().keyspace;
    let text = format!("SELECT table_name FROM system_schema.tables WHERE keyspace_name = '{space}'");
    let answer = beneath.query_unpaged(text, ()).await.expect("read").into_rows_result().expect("rows");
    let names: Vec<String> =
        answer.rows::<(String,)>().expect("names").map(|row| row.expect("a name").0).collect();
    names.iter().filter(|name| name.ends_with(&format!("_g{}", generation.0))).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_forgotten_is_heard_again_whatever_the_clocks_say() {
    if tools_missing() {
        return;
    }
    let session = migrated("clocks").await;
    let beneath = bare(session.options()).await;
    let views = CqlViews::new(Arc::clone(&session));
    let said = |beat| Acknowledgement { instance: "one".to_owned(), version: 1, beat };
    views.acknowledge("one", Some(&said(1))).await.expect("said");
    // An instance whose clock is an hour ahead of ours, and which then goes on.
    let ahead = chrono::Utc::now().timestamp_micros() + 3_600_000_000;
    let say = |beat: u64| {
        let space = &session.options().keyspace;
        format!(
            "INSERT INTO {space}.instances (only, instance, version, beat) VALUES (0, 'one', 1, {beat}) \
             USING TIMESTAMP {} AND TTL 60",
            ahead + i64::try_from(beat).expect("small")
        )
    };
    run(&beneath, say(2)).await;
    assert_eq!(views.acknowledgements().await, Ok(vec![said(2)]));
    views.acknowledge("one", None).await.expect("forgotten");
    assert_eq!(views.acknowledgements().await, Ok(vec![]));
    run(&beneath, say(3)).await;
    assert_eq!(views.acknowledgements().await, Ok(vec![said(3)]));
}

/// What a generation of the first version did not have.
const LATER_TABLES: [&str; 17] = [
    "signals_of_customer",
    "quarantined",
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

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_builds_generation_gets_the_tables_it_lacks() {
    if tools_missing() {
        return;
    }
    let session = migrated("earlier").await;
    let beneath = bare(session.options()).await;
    let views = CqlViews::new(Arc::clone(&session));
    let space = &session.options().keyspace;
    let at = Handover { topic_id: Samples::new(1).topic(0), from: vec![(Partition(0), Offset(0))] };
    views.ensure_generation(TWO).await.expect("made");
    for beside in [SecondGeneration::Building(TWO), SecondGeneration::Next(TWO, at)] {
        let to = views.pointer().await.expect("a pointer").changed(ONE, Some(beside));
        assert_eq!(views.point(&to).await, Ok(true));
    }
    for generation in [ONE, TWO] {
        for table in LATER_TABLES {
            run(&beneath, format!("DROP TABLE {space}.{table}_g{}", generation.0)).await;
        }
        let component = format!("generation_{}", generation.0);
        let record = format!(
            "DELETE FROM {space}.migrations WHERE component = '{component}' AND version IN (2, 3, 4, 5, 6, 7, 8)"
        );
        run(&beneath, record).await;
    }
    // A program of this build starts.
    let starts = connect(session.options().clone()).await;
    starts.migrate().await.expect("migrated");
    let views = CqlViews::new(starts);
    let s = Samples::fresh();
    let state = s.state(&s.customer(0), 1);
    for generation in [ONE, TWO] {
        let row = ViewRow::State(Box::new(state.clone()));
        views.write(generation, vec![written(1, row)]).await.expect("written");
        assert_eq!(views.quarantined(generation, None, 10).await, Ok(vec![state.clone()]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_generation_leaves_no_table() {
    if tools_missing() {
        return;
    }
    let session = migrated("dropped").await;
    let beneath = bare(session.options()).await;
    let views = CqlViews::new(Arc::clone(&session));
    views.ensure_generation(TWO).await.expect("made");
    let made = tables(&session, &beneath, ONE).await;
    assert_eq!((made, tables(&session, &beneath, TWO).await), (28, 28));
    views.drop_generation(TWO).await.expect("dropped");
    assert_eq!(tables(&session, &beneath, TWO).await, 0);
    assert_eq!(tables(&session, &beneath, ONE).await, made, "the other one stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_signal_about_a_customer_is_a_row_of_it() {
    if tools_missing() {
        return;
    }
    let views = CqlViews::new(migrated("signals").await);
    let s = Samples::fresh();
    let (ours, theirs) = (s.customer(0), s.customer(1));
    // More than a page of the API shows, beside the verification of somebody else and a signal about them.
    let signals = (1..=150).map(|n| written(n, ViewRow::Signal(s.signal(&ours, 0, n))));
    let mut writes: Vec<_> = signals.collect();
    writes.push(written(0, ViewRow::Verification(Box::new(s.verification(&theirs, 0)))));
    writes.push(written(200, ViewRow::Signal(s.signal(&theirs, 0, 200))));
    views.write(ONE, writes).await.expect("written");
    let rows = views.rows_of(ONE, &[ours, theirs]).await.expect("rows");
    assert_eq!(rows.iter().map(Vec::len).collect::<Vec<_>>(), [150, 2]);
}
