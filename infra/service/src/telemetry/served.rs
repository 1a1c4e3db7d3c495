//! What a request's span says of it where traces are exported, in OpenTelemetry's own words for HTTP
//! (<https://opentelemetry.io/docs/specs/semconv/http/http-spans/>). The route is a template and the rest are
//! method and status: no path, query, header or body is named.

use opentelemetry::KeyValue;
use opentelemetry::trace::{Status, TraceContextExt as _};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// A request that was answered.
#[derive(Debug, Clone, Copy)]
pub struct Served<'a> {
    /// `GET`, `POST`, …; one word for what is none.
    pub method: &'static str,
    /// The route's template; none where no route matched.
    pub route: Option<&'a str>,
    /// The answer's status.
    pub status: u16,
}

impl Served<'_> {
    /// Says so of a span. Nothing happens while traces are not exported.
    pub fn describe(&self, span: &tracing::Span) {
        let context = span.context();
        let span = context.span();
        if !span.span_context().is_valid() {
            return;
        }
        let mut attributes = vec![
            KeyValue::new("http.request.method", self.method),
            KeyValue::new("http.response.status_code", i64::from(self.status)),
        ];
        match self.route {
            Some(route) => {
                span.update_name(format!("{} {route}", self.method));
                attributes.push(KeyValue::new("http.route", route.to_owned()));
            }
            None => span.update_name(self.method),
        }
        if self.status >= 500 {
            span.set_status(Status::error(""));
            attributes.push(KeyValue::new("error.type", self.status.to_string()));
        }
        span.set_attributes(attributes);
    }
}
