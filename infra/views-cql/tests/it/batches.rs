//! What is sent together: every row arrives, and the server has nothing to say about how.

use domain::ports::Projection as _;
use domain::rows::{Disposition, Generation, RowKey, ViewRow};
use metrics_exporter_prometheus::PrometheusBuilder;
use testkit::samples::{Samples, written};
use views_cql::CqlViews;

/// More of each kind than one batch takes, with the largest cells that travel together.
const CUSTOMERS: u64 = 60;

#[tokio::test]
async fn a_large_write_arrives_whole_and_without_a_warning() {
    if crate::tools_missing() {
        return;
    }
    let recorder = PrometheusBuilder::new().build_recorder();
    let page = recorder.handle();
    // Before the session, which makes its metrics when it is opened. What other tests send counts too.
    metrics::set_global_recorder(recorder).expect("the only one in this program");
    let views = CqlViews::new(crate::migrated("batches").await);

    let s = Samples::fresh();
    let (mut keys, mut rows, mut others) = (Vec::new(), Vec::new(), Vec::new());
    let mut add = |key: RowKey, row: ViewRow| {
        keys.push(key);
        rows.push(row);
    };
    for n in 0..CUSTOMERS {
        let customer = s.customer(n);
        let verification = s.verification(&customer, n);
        let note = s.note(&customer, n, Disposition::Parked);
        let key = RowKey::Verification(customer.org.clone(), verification.id.clone());
        add(key, ViewRow::Verification(Box::new(verification)));
        add(RowKey::Note(customer.clone(), note.source), ViewRow::Note(note));
        add(RowKey::State(customer.clone()), ViewRow::State(Box::new(s.state(&customer, n))));
        others.push(ViewRow::Enrolment(s.enrolment(&customer, n)));
        others.push(ViewRow::TierEvent(s.tier_event(&customer, n)));
        others.push(ViewRow::Signal(s.signal(&customer, n, n)));
    }
    add(RowKey::Tally(s.tally(1).key), ViewRow::Tally(s.tally(1)));
    add(RowKey::Books(s.books(1).key), ViewRow::Books(s.books(1)));
    let all = rows.iter().cloned().chain(others).zip(0..);
    let writes = all.map(|(row, offset)| written(offset, row)).collect();
    views.write(Generation(1), writes).await.expect("written");
    let found = views.load(Generation(1), &keys).await.expect("loaded");
    for ((key, row), found) in keys.iter().zip(rows).zip(found) {
        assert_eq!(found, Some(row), "{key:?}");
    }

    let page = page.render();
    let of = |series: &str| {
        let value = page.lines().find_map(|line| line.strip_prefix(series)).expect("counted");
        value.trim().parse::<f64>().expect("a number")
    };
    assert!(of("identity_cql_request_seconds_count{statement=\"batch\"}") > 0.0);
    assert_eq!(of("identity_cql_warnings_total"), 0.0, "the server warned of a batch");
}
