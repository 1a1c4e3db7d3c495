//! What the management listener answers: health, metrics, and what the program's own pages say.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue, UPGRADE};
use hyper::{Method, Request, Response, StatusCode};

use crate::Readiness;

/// The methods of what can be read.
const READ: &str = "GET, HEAD";

/// What is asked of a program's own pages.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest<'a> {
    /// The path as it was sent, percent-encoded.
    pub path: &'a str,
    /// GET or HEAD; no page has another method.
    pub reads: bool,
}

/// An answer of a program's own pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageAnswer {
    /// 405 goes out with the methods that there are.
    pub status: u16,
    /// Its media type.
    pub content_type: &'static str,
    /// Left out where only the head was asked for.
    pub body: String,
}

type Pages = dyn Fn(PageRequest<'_>) -> Option<PageAnswer> + Send + Sync;

/// What the listener shows. Cheap to clone.
#[derive(Clone)]
pub struct HealthSources {
    readiness: Arc<Readiness>,
    metrics: Arc<dyn Fn() -> String + Send + Sync>,
    pages: Arc<Pages>,
}

impl HealthSources {
    /// Readiness, and metrics in Prometheus' text format.
    pub fn new(readiness: Arc<Readiness>, metrics: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self { readiness, metrics: Arc::new(metrics), pages: Arc::new(|_| None) }
    }

    /// And pages of the program's own, asked about every other path; none where it has no such page.
    #[must_use]
    pub fn with_pages(
        self,
        pages: impl Fn(PageRequest<'_>) -> Option<PageAnswer> + Send + Sync + 'static,
    ) -> Self {
        Self { pages: Arc::new(pages), ..self }
    }
}

const JSON: &str = "application/json";
pub(super) const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a head that does not end is answered, in the words of the public listener.
pub(super) const HEAD_STALLED: &[u8] = b"HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json\r\n\
content-length: 49\r\nconnection: close\r\n\r\n{\"error\":\"request timeout\",\"code\":\"head_stalled\"}";

pub(super) fn answer(request: &Request<Incoming>, sources: &HealthSources) -> Response<Full<Bytes>> {
    let upgrades = request.headers().contains_key(UPGRADE) && !request.body().is_end_stream();
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let answer = if upgrades {
        let body = r#"{"error":"a request with a body cannot ask for Upgrade","code":"upgrade_with_body"}"#;
        json(StatusCode::BAD_REQUEST, body)
    } else {
        page(PageRequest { path: request.uri().path(), reads }, sources)
    };
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(READ));
    }
    response
}

fn page(request: PageRequest<'_>, sources: &HealthSources) -> PageAnswer {
    match request.path {
        "/livez" | "/readyz" | "/metrics" if !request.reads => json(
            StatusCode::METHOD_NOT_ALLOWED,
            r#"{"error":"method not allowed","code":"method_not_allowed"}"#,
        ),
        "/livez" => json(StatusCode::OK, r#"{"status":"alive"}"#),
        "/readyz" => match sources.readiness.answer() {
            (true, body) => json(StatusCode::OK, body),
            (false, body) => json(StatusCode::SERVICE_UNAVAILABLE, body),
        },
        "/metrics" => PageAnswer { status: 200, content_type: PROMETHEUS, body: (sources.metrics)() },
        _ => (sources.pages)(request).unwrap_or_else(|| {
            json(StatusCode::NOT_FOUND, r#"{"error":"not found","code":"route_not_found"}"#)
        }),
    }
}

fn json(status: StatusCode, body: impl Into<String>) -> PageAnswer {
    PageAnswer { status: status.as_u16(), content_type: JSON, body: body.into() }
}
