//! Request ids and `traceparent`: what names a request in answers, log lines and records.

use actix_web::http::header::{HeaderMap, HeaderName};
use domain::ids::RequestId;
use service::telemetry::TraceParent;
use tracing::Span;

use crate::limits::{HEAD_BYTES_MAX, REQUEST_ID_CHARS_MAX};

/// The header, in answers and in requests.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static(NAME);

const NAME: &str = "x-request-id";

/// A request's id: the caller's, or ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestName(String);

impl RequestName {
    /// The caller's id when it is 1 to 128 visible ASCII characters, else a new one.
    pub fn of(headers: &HeaderMap) -> Self {
        headers
            .get(X_REQUEST_ID)
            .and_then(|value| visible_ascii(value.as_bytes(), REQUEST_ID_CHARS_MAX))
            .map_or_else(Self::mint, |given| Self(given.to_owned()))
    }

    /// The caller's id as it stands in a head that was not taken as one, else a new one.
    pub fn of_bytes(head: &[u8]) -> Self {
        let given =
            head.get(..HEAD_BYTES_MAX).unwrap_or(head).split(|byte| *byte == b'\n').find_map(|line| {
                let (name, value) = line.split_at_checked(NAME.len())?;
                let value =
                    value.strip_prefix(b":").filter(|_| name.eq_ignore_ascii_case(NAME.as_bytes()))?;
                visible_ascii(value.trim_ascii(), REQUEST_ID_CHARS_MAX)
            });
        given.map_or_else(Self::mint, |given| Self(given.to_owned()))
    }

    /// A new id.
    pub fn mint() -> Self {
        Self(RequestId::from_bytes(vault::random_id()).as_str().to_owned())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The bytes as text when they are 1 to `chars_max` visible ASCII characters (0x21 to 0x7e).
pub fn visible_ascii(bytes: &[u8], chars_max: usize) -> Option<&str> {
    let good = (1..=chars_max).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
    if good { std::str::from_utf8(bytes).ok() } else { None }
}

/// The caller's place in a trace, if it brought a well-formed W3C `traceparent`.
pub fn traceparent(headers: &HeaderMap) -> Option<TraceParent> {
    TraceParent::parse(headers.get("traceparent")?.to_str().ok()?).ok()
}

/// What records carry on: the request's own span where traces are exported, else what the caller brought.
pub fn carried(headers: &HeaderMap) -> Option<String> {
    TraceParent::of_span(&Span::current()).or_else(|| traceparent(headers)).map(|trace| trace.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    #[test]
    fn an_id_is_found_in_a_head_that_is_none() {
        for (head, given) in [
            ("POST / HTTP/1.1\r\nX-Request-ID:  mine-1 \r\nUpgrade: x\r\n\r\n", Some("mine-1")),
            ("nonsense\nx-request-id: mine", Some("mine")),
            ("GET / HTTP/1.1\r\nx-request-id: two words\r\n\r\n", None),
            ("GET / HTTP/1.1\r\nx-request-id-2: mine\r\n\r\n", None),
            ("x-request-i", None),
            ("", None),
        ] {
            let name = RequestName::of_bytes(head.as_bytes());
            match given {
                Some(given) => assert_eq!(name.as_str(), given, "{head}"),
                None => assert!(name.as_str().starts_with("req_"), "{head}"),
            }
        }
    }

    fn headers(name: &'static str, value: &[u8]) -> HeaderMap {
        let mut map = HeaderMap::new();
        map.insert(HeaderName::from_static(name), HeaderValue::from_bytes(value).expect("a header value"));
        map
    }

    #[test]
    fn a_visible_ascii_id_is_the_callers() {
        for given in ["a", "req-1/2:3~!", &"x".repeat(128)] {
            assert_eq!(RequestName::of(&headers("x-request-id", given.as_bytes())).as_str(), given);
        }
    }

    #[test]
    fn any_other_id_is_ours() {
        for given in ["", "a b", "é", &"x".repeat(129)] {
            let name = RequestName::of(&headers("x-request-id", given.as_bytes()));
            assert!(RequestId::parse(name.as_str()).is_ok(), "{given:?} -> {name:?}");
        }
        assert_ne!(RequestName::mint(), RequestName::mint());
    }

    #[test]
    fn only_a_well_formed_traceparent_is_carried() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(carried(&headers("traceparent", good.as_bytes())).as_deref(), Some(good));
        assert_eq!(carried(&headers("traceparent", b"00-x")), None);
        assert_eq!(carried(&HeaderMap::new()), None);
    }
}
