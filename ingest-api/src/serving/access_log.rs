//! Around every request: its id, its span, its headers, one log line, its metrics, and the JSON form of
//! whatever no handler of ours answered. Never a query string, a body or a key; the key's public name and the ids of what
//! the request was about.

use std::time::Instant;

use actix_http::ConnectionType;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _};
use service::telemetry::Served;
use tracing::Instrument as _;

use crate::console::error::ConsoleError;
use crate::console::session::SignedIn;
use crate::serving::auth::Caller;
use crate::serving::body::UnreadBody;
use crate::serving::connection::ConnectionHandle;
use crate::serving::errors::{ApiError, bare_body};
use crate::serving::logged_objects::LoggedObjects;
use crate::serving::rate_limit::RateState;
use crate::serving::request_id::{RequestName, X_REQUEST_ID, traceparent};

const X_RATELIMIT_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const X_RATELIMIT_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const X_RATELIMIT_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const X_IGNORED_FIELDS: HeaderName = HeaderName::from_static("x-ignored-fields");

/// `X-Ignored-Fields`, left in the request by the handler that read its body.
#[derive(Debug, Clone)]
pub struct IgnoredFields(pub String);

/// The route of what matches none.
pub const NO_ROUTE: &str = "unmatched";

/// The middleware of both listeners.
///
/// # Errors
/// None of its own.
pub async fn observe(
    mut req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let name = RequestName::of(req.headers());
    req.extensions_mut().insert(name.clone());
    let method = method_label(req.method());
    let unread = match req.take_payload() {
        Payload::None => None,
        payload => {
            let unread = UnreadBody::new(payload);
            req.extensions_mut().insert(unread.clone());
            Some(unread)
        }
    };
    // The kind is for traces; the rest of what they say comes when the route and the status are known.
    let span = tracing::info_span!("request", otel.kind = "server", request_id = name.as_str());
    if let Some(trace) = traceparent(req.headers()) {
        trace.adopt(&span);
    }
    let closing = req.request().conn_data::<ConnectionHandle>().cloned();
    let response = next.call(req).instrument(span.clone()).await?;
    let _entered = span.enter();
    let mut response = make_json(response.map_into_boxed_body());
    let headers = headers_of(&response, &name);
    let target = response.response_mut().headers_mut();
    for (name, value) in headers {
        target.insert(name, value);
    }
    let route = response.request().match_pattern();
    let served = Served { method, route: route.as_deref(), status: response.status().as_u16() };
    report(&response, &name, served, started);
    served.describe(&span);
    Ok(match unread {
        Some(unread) if unread.is_unread() => response.map_body(|head, body| {
            head.set_connection_type(ConnectionType::Close);
            unread.linger(body, closing)
        }),
        _ => response,
    })
}

/// The headers that come from what the handler left in the request.
fn headers_of(response: &ServiceResponse, name: &RequestName) -> Vec<(HeaderName, HeaderValue)> {
    let extensions = response.request().extensions();
    let mut headers = Vec::with_capacity(7);
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.push((name, value));
        }
    };
    set(X_REQUEST_ID, name.as_str());
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    // Answers here have personal data unless they say otherwise, and no shared cache may keep those.
    if !response.headers().contains_key(header::CACHE_CONTROL) {
        set(header::CACHE_CONTROL, "no-store");
    }
    if let Some(rate) = extensions.get::<RateState>() {
        set(X_RATELIMIT_LIMIT, &rate.limit.to_string());
        set(X_RATELIMIT_REMAINING, &rate.remaining.to_string());
        set(X_RATELIMIT_RESET, &rate.reset_unix_s.to_string());
    }
    if let Some(ignored) = extensions.get::<IgnoredFields>() {
        set(X_IGNORED_FIELDS, &ignored.0);
    }
    headers
}

/// An error that a framework answered gets our body; the console's have a page of theirs.
fn make_json(response: ServiceResponse) -> ServiceResponse {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) || is_ours(response.headers()) {
        return response;
    }
    response.map_body(|head, _| {
        head.headers_mut().remove(header::CONTENT_LENGTH);
        head.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        BoxBody::new(bare_body(status).to_string())
    })
}

fn is_ours(headers: &HeaderMap) -> bool {
    let is = |value: &HeaderValue, start: &[u8]| value.as_bytes().starts_with(start);
    let kind = headers.get(header::CONTENT_TYPE);
    kind.is_some_and(|value| is(value, b"application/json") || is(value, b"text/html"))
}

fn report(response: &ServiceResponse, name: &RequestName, served: Served<'_>, started: Instant) {
    let latency = started.elapsed();
    let status = response.status();
    let (method, route) = (served.method, served.route.unwrap_or(NO_ROUTE));
    let extensions = response.request().extensions();
    let caller = extensions.get::<Caller>();
    let key_id = caller.map_or("", |caller| caller.key.id.as_str());
    let staff = extensions.get::<SignedIn>();
    let org = caller.map(|caller| &caller.org().org).or_else(|| staff.map(SignedIn::org_id));
    let org = org.map_or("", domain::ids::OrgId::as_str);
    let objects = extensions.get::<LoggedObjects>().map(LoggedObjects::text).unwrap_or_default();
    let cause = response.response().error().and_then(cause).unwrap_or_default();
    let latency_ms = latency.as_secs_f64() * 1_000.0;
    let (request_id, status_number) = (name.as_str(), status.as_u16());
    macro_rules! say {
        ($level:ident $(, $cause:ident)?) => {
            tracing::$level!(
                method,
                route,
                status = status_number,
                latency_ms,
                request_id,
                org,
                key_id,
                objects,
                $($cause,)?
                "request"
            )
        };
    }
    if status.is_server_error() {
        say!(warn, cause);
    } else {
        say!(info);
    }
    let labels =
        [("method", method.to_owned()), ("route", route.to_owned()), ("status", status_label(status))];
    metrics::histogram!("identity_http_request_seconds", &labels[..2]).record(latency.as_secs_f64());
    metrics::counter!("identity_http_requests_total", &labels).increment(1);
}

/// What an error says for the log, whichever front end it is of.
fn cause(error: &Error) -> Option<&str> {
    let of_page = || error.as_error::<ConsoleError>().and_then(ConsoleError::cause);
    error.as_error::<ApiError>().and_then(ApiError::cause).or_else(of_page)
}

fn status_label(status: StatusCode) -> String {
    status.as_str().to_owned()
}

/// A method as a label: methods that a caller made up are one.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
