//! The management listener of a program that has no API: `/livez`, `/readyz`, `/metrics`, nothing else, for an
//! internal network (contract §4); and what readiness is, for every program. `ingest-api` has a listener of its own,
//! because it also shows the schema registry there. Knows neither what a program does nor where metrics come from.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue, UPGRADE};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::limits::{ACCEPT_PAUSE, ANSWER_PROGRESS, CONNECTIONS_MAX, DRAIN, HEAD_BYTES_MAX, HEAD_MAX};
use crate::{Progressing, Readiness};

/// What the listener shows. Cheap to clone.
#[derive(Clone)]
pub struct HealthSources {
    /// For `/readyz`.
    pub readiness: Arc<Readiness>,
    /// For `/metrics`: Prometheus' text format.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
}

/// How long a client may take.
#[derive(Debug, Clone, Copy)]
struct Times {
    /// A TLS handshake, and each request's head.
    head: Duration,
    /// Until it takes another byte of an answer.
    progress: Duration,
}

/// A listener that is bound and does not serve yet.
pub struct Bound {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    times: Times,
}

impl Bound {
    /// Binds the address; port 0 takes a free one. Plaintext without `tls`.
    ///
    /// # Errors
    /// The operating system's.
    pub async fn new(address: SocketAddr, tls: Option<ServerConfig>) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let tls = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
        Ok(Self { listener, tls, times: Times { head: HEAD_MAX, progress: ANSWER_PROGRESS } })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The operating system's.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until cancelled, then lets what is under way end.
    pub async fn serve(self, shown: HealthSources, cancel: CancellationToken) {
        let connections = TaskTracker::new();
        let free = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        loop {
            let accepted = async {
                // Never closed: the wait ends with a permit.
                let permit = Arc::clone(&free).acquire_owned().await.ok();
                (permit, self.listener.accept().await)
            };
            let Some((permit, accepted)) = cancel.run_until_cancelled(accepted).await else { break };
            match accepted {
                Ok((stream, _)) => {
                    let (tls, shown, cancel) = (self.tls.clone(), shown.clone(), cancel.clone());
                    let times = self.times;
                    connections.spawn(async move {
                        let stream = Progressing::over(stream, times.progress);
                        connection(stream, times, tls, shown, cancel).await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "the management listener cannot accept");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        connections.close();
        // Whoever is slower than this is cut off with the process.
        let _ = tokio::time::timeout(DRAIN, connections.wait()).await;
    }
}

async fn connection(
    stream: Progressing<TcpStream>,
    times: Times,
    tls: Option<TlsAcceptor>,
    shown: HealthSources,
    cancel: CancellationToken,
) {
    let Some(tls) = tls else { return http(stream, times, shown, cancel).await };
    match tokio::time::timeout(times.head, tls.accept(stream)).await {
        Ok(Ok(stream)) => http(stream, times, shown, cancel).await,
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}

async fn http(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    times: Times,
    shown: HealthSources,
    cancel: CancellationToken,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = answer(&request, &shown);
        async move { Ok::<_, Infallible>(answer) }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(times.head).max_buf_size(HEAD_BYTES_MAX);
    let mut serving = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = &mut serving => ended,
        () = cancel.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a management connection ended early");
    }
}

const JSON: &str = "application/json";
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

fn answer(request: &Request<Incoming>, shown: &HealthSources) -> Response<Full<Bytes>> {
    let method = request.method();
    let (status, kind, body) = match request.uri().path() {
        _ if request.headers().contains_key(UPGRADE) && !request.body().is_end_stream() => {
            let body =
                r#"{"error":"a request with a body cannot ask for Upgrade","code":"upgrade_with_body"}"#;
            (StatusCode::BAD_REQUEST, JSON, body.to_owned())
        }
        "/livez" | "/readyz" | "/metrics" if method != Method::GET && method != Method::HEAD => (
            StatusCode::METHOD_NOT_ALLOWED,
            JSON,
            r#"{"error":"method not allowed","code":"method_not_allowed"}"#.to_owned(),
        ),
        "/livez" => (StatusCode::OK, JSON, r#"{"status":"alive"}"#.to_owned()),
        "/readyz" => match shown.readiness.answer() {
            (true, body) => (StatusCode::OK, JSON, body),
            (false, body) => (StatusCode::SERVICE_UNAVAILABLE, JSON, body),
        },
        "/metrics" => (StatusCode::OK, PROMETHEUS, (shown.metrics)()),
        _ => (StatusCode::NOT_FOUND, JSON, r#"{"error":"not found","code":"route_not_found"}"#.to_owned()),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::UnreadyReason;

    async fn ask(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.expect("connected");
        let request = format!("{request} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut heard = String::new();
        stream.read_to_string(&mut heard).await.expect("answered");
        heard
    }

    #[tokio::test]
    async fn it_shows_life_readiness_and_metrics_and_nothing_else() {
        let bound = Bound::new(SocketAddr::from(([127, 0, 0, 1], 0)), None).await.expect("bound");
        let address = bound.address().expect("an address");
        let stop = CancellationToken::new();
        let readiness = Arc::new(Readiness::waiting_for([UnreadyReason::Dependencies], &stop));
        let shown =
            HealthSources { readiness: Arc::clone(&readiness), metrics: Arc::new(|| "up 1\n".to_owned()) };
        let cancel = CancellationToken::new();
        let serving = tokio::spawn(bound.serve(shown, cancel.clone()));
        let status = async |request| ask(address, request).await[9..12].to_owned();
        assert_eq!(status("GET /livez").await, "200");
        let unready = ask(address, "GET /readyz").await;
        assert!(
            unready.contains(" 503 ") && unready.ends_with(r#""reasons":["dependencies"]}"#),
            "{unready}"
        );
        readiness.settle(UnreadyReason::Dependencies);
        assert_eq!(status("GET /readyz").await, "200");
        let metrics = ask(address, "GET /metrics").await;
        assert!(metrics.contains(PROMETHEUS) && metrics.ends_with("up 1\n"), "{metrics}");
        let lost = ask(address, "GET /other").await;
        assert!(lost.contains("404") && lost.ends_with(r#""code":"route_not_found"}"#), "{lost}");
        let refused = ask(address, "POST /metrics").await;
        assert!(refused.contains("405") && refused.contains("allow: GET, HEAD"), "{refused}");
        assert!(refused.ends_with(r#""code":"method_not_allowed"}"#), "{refused}");
        stop.cancel();
        assert_eq!(status("GET /readyz").await, "503");
        cancel.cancel();
        serving.await.expect("ended");
        assert!(TcpStream::connect(address).await.is_err(), "closed");
    }

    /// A listener that loses patience soon, and what ends it.
    async fn impatient(metrics: Arc<dyn Fn() -> String + Send + Sync>) -> (SocketAddr, CancellationToken) {
        let mut bound = Bound::new(SocketAddr::from(([127, 0, 0, 1], 0)), None).await.expect("bound");
        let time = Duration::from_millis(500);
        bound.times = Times { head: time, progress: time };
        let address = bound.address().expect("an address");
        let cancel = CancellationToken::new();
        let shown = HealthSources {
            readiness: Arc::new(Readiness::waiting_for([], &CancellationToken::new())),
            metrics,
        };
        tokio::spawn(bound.serve(shown, cancel.clone()));
        (address, cancel)
    }

    /// Writes again and again, at a pace, until the other side has ended the connection.
    async fn drip_to_the_end(stream: &mut TcpStream) {
        for _ in 0..1_000 {
            if stream.write_all(b"x").await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the connection goes on");
    }

    #[tokio::test]
    async fn every_head_has_its_time_and_an_answer_must_be_read() {
        let (address, cancel) = impatient(Arc::new(|| "up 1\n".repeat(10_000_000))).await;
        let live = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";
        let mut stream = TcpStream::connect(address).await.expect("connected");
        stream.write_all(live.as_bytes()).await.expect("sent");
        stream.read_exact(&mut [0; 15]).await.expect("an answer");
        stream.write_all(b"GET /livez HTTP/1.1\r\nX: ").await.expect("sent");
        drip_to_the_end(&mut stream).await;
        let mut unread = TcpStream::connect(address).await.expect("connected");
        unread.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
        drip_to_the_end(&mut unread).await;
        cancel.cancel();
    }

    #[tokio::test]
    async fn pipelined_answers_keep_their_bodies_and_an_upgrade_hides_none() {
        let (address, cancel) = impatient(Arc::new(String::new)).await;
        let heard = ask(
            address,
            "GET /livez HTTP/1.1\r\nHost: x\r\n\r\nHEAD /livez HTTP/1.1\r\nHost: x\r\n\r\nGET /livez",
        )
        .await;
        let bodies: Vec<&str> = heard.split("\r\n\r\n").collect();
        assert!(bodies[1].starts_with("{\"status\":\"alive\"}HTTP/1.1 200"), "{heard}");
        assert!(bodies[2].starts_with("HTTP/1.1 200") && bodies[3] == "{\"status\":\"alive\"}", "{heard}");
        for upgrade in ["Upgrade: websocket", "Upgrade: h2c\r\nConnection: Upgrade"] {
            let request = format!(
                "POST /livez HTTP/1.1\r\n{upgrade}\r\nContent-Length: 1\r\nHost: x\r\n\r\nxGET /livez"
            );
            let heard = ask(address, &request).await;
            assert!(heard.starts_with("HTTP/1.1 400") && heard.contains("Upgrade"), "{heard}");
        }
        cancel.cancel();
    }
}
