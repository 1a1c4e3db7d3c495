//! The management listener of a program that has no API: `/livez`, `/readyz`, `/metrics`, nothing else, for an
//! internal network (contract §4). `ingest-api` has its own, because it also shows the schema registry there.
//! Knows neither what a program does nor where metrics come from.

mod limits;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
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

use crate::limits::{ACCEPT_PAUSE, CONNECTIONS_MAX, DRAIN, HEAD_BYTES_MAX, HEAD_MAX};

/// Whether the program is ready: once every dependency has answered, and not any more once it shuts down.
#[derive(Debug, Default)]
pub struct Readiness {
    ready: AtomicBool,
    draining: AtomicBool,
}

impl Readiness {
    /// Every dependency has answered once.
    pub fn set_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }

    /// The shutdown has begun.
    pub fn set_draining(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Ready and not shutting down.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire) && !self.draining.load(Ordering::Acquire)
    }
}

/// What the listener shows. Cheap to clone.
#[derive(Clone)]
pub struct Shown {
    /// For `/readyz`.
    pub readiness: Arc<Readiness>,
    /// For `/metrics`: Prometheus' text format.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
}

/// A listener that is bound and does not serve yet.
pub struct Bound {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
}

impl Bound {
    /// Binds the address; port 0 takes a free one. Plaintext without `tls`.
    ///
    /// # Errors
    /// The operating system's.
    pub async fn new(address: SocketAddr, tls: Option<ServerConfig>) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        Ok(Self { listener, tls: tls.map(|config| TlsAcceptor::from(Arc::new(config))) })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The operating system's.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until cancelled, then lets what is under way end.
    pub async fn serve(self, shown: Shown, cancel: CancellationToken) {
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
                    connections.spawn(async move {
                        connection(stream, tls, shown, cancel).await;
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

async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>, shown: Shown, cancel: CancellationToken) {
    let Some(tls) = tls else { return http(stream, shown, cancel).await };
    match tokio::time::timeout(HEAD_MAX, tls.accept(stream)).await {
        Ok(Ok(stream)) => http(stream, shown, cancel).await,
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}

async fn http(stream: impl AsyncRead + AsyncWrite + Unpin, shown: Shown, cancel: CancellationToken) {
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = answer(request.method(), request.uri().path(), &shown);
        async move { Ok::<_, Infallible>(answer) }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_MAX).max_buf_size(HEAD_BYTES_MAX);
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

fn answer(method: &Method, path: &str, shown: &Shown) -> Response<Full<Bytes>> {
    let (status, kind, body) = match path {
        "/livez" | "/readyz" | "/metrics" if method != Method::GET && method != Method::HEAD => (
            StatusCode::METHOD_NOT_ALLOWED,
            JSON,
            r#"{"error":"method not allowed","code":"method_not_allowed"}"#.to_owned(),
        ),
        "/livez" => (StatusCode::OK, JSON, r#"{"status":"alive"}"#.to_owned()),
        "/readyz" if shown.readiness.is_ready() => (StatusCode::OK, JSON, r#"{"status":"ready"}"#.to_owned()),
        "/readyz" => (StatusCode::SERVICE_UNAVAILABLE, JSON, r#"{"status":"unready"}"#.to_owned()),
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
        let readiness = Arc::new(Readiness::default());
        let shown = Shown { readiness: Arc::clone(&readiness), metrics: Arc::new(|| "up 1\n".to_owned()) };
        let cancel = CancellationToken::new();
        let serving = tokio::spawn(bound.serve(shown, cancel.clone()));
        let status = async |request| ask(address, request).await[9..12].to_owned();
        assert_eq!(status("GET /livez").await, "200");
        assert_eq!(status("GET /readyz").await, "503");
        readiness.set_ready();
        assert_eq!(status("GET /readyz").await, "200");
        let metrics = ask(address, "GET /metrics").await;
        assert!(metrics.contains(PROMETHEUS) && metrics.ends_with("up 1\n"), "{metrics}");
        let lost = ask(address, "GET /other").await;
        assert!(lost.contains("404") && lost.ends_with(r#""code":"route_not_found"}"#), "{lost}");
        let refused = ask(address, "POST /metrics").await;
        assert!(refused.contains("405") && refused.contains("allow: GET, HEAD"), "{refused}");
        assert!(refused.ends_with(r#""code":"method_not_allowed"}"#), "{refused}");
        readiness.set_draining();
        assert_eq!(status("GET /readyz").await, "503");
        cancel.cancel();
        serving.await.expect("ended");
        assert!(TcpStream::connect(address).await.is_err(), "closed");
    }
}
