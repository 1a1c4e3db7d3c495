//! What the management listener answers: health, metrics, and what the program's own pages say.

use std::sync::Arc;

use async_trait::async_trait;
use hyper::body::{Body as _, Incoming};
use hyper::header::{ACCEPT_LANGUAGE, ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, UPGRADE};
use hyper::{Method, Request, Response, StatusCode};
use tokio_util::sync::CancellationToken;

use super::body::{AnswerBody, PageBody};
use crate::Readiness;

/// The methods of what can be read.
const READ: &str = "GET, HEAD";

/// What is asked of a program's own pages.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest<'a> {
    /// The path as it was sent, percent-encoded.
    pub path: &'a str,
    /// What stands behind its question mark, as it was sent.
    pub query: Option<&'a str>,
    /// `Accept-Language`, as it was sent.
    pub accept_language: Option<&'a str>,
    /// GET or HEAD; no page has another method.
    pub reads: bool,
}

/// An answer of a program's own pages.
#[derive(Debug)]
pub struct PageAnswer {
    /// 405 goes out with the methods that there are.
    pub status: u16,
    /// Its media type.
    pub content_type: &'static str,
    /// Further headers, by their names in small letters.
    pub headers: Vec<(&'static str, String)>,
    /// Left out where only the head was asked for.
    pub body: PageBody,
}

impl PageAnswer {
    /// An answer without further headers.
    pub fn new(status: u16, content_type: &'static str, body: impl Into<PageBody>) -> Self {
        Self { status, content_type, headers: Vec::new(), body: body.into() }
    }
}

/// A program's own pages.
#[async_trait]
pub trait ProgramPages: Send + Sync {
    /// The answer to that request; none where there is no such page.
    async fn answer(&self, request: PageRequest<'_>) -> Option<PageAnswer>;
}

/// Of a program that has none.
struct NoPages;

#[async_trait]
impl ProgramPages for NoPages {
    async fn answer(&self, _request: PageRequest<'_>) -> Option<PageAnswer> {
        None
    }
}

/// What the listener shows. Cheap to clone.
#[derive(Clone)]
pub struct HealthSources {
    readiness: Arc<Readiness>,
    metrics: Arc<dyn Fn() -> String + Send + Sync>,
    pages: Arc<dyn ProgramPages>,
}

impl HealthSources {
    /// Readiness, and metrics in Prometheus' text format.
    pub fn new(readiness: Arc<Readiness>, metrics: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self { readiness, metrics: Arc::new(metrics), pages: Arc::new(NoPages) }
    }

    /// And pages of the program's own, asked about every other path.
    #[must_use]
    pub fn with_pages(self, pages: Arc<dyn ProgramPages>) -> Self {
        Self { pages, ..self }
    }
}

const JSON: &str = "application/json";
pub(super) const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a head that does not end is answered, in the words of the public listener.
pub(super) const HEAD_STALLED: &[u8] = b"HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json\r\n\
content-length: 49\r\nconnection: close\r\n\r\n{\"error\":\"request timeout\",\"code\":\"head_stalled\"}";

pub(super) async fn answer(
    request: Request<Incoming>,
    sources: HealthSources,
    closing: CancellationToken,
) -> Response<AnswerBody> {
    let (head, body) = request.into_parts();
    let upgrades = head.headers.contains_key(UPGRADE) && !body.is_end_stream();
    let answer = if upgrades {
        let body = r#"{"error":"a request with a body cannot ask for Upgrade","code":"upgrade_with_body"}"#;
        json(StatusCode::BAD_REQUEST, body)
    } else {
        let request = PageRequest {
            path: head.uri.path(),
            query: head.uri.query(),
            accept_language: head.headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()),
            reads: matches!(head.method, Method::GET | Method::HEAD),
        };
        page(request, &sources).await
    };
    let mut response = Response::new(AnswerBody::new(answer.body, &closing));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(READ));
    }
    response
}

async fn page(request: PageRequest<'_>, sources: &HealthSources) -> PageAnswer {
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
        "/metrics" => PageAnswer::new(200, PROMETHEUS, (sources.metrics)()),
        _ => sources.pages.answer(request).await.unwrap_or_else(|| {
            json(StatusCode::NOT_FOUND, r#"{"error":"not found","code":"route_not_found"}"#)
        }),
    }
}

fn json(status: StatusCode, body: impl Into<String>) -> PageAnswer {
    PageAnswer::new(status.as_u16(), JSON, body.into())
}
