//! The schema: made once however many ask, refused when it is a later build's; generations side by side; and
//! what stands in the tables.

use std::sync::Arc;

use domain::ports::{Generations as _, KeyRows as _, Projection as _, StoreError, Views as _};
use domain::rows::{Generation, RowKey, ViewRow};
use futures::future::join_all;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use testkit::samples::{Samples, deleted, written};
use views_cql::{CqlKeys, CqlOpenError, CqlOptions, CqlViews, KeyspaceReplication};

use crate::{connect, lasting, migrated, shared, tools_missing};

/// A session of the bare driver, for looking beneath.
pub(crate) async fn bare(options: &CqlOptions) -> Session {
    let builder = SessionBuilder::new().known_nodes(&options.nodes);
    lasting(async move { builder.build().await }).await.expect("connected")
}

#[tokio::test(flavor = "multi_thread")]
async fn many_programs_bring_one_schema_up_to_date_at_once() {
    if tools_missing() {
        return;
    }
    let options = shared("at_once").await;
    let sessions = join_all((0..4).map(|_| connect(options.clone()))).await;
    for done in join_all(sessions.iter().map(|session| session.migrate())).await {
        assert_eq!(done, Ok(()));
    }
    assert_eq!(sessions[0].migrate().await, Ok(()), "again");
    let s = Samples::fresh();
    let row = s.key_row(&s.customer(0), 0);
    CqlKeys::new(Arc::clone(&sessions[0])).create(row.clone()).await.expect("created");
    assert_eq!(CqlKeys::new(Arc::clone(&sessions[1])).get(&row.customer).await, Ok(Some(row)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_builds_schema_is_refused_in_words() {
    if tools_missing() {
        return;
    }
    let options = shared("later").await;
    let session = connect(options.clone()).await;
    session.migrate().await.expect("migrated");
    let beneath = bare(&options).await;
    for (space, component) in
        [(&options.keyspace, "views"), (&options.keys_keyspace, "keys"), (&options.keyspace, "generation_1")]
    {
        let record = |text: &str| format!("{text} WHERE component = '{component}' AND version = 99");
        let newer = record(&format!("UPDATE {space}.migrations SET applied_at = 1"));
        beneath.query_unpaged(newer, ()).await.expect("written");
        let refused = session.migrate().await.expect_err("refused");
        assert!(matches!(refused, CqlOpenError::Newer { found: 99, .. }), "{refused:?}");
        assert!(refused.to_string().contains("use the newer build"), "{refused}");
        beneath.query_unpaged(record(&format!("DELETE FROM {space}.migrations")), ()).await.expect("deleted");
    }
    assert_eq!(session.migrate().await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_replicas_than_the_settings_say_are_refused() {
    if tools_missing() {
        return;
    }
    let options = shared("replicas").await;
    connect(options.clone()).await.migrate().await.expect("migrated");
    for (replication, fits) in [
        (KeyspaceReplication::PerDatacenter([("datacenter1".to_owned(), 1)].into()), true),
        (KeyspaceReplication::PerDatacenter([("datacenter1".to_owned(), 2)].into()), false),
        (KeyspaceReplication::Factor(3), false),
    ] {
        let session = connect(CqlOptions { replication, ..options.clone() }).await;
        let migrated = session.migrate().await;
        match migrated {
            Ok(()) => assert!(fits),
            Err(CqlOpenError::Replication { .. }) => assert!(!fits),
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn generations_come_and_go_side_by_side() {
    if tools_missing() {
        return;
    }
    const NEXT: Generation = Generation(2);
    let session = migrated("generations").await;
    let views = CqlViews::new(Arc::clone(&session));
    let s = Samples::fresh();
    let key = RowKey::State(s.customer(0));
    let state = |n: u64| ViewRow::State(Box::new(s.state(&s.customer(0), n)));
    views.write(Generation(1), vec![written(5, state(5))]).await.expect("written");

    let nowhere = views.write(NEXT, vec![written(3, state(3))]).await;
    assert!(
        matches!(&nowhere, Err(StoreError::Corrupt(words)) if words.contains("generation 2")),
        "{nowhere:?}"
    );
    session.ensure_generation(NEXT).await.expect("made");
    session.ensure_generation(NEXT).await.expect("again");
    views.write(NEXT, vec![written(3, state(3))]).await.expect("written");
    let other = CqlViews::new(connect(shared_options(&session).await).await);
    let here = std::slice::from_ref(&key);
    assert_eq!(other.load(NEXT, here).await, Ok(vec![Some(state(3))]));

    // It answers, as another session hears too.
    let point = async |live| {
        let to = views.pointer().await.expect("a pointer").changed(live, None);
        assert_eq!(views.point(&to).await, Ok(true));
        assert_eq!(other.pointer().await, Ok(to));
        assert_eq!(other.generation().await, Ok(live));
    };
    point(NEXT).await;
    assert!(matches!(session.drop_generation(NEXT).await, Err(CqlOpenError::Options(_))), "it answers");
    // And back, while the old one still stands.
    point(Generation(1)).await;
    session.drop_generation(NEXT).await.expect("dropped");
    session.drop_generation(NEXT).await.expect("again");
    // A projector that does not know yet, here and elsewhere.
    for views in [&views, &other] {
        let late = views.write(NEXT, vec![written(4, state(4))]).await;
        assert!(matches!(late, Err(StoreError::Corrupt(_))), "{late:?}");
    }
    assert_eq!(views.load(Generation(1), here).await, Ok(vec![Some(state(5))]));

    session.ensure_generation(NEXT).await.expect("made again");
    assert_eq!(views.load(NEXT, here).await, Ok(vec![None]));
    session.migrate().await.expect("migrated");
}

/// The same settings again.
async fn shared_options(session: &views_cql::CqlSession) -> CqlOptions {
    session.options().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_carry_the_events_timestamp_and_a_late_one_stays_out() {
    if tools_missing() {
        return;
    }
    let session = migrated("timestamps").await;
    let views = CqlViews::new(Arc::clone(&session));
    let s = Samples::fresh();
    let customer = s.customer(0);
    let state = |n: u64| written(n, ViewRow::State(Box::new(s.state(&customer, n))));
    let enrolment = |n: u64| written(n, ViewRow::Enrolment(s.enrolment(&customer, 2)));
    let newest = state(9);
    let at = newest.at.value();
    views.write(Generation(1), vec![state(7), newest, state(8), enrolment(4)]).await.expect("written");
    views
        .write(Generation(1), vec![deleted(9, ViewRow::EraseEnrolments(customer.clone()))])
        .await
        .expect("erased");
    views.write(Generation(1), vec![state(8), enrolment(8)]).await.expect("a zombie's");

    let beneath = bare(session.options()).await;
    let space = &session.options().keyspace;
    let rows = |text: String| async {
        beneath.query_unpaged(text, ()).await.expect("read").into_rows_result().expect("rows")
    };
    let stood = rows(format!("SELECT writetime(body) FROM {space}.states_g1")).await;
    assert_eq!(stood.single_row::<(i64,)>().expect("one row"), (at,));
    assert_eq!(rows(format!("SELECT id FROM {space}.enrolments_g1")).await.rows_num(), 0);
    assert_eq!(views.customer(Generation(1), &customer).await, Ok(Some(s.state(&customer, 9))));
}
