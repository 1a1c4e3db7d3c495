//! Traces (contract §1 and issue `core`): a collector as operators have one, OTLP over gRPC, hears of each
//! request, in its caller's trace, and hears nothing personal. The collector is HTTP/2 with protobuf in it and
//! no more: one method of one service.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use system_tests::client::{VERDICT, text, verified};
use system_tests::harness::ContractHarness as _;
use system_tests::patience::until;
use system_tests::sandbox::{Options, Sandbox};

const METHOD: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// Everything that was exported, as it came.
type Received = Arc<Mutex<Vec<Vec<u8>>>>;

struct Collector {
    endpoint: String,
    received: Received,
    task: JoinHandle<()>,
}

impl Collector {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let received = Received::default();
        let kept = Arc::clone(&received);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&kept)));
            }
        });
        Self { endpoint, received, task }
    }

    fn spans(&self) -> Vec<Span> {
        let received = self.received.lock().expect("not poisoned");
        let requests = received
            .iter()
            .map(|bytes| ExportTraceServiceRequest::decode(bytes.as_slice()).expect("an export"));
        requests
            .flat_map(|request| request.resource_spans)
            .flat_map(|resource| resource.scope_spans)
            .flat_map(|scope| scope.spans)
            .collect()
    }

    #[track_caller]
    fn heard_nothing_of(&self, secrets: &[&str]) {
        let all = self.received.lock().expect("not poisoned").concat();
        for secret in secrets {
            assert!(memchr::memmem::find(&all, secret.as_bytes()).is_none(), "{secret} was exported");
        }
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, received: Received) {
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    while let Some(Ok((request, answer))) = connection.accept().await {
        tokio::spawn(export(request, answer, Arc::clone(&received)));
    }
}

/// One call: a message with its five bytes of framing in, an empty one out, and a status of 0 after it.
async fn export(
    request: http::Request<h2::RecvStream>,
    mut answer: h2::server::SendResponse<Bytes>,
    received: Received,
) {
    assert_eq!(request.uri().path(), METHOD);
    let mut body = request.into_body();
    let mut framed = Vec::new();
    while let Some(Ok(chunk)) = body.data().await {
        let _ = body.flow_control().release_capacity(chunk.len());
        framed.extend_from_slice(&chunk);
    }
    let (framing, message) = framed.split_at(5);
    assert_eq!(framing[0], 0, "not compressed");
    received.lock().expect("not poisoned").push(message.to_vec());
    let head = http::Response::builder().header("content-type", "application/grpc").body(()).expect("a head");
    let mut stream = answer.send_response(head, false).expect("the call is open");
    stream.send_data(Bytes::from_static(&[0; 5]), false).expect("the call is open");
    let status = http::HeaderMap::from_iter([(
        http::HeaderName::from_static("grpc-status"),
        http::HeaderValue::from_static("0"),
    )]);
    stream.send_trailers(status).expect("the call is open");
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// An attribute as text.
fn attribute(span: &Span, name: &str) -> Option<String> {
    let found = span.attributes.iter().find(|attribute| attribute.key == name)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_request_is_a_span_of_its_callers_trace_and_nothing_personal_is_told() {
    let collector = Collector::start().await;
    let mut sandbox = Sandbox::start_with(Options::environment(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint),
        ("OTEL_BSP_SCHEDULE_DELAY", "100"),
        ("RUST_LOG", "warn"),
    ]))
    .await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let traceparent = format!("00-{TRACE}-{PARENT}-01");
    let mut body = verified(&customer);
    body["reason"] = json!("Alasan rahasia 9981");
    body["raw"] = json!({"nik": "3174096112905577"});
    let headers = [("traceparent", traceparent.as_str()), ("idempotency-key", "KEY-5566")];
    let said = api.post(VERDICT, &headers, &body).await.expect(200);
    let named = json!({"fullName": "Quintessa Wijaya", "externalId": "EXTID-77"});
    api.post("/api/customers", &[], &named).await.expect(201);
    let traced = [("traceparent", traceparent.as_str())];
    let path = "/api/customers?externalId=EXTID-77";
    api.send(reqwest::Method::GET, path, &traced, None).await.expect(200);
    api.send(reqwest::Method::GET, "/nowhere/SECRETPATH", &traced, None).await.expect(404);
    let kyc = format!("/api/identity/kyc/{customer}?asOf=2999-01-01T00:00:00Z");
    api.send(reqwest::Method::GET, &kyc, &traced, None).await.expect(200);
    let spans = until("four spans of the trace", async || {
        let spans: Vec<_> =
            collector.spans().into_iter().filter(|span| hex(&span.trace_id) == TRACE).collect();
        (spans.iter().filter(|span| hex(&span.parent_span_id) == PARENT).count() >= 4).then_some(spans)
    })
    .await;
    let ours = |name: &str| {
        let found = spans.iter().find(|span| span.name == name);
        found.unwrap_or_else(|| {
            panic!("no span {name}: {:?}", spans.iter().map(|s| &s.name).collect::<Vec<_>>())
        })
    };
    for (name, method, route, status) in [
        ("POST /api/identity/nik/dukcapil", "POST", Some(VERDICT), "200"),
        ("GET /api/customers", "GET", Some("/api/customers"), "200"),
        ("GET /api/identity/kyc/{customerId}", "GET", Some("/api/identity/kyc/{customerId}"), "200"),
        ("GET", "GET", None, "404"),
    ] {
        let span = ours(name);
        assert_eq!((span.kind, hex(&span.parent_span_id).as_str()), (2, PARENT), "{name}: a server's span");
        assert_eq!(attribute(span, "http.request.method").as_deref(), Some(method));
        assert_eq!(attribute(span, "http.route").as_deref(), route);
        assert_eq!(attribute(span, "http.response.status_code").as_deref(), Some(status));
        assert!(span.end_time_unix_nano >= span.start_time_unix_nano);
    }
    let verdict = ours("POST /api/identity/nik/dukcapil").clone();
    // The rest leaves at the end: what was said in all is searched then.
    assert_eq!(sandbox.sigterm().await.code(), Some(0));
    let secrets = ["Alasan", "9981", "3174096112905577", "Quintessa", "EXTID", "externalId=", "SECRETPATH"];
    collector.heard_nothing_of(&secrets);
    let key = sandbox.info().key.as_str();
    collector.heard_nothing_of(&["asOf", "KEY-5566", key, text(&body["photo"]), customer.as_str()]);
    // What is recorded goes on from that very span.
    let records = sandbox.records(domain::ports::Topic::Events).await;
    let carried: Vec<_> = records.iter().filter_map(|record| record.header("traceparent")).collect();
    let wanted = format!("00-{TRACE}-{}-01", hex(&verdict.span_id));
    assert!(carried.contains(&wanted.as_bytes()), "{said}: no record goes on from {wanted}");
}

#[tokio::test]
async fn a_collector_that_is_not_there_harms_nothing() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", nobody.local_addr().expect("an address"));
    drop(nobody);
    let environment =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), ("OTEL_BSP_SCHEDULE_DELAY", "100")];
    let mut sandbox = Sandbox::start_with(Options::environment(&environment)).await;
    for _ in 0..3 {
        sandbox.api().verdict(&verified(&sandbox.info().customer)).await.expect(200);
    }
    assert_eq!(sandbox.admin().get("/readyz").await.status, 200);
    assert_eq!(sandbox.sigterm().await.code(), Some(0));
}
