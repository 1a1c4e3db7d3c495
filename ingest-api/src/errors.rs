//! The one table that turns errors into HTTP (contract §1). An error never echoes a value that was sent, and
//! the body of a 5xx says nothing about us: its cause goes to the log line with the same request id.

use std::collections::BTreeMap;
use std::fmt;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use domain::ids::CustomerId;
use domain::orgs::Scope;
use domain::ports::{LogError, StoreError};
use serde_json::{Value, json};
use vault::VaultError;

use crate::limits::RETRY_AFTER_S;
use crate::ratelimit::Bucket;

/// What is wrong with a request's fields, all at once: field name to texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldErrors(BTreeMap<String, Vec<String>>);

impl FieldErrors {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One field with one text.
    pub fn of(field: &str, text: &str) -> Self {
        let mut errors = Self::new();
        errors.add(field, text);
        errors
    }

    /// Adds a text to a field.
    pub fn add(&mut self, field: &str, text: impl Into<String>) {
        self.0.entry(field.to_owned()).or_default().push(text.into());
    }

    /// Takes another's texts in.
    pub fn merge(&mut self, other: Self) {
        for (field, texts) in other.0 {
            self.0.entry(field).or_default().extend(texts);
        }
    }

    /// Whether there is nothing wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The texts of a field.
    pub fn field(&self, field: &str) -> Option<&[String]> {
        self.0.get(field).map(Vec::as_slice)
    }

    /// `Ok` of the value when there is nothing wrong.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] otherwise.
    pub fn or<T>(self, value: T) -> Result<T, ApiError> {
        if self.is_empty() { Ok(value) } else { Err(ApiError::Invalid(self)) }
    }
}

/// Where JSON stopped being JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonPosition {
    /// From 1.
    pub line: usize,
    /// Bytes into the line, from 1.
    pub column: usize,
    /// Bytes into the body, from 0.
    pub offset: usize,
}

/// Everything that can go wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiError {
    /// 400: the body is not JSON.
    MalformedJson(JsonPosition),
    /// 400: fields are wrong.
    Invalid(FieldErrors),
    /// 400: a request with a body asks for another protocol.
    UpgradeWithBody,
    /// 400: the body ended before its `Content-Length`.
    BodyIncomplete,
    /// 401.
    Unauthorized,
    /// 403: the key lacks this scope.
    MissingScope(Scope),
    /// 403: the org may not send verdicts.
    CapabilityDisabled,
    /// 404; another org's object, too.
    NotFound,
    /// 404, but may be there soon.
    NotFoundYet,
    /// 405, with the methods that are there.
    MethodNotAllowed(&'static str),
    /// 408.
    BodyStalled,
    /// 409: the external id is this customer's.
    ExternalIdTaken(CustomerId),
    /// 409: a photo cannot be enrolled any more.
    BiometricWithdrawn,
    /// 409: evidence cannot be kept any more.
    EvidenceErased,
    /// 413.
    BodyTooLarge,
    /// 415.
    UnsupportedMediaType,
    /// 415: the body is in a content coding.
    UnsupportedContentEncoding,
    /// 422.
    KeyReused,
    /// 429.
    RateLimited {
        /// Which limit.
        bucket: Bucket,
        /// How many a minute.
        limit: u32,
        /// Seconds until the window ends.
        retry_after_s: u64,
    },
    /// 500: the cause, for the log.
    Internal(String),
    /// 503: too many bytes in flight.
    Overloaded,
    /// 503: the cause, for the log.
    Unavailable(String),
}

impl ApiError {
    /// Status and text: the table.
    fn row(&self) -> (StatusCode, &'static str) {
        match self {
            Self::MalformedJson(_) => (StatusCode::BAD_REQUEST, "malformed JSON"),
            Self::Invalid(_) => (StatusCode::BAD_REQUEST, "validation failed"),
            Self::UpgradeWithBody => {
                (StatusCode::BAD_REQUEST, "a request with a body cannot ask for Upgrade")
            }
            Self::BodyIncomplete => (StatusCode::BAD_REQUEST, "incomplete body"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "missing or invalid Bearer"),
            Self::MissingScope(_) => (StatusCode::FORBIDDEN, "missing scope"),
            Self::CapabilityDisabled => (StatusCode::FORBIDDEN, "org capability disabled"),
            Self::NotFound | Self::NotFoundYet => (StatusCode::NOT_FOUND, "not found"),
            Self::MethodNotAllowed(_) => (StatusCode::METHOD_NOT_ALLOWED, "method not allowed"),
            Self::BodyStalled => (StatusCode::REQUEST_TIMEOUT, "request body stalled"),
            Self::ExternalIdTaken(_) => (StatusCode::CONFLICT, "externalId already registered"),
            Self::BiometricWithdrawn => (StatusCode::CONFLICT, "biometric consent withdrawn"),
            Self::EvidenceErased => (StatusCode::CONFLICT, "evidence consent withdrawn"),
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "request body too large"),
            Self::UnsupportedMediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported media type"),
            Self::UnsupportedContentEncoding => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported content encoding")
            }
            Self::KeyReused => {
                (StatusCode::UNPROCESSABLE_ENTITY, "idempotency key reused with a different body")
            }
            Self::RateLimited { .. } => (StatusCode::TOO_MANY_REQUESTS, "rate limit exceeded"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal error"),
            Self::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "too many requests in flight"),
            Self::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "temporarily unavailable"),
        }
    }

    /// The body.
    pub(crate) fn body(&self) -> Value {
        let error = self.row().1;
        match self {
            Self::MissingScope(scope) => json!({ "error": format!("missing scope: {}", scope.as_str()) }),
            Self::MalformedJson(at) => json!({
                "error": error,
                "details": { "line": at.line, "column": at.column, "offset": at.offset },
            }),
            Self::Invalid(fields) => json!({ "error": error, "details": { "fieldErrors": fields.0 } }),
            Self::ExternalIdTaken(id) => json!({ "error": error, "details": { "id": id.as_str() } }),
            Self::RateLimited { bucket, limit, .. } => {
                json!({ "error": error, "bucket": bucket.as_str(), "limit": limit })
            }
            Self::UpgradeWithBody
            | Self::BodyIncomplete
            | Self::Unauthorized
            | Self::CapabilityDisabled
            | Self::NotFound
            | Self::NotFoundYet
            | Self::MethodNotAllowed(_)
            | Self::BodyStalled
            | Self::BiometricWithdrawn
            | Self::EvidenceErased
            | Self::BodyTooLarge
            | Self::UnsupportedMediaType
            | Self::UnsupportedContentEncoding
            | Self::KeyReused
            | Self::Internal(_)
            | Self::Overloaded
            | Self::Unavailable(_) => json!({ "error": error }),
        }
    }

    /// The headers that go with it.
    fn headers(&self, response: &mut HttpResponseBuilder) {
        match self {
            Self::Unauthorized => {
                response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
            }
            Self::MethodNotAllowed(allow) => {
                response.insert_header((header::ALLOW, *allow));
            }
            // What would be taken (RFC 9110 §15.5.16).
            Self::UnsupportedContentEncoding => {
                response.insert_header((header::ACCEPT_ENCODING, "identity"));
            }
            Self::RateLimited { retry_after_s, .. } => {
                response.insert_header((header::RETRY_AFTER, retry_after_s.to_string()));
            }
            Self::NotFoundYet | Self::Overloaded | Self::Unavailable(_) => {
                response.insert_header((header::RETRY_AFTER, RETRY_AFTER_S.to_string()));
            }
            _ => {}
        }
    }

    /// What the log line says of it beside the status; nothing that was sent.
    pub fn cause(&self) -> Option<&str> {
        match self {
            Self::Internal(cause) | Self::Unavailable(cause) => Some(cause),
            Self::Overloaded => {
                Some("more bytes of bodies in flight than the budget, or the org's share of it")
            }
            _ => None,
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().1)
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.row().0
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        self.headers(&mut response);
        response.json(self.body())
    }
}

impl From<LogError> for ApiError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Unavailable(_) | LogError::Unconfirmed(_) | LogError::Halted(_) => {
                Self::Unavailable(error.to_string())
            }
            LogError::TooLarge { .. } => Self::Internal(error.to_string()),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::Unavailable(error.to_string()),
            StoreError::Corrupt(_) => Self::Internal(error.to_string()),
        }
    }
}

impl From<VaultError> for ApiError {
    fn from(error: VaultError) -> Self {
        match error {
            // A key that is away comes back when an operator has put it right: nothing of ours is broken.
            VaultError::Unavailable(_) | VaultError::KeyAway(_) => Self::Unavailable(error.to_string()),
            // Destroyed between the check and the use: the customer is gone as of now.
            VaultError::Destroyed => Self::NotFound,
            _ => Self::Internal(error.to_string()),
        }
    }
}

/// The JSON body of an answer that no handler of ours made.
pub fn bare_body(status: StatusCode) -> Value {
    let text = match status {
        StatusCode::BAD_REQUEST => "malformed request",
        StatusCode::REQUEST_TIMEOUT => "request timeout",
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => "request header too large",
        StatusCode::NOT_FOUND => "not found",
        StatusCode::METHOD_NOT_ALLOWED => "method not allowed",
        StatusCode::PAYLOAD_TOO_LARGE => "request body too large",
        status if status.is_server_error() => "internal error",
        _ => "request refused",
    };
    json!({ "error": text })
}
