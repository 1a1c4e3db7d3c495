//! A caller's trace is carried into the records.

use domain::event::{Offset, Partition};
use domain::ports::{ReadBounds, Topic};

use crate::harness::{TestApp, declined};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_traceparent_is_carried_into_the_event_and_its_evidence() {
    let app = TestApp::start().await;
    let customer = app.customer().await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let heard = app.verdict(declined(&customer).to_string(), &[("traceparent", trace)]).await;
    assert_eq!(heard.status, 200);
    let log = &app.instance.app.log;
    let bounds = ReadBounds { records_max: 100, bytes_max: 1024 * 1024, wait_max: std::time::Duration::ZERO };
    for topic in [Topic::Events, Topic::Audit] {
        let mut traced = 0;
        for partition in 0..log.describe(topic).await.expect("a topic").partitions {
            let records = log.read(topic, Partition(partition), Offset(0), bounds).await.expect("records");
            traced += records.iter().filter(|r| r.header("traceparent") == Some(trace.as_bytes())).count();
        }
        assert_eq!(traced, 1, "{topic:?}");
    }
}
