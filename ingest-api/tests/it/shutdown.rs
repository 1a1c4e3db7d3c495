//! The orderly end, and that everything is there after a restart.

use engine::config::Config;
use ingest_api::sandbox;
use service::telemetry::metrics;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_util::sync::CancellationToken;

use crate::harness::{TestApp, VERDICTS, declined, hear, until, verified};

fn config(dir: &std::path::Path) -> Config {
    let mut config = Config::sandbox(&dir.join("data")).expect("settings");
    config.api.listen = "127.0.0.1:0".parse().expect("an address");
    config.api.admin_listen = config.api.listen.clone();
    config
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sandbox_goes_on_where_it_was() {
    let dir = tempfile::tempdir().expect("a folder");
    let stop = CancellationToken::new();
    let client = reqwest::Client::new();
    let config = config(dir.path());
    let start = || sandbox::start(&config, metrics().expect("metrics"), &stop, 0);
    let (instance, first) = Box::pin(start()).await.expect("an instance");
    let post = |info: &org_directory::sandbox::SandboxInfo| {
        client
            .post(format!("{}{VERDICTS}", info.url))
            .bearer_auth(&info.api_key)
            .header("idempotency-key", "k")
            .json(&verified(&info.customer_id))
    };
    let answered = hear(post(&first)).await;
    assert_eq!(answered.status, 200, "{answered:?}");
    instance.shutdown().await;

    let (instance, second) = Box::pin(start()).await.expect("again");
    assert_eq!((&second.api_key, &second.customer_id), (&first.api_key, &first.customer_id));
    let again = hear(post(&second)).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (200, Some("true")));
    assert_eq!(again.body, answered.body);
    instance.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_flight_is_answered_and_nobody_is_sent_here_any_more() {
    let app = TestApp::start().await;
    let customer = app.customer().await;
    let body = declined(&customer).to_string();
    let head = format!(
        "POST {VERDICTS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        app.key(),
        body.len()
    );
    let mut stream = tokio::net::TcpStream::connect(app.address()).await.expect("connected");
    stream.write_all(head.as_bytes()).await.expect("sent");
    let admission = std::sync::Arc::clone(&app.instance.app.admission);
    until("the request is in flight", || async { admission.bytes_in_flight() > 0 }).await;

    let ready = format!("{}/readyz", app.instance.admin_url);
    let client = app.client.clone();
    let stopping = tokio::spawn(app.instance.shutdown());
    until("unready", || async { client.get(&ready).send().await.is_ok_and(|heard| heard.status() == 503) })
        .await;
    stream.write_all(body.as_bytes()).await.expect("sent");
    let mut heard = String::new();
    stream.read_to_string(&mut heard).await.expect("an answer");
    assert!(heard.starts_with("HTTP/1.1 200 ") && heard.contains("connection: close"), "{heard}");
    stopping.await.expect("ended in order");
}
