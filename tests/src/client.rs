//! A foreign HTTP client on the API, and what can be said of an answer. Bytes that no client would send are
//! `wire.rs`'s.

use std::collections::BTreeSet;
use std::fmt;

use data_encoding::BASE64;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::photos;

/// The verdict's endpoint.
pub const VERDICT: &str = "/api/identity/nik/dukcapil";

/// An answer.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = &self.body[..self.body.len().min(2_000)];
        write!(f, "{} {:?} {}", self.status, self.headers, String::from_utf8_lossy(shown))
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a visible header"))
    }

    /// The body, which must be JSON and say so.
    #[track_caller]
    pub fn json(&self) -> Value {
        let kind = self.header("content-type").unwrap_or_default();
        assert!(kind.starts_with("application/json"), "not JSON by its type: {self:?}");
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The body of an answer with this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        self.json()
    }

    /// Exactly this.
    #[track_caller]
    pub fn is(&self, status: u16, body: &Value) {
        assert_eq!(&self.expect(status), body, "{self:?}");
    }

    /// An error with this text, its code, and nothing else but the details that a 403 has.
    #[track_caller]
    pub fn is_error(&self, status: u16, text: &str) {
        let body = self.expect(status);
        assert_eq!(body["error"], text, "{self:?}");
        let code = body["code"].as_str().unwrap_or_else(|| panic!("no code: {self:?}"));
        assert!(codes(status, text).contains(&code), "{self:?}");
        let named: &[&str] = if status == 403 { &["code", "details", "error"] } else { &["code", "error"] };
        assert_eq!(fields(&body), named, "{self:?}");
    }

    /// 400 `validation failed` that names exactly these fields.
    #[track_caller]
    pub fn names_fields(&self, fields: &[&str]) {
        let body = self.expect(400);
        assert_eq!(body["error"], "validation failed", "{self:?}");
        assert_eq!(body["code"], "validation_failed", "{self:?}");
        let errors = body["details"]["fieldErrors"].as_object().unwrap_or_else(|| panic!("{self:?}"));
        let named: BTreeSet<&str> = errors.keys().map(String::as_str).collect();
        assert_eq!(named, fields.iter().copied().collect(), "{self:?}");
        for texts in errors.values() {
            let texts = texts.as_array().unwrap_or_else(|| panic!("{self:?}"));
            assert!(!texts.is_empty() && texts.iter().all(Value::is_string), "{self:?}");
        }
    }

    /// 400 `malformed JSON` with a position.
    #[track_caller]
    pub fn is_malformed(&self) {
        let body = self.expect(400);
        assert_eq!(body["error"], "malformed JSON", "{self:?}");
        assert_eq!(body["code"], "malformed_json", "{self:?}");
        let details = body["details"].as_object().unwrap_or_else(|| panic!("no position: {self:?}"));
        assert!(details.values().any(Value::is_u64), "no position: {self:?}");
    }
}

/// The codes that an error of that status and text may have.
fn codes(status: u16, text: &str) -> &'static [&'static str] {
    match (status, text) {
        (401, _) => &["unauthorized"],
        (403, "org capability disabled") => &["capability_disabled"],
        (403, _) => &["missing_scope"],
        (404, _) => &["route_not_found", "customer_not_found", "verification_not_found"],
        (405, _) => &["method_not_allowed"],
        (408, "request body stalled") => &["body_stalled"],
        (409, "biometric consent withdrawn") => &["biometric_consent_withdrawn"],
        (409, "evidence consent withdrawn") => &["evidence_consent_withdrawn"],
        (422, _) => &["idempotency_key_reused"],
        (500, _) => &["internal_error"],
        (503, "too many requests in flight") => &["overloaded"],
        (503, _) => &["unavailable"],
        _ => &[],
    }
}

/// The names of an object's fields, in order.
#[track_caller]
pub fn fields(value: &Value) -> Vec<&str> {
    let object = value.as_object().unwrap_or_else(|| panic!("not an object: {value}"));
    let mut names: Vec<_> = object.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// A text of an answer.
#[track_caller]
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}"))
}

/// A prefix and 26 Crockford characters.
pub fn is_id(prefix: &str, value: &Value) -> bool {
    let rest = value.as_str().and_then(|id| id.strip_prefix(prefix));
    let crockford = |b: u8| b.is_ascii_digit() || (b.is_ascii_uppercase() && !b"ILOU".contains(&b));
    rest.is_some_and(|rest| rest.len() == 26 && rest.bytes().all(crockford))
}

/// `2026-11-23T04:05:06.007Z`.
pub fn is_time(value: &Value) -> bool {
    let Some(text) = value.as_str() else { return false };
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "0000-00-00T00:00:00.000Z"
}

/// A verdict with a photo, as a bank's backend sends it.
pub fn verified(customer: &str) -> Value {
    json!({ "customerId": customer, "valid": true, "photo": BASE64.encode(&photos::jpeg()) })
}

/// A declined verdict.
pub fn declined(customer: &str, reason: &str) -> Value {
    json!({ "customerId": customer, "valid": false, "reason": reason })
}

/// The API, with a key. Of two instances of one installation one may be asked to write and the other to read:
/// what the first has answered with 200 the second must show.
#[derive(Clone)]
pub struct Api {
    http: reqwest::Client,
    url: String,
    reads_url: String,
    key: String,
}

impl Api {
    pub fn new(url: &str, key: &str) -> Self {
        Self::reading_at(url, url, key)
    }

    /// GETs go to the second URL.
    pub fn reading_at(url: &str, reads_url: &str, key: &str) -> Self {
        // No connection is kept by chance: who wants to share one says so.
        let http = reqwest::Client::builder().pool_max_idle_per_host(0).build().expect("a client");
        Self { http, url: url.to_owned(), reads_url: reads_url.to_owned(), key: key.to_owned() }
    }

    pub fn with_key(&self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self.clone() }
    }

    /// The same over one connection that is kept.
    pub fn kept_open(&self) -> Self {
        let http = reqwest::Client::builder().pool_max_idle_per_host(1).build().expect("a client");
        Self { http, ..self.clone() }
    }

    pub fn key(&self) -> &str {
        &self.key
    }

    /// Sends and hears, or says that the connection broke.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Result<Answer, reqwest::Error> {
        let url = if method == Method::GET { &self.reads_url } else { &self.url };
        let mut request = self.http.request(method, format!("{url}{path}"));
        if !self.key.is_empty() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        {
            request = request.header("authorization", format!("Bearer {}", self.key));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await?.to_vec();
        Ok(Answer { status, headers, body })
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Answer {
        let answer = self.try_send(method, path, headers, body).await;
        answer.unwrap_or_else(|error| panic!("{path}: no answer: {error:?}"))
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], None).await
    }

    /// A body as it stands, with the JSON type.
    pub async fn post_bytes(&self, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let headers = [&[("content-type", "application/json")], headers].concat();
        self.send(Method::POST, path, &headers, Some(body)).await
    }

    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        self.post_bytes(path, headers, body.to_string().into_bytes()).await
    }

    pub async fn verdict(&self, body: &Value) -> Answer {
        self.post(VERDICT, &[], body).await
    }

    /// A new customer's id.
    pub async fn customer(&self, full_name: &str) -> String {
        let answer = self.post("/api/customers", &[], &json!({ "fullName": full_name })).await;
        text(&answer.expect(201)["id"]).to_owned()
    }

    pub async fn kyc(&self, customer: &str) -> Value {
        self.get(&format!("/api/identity/kyc/{customer}")).await.expect(200)
    }

    /// The rows of a list.
    pub async fn rows(&self, query: &str) -> Vec<Value> {
        let body = self.get(&format!("/api/identity/attempts?{query}")).await.expect(200);
        body["data"].as_array().unwrap_or_else(|| panic!("no data: {body}")).clone()
    }

    /// How many rows there are by that filter.
    pub async fn total(&self, query: &str) -> u64 {
        let body = self.get(&format!("/api/identity/attempts?{query}")).await.expect(200);
        body["total"].as_u64().unwrap_or_else(|| panic!("no total: {body}"))
    }
}
