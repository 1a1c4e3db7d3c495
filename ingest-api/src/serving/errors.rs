//! The one table that turns errors into HTTP (contract §1). An error never echoes a value that was sent, and
//! the body of a 5xx says nothing about us: its cause goes to the log line with the same request id. The words of
//! each code are in `codes`.

mod codes;
mod field_errors;
mod page;

use std::fmt;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use domain::ids::{CustomerId, VerificationId};
use domain::orgs::{RateBucket, Scope};
use domain::ports::{LogError, StoreError};
use serde_json::{Value, json};
use vault::VaultError;

pub use self::codes::{CodeRow, ErrorCode};
pub use self::field_errors::FieldErrors;
pub use self::page::page;
use crate::limits::RETRY_AFTER_S;

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
    /// 403: the org lacks a capability.
    CapabilityDisabled {
        /// As `GET /api/auth/me` shows it; or `signers`, which an org has or has not.
        capability: &'static str,
        /// Whom to ask, where the operator has said so.
        contact: Option<String>,
    },
    /// 404: no such path.
    RouteNotFound,
    /// 404: no such customer; another org's, too.
    NotFound,
    /// 404: no such customer, but it may be there soon.
    NotFoundYet,
    /// 404: no such verification, but it may be there soon.
    VerificationNotFoundYet,
    /// 404: no such recheck.
    RecheckNotFound,
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
    /// 409: nobody can compare faces here.
    NoFaceModel,
    /// 409: there is nothing to compare a face with.
    NoFaceReference,
    /// 409: there is, soon.
    ReferencePending,
    /// 409: the risk wants a better one.
    ReferenceTooWeak,
    /// 409: no such liveness verification, but it may be there soon.
    LivenessPending,
    /// 409: another bundle answered the challenge, and became this verification.
    ChallengeUsed(VerificationId),
    /// 409: the challenge was beyond the cap.
    ChallengeVoid,
    /// 409: the challenge's time is over.
    ChallengeExpired,
    /// 409: the verification does not wait for a person, or not any more.
    NotPending,
    /// 409: the verification does not count as verified.
    NotVoidable,
    /// 409: the verification is void already.
    AlreadyVoided,
    /// 409: whoever decides so has to have seen the picture.
    ReviewUnseen,
    /// 409: the recheck is settled.
    RecheckNotOpen,
    /// 413.
    BodyTooLarge,
    /// 415.
    UnsupportedMediaType,
    /// 415: the body is in a content coding.
    UnsupportedContentEncoding,
    /// 422.
    KeyReused,
    /// 422: no challenge of this customer's for this purpose.
    ChallengeMismatch,
    /// 422: not signed with the challenge's secret.
    SignatureInvalid,
    /// 422: the colours cannot have been shown yet.
    CapturedTooFast,
    /// 429.
    RateLimited {
        /// Which limit.
        bucket: RateBucket,
        /// How many a minute.
        limit: u32,
        /// Seconds until the window ends.
        retry_after_s: u64,
    },
    /// 429: too many tries found another person.
    AttemptsExhausted {
        /// Seconds until another one is decided.
        retry_after_s: u64,
    },
    /// 500: the cause, for the log.
    Internal(String),
    /// 503: too many bytes in flight.
    Overloaded,
    /// 503: too many pictures wait to be compared.
    ProbesWaiting,
    /// 503: a picture to be compared was not read in time.
    ProbeReadLate,
    /// 503: as many captures wait to be judged as may.
    CapturesWaiting,
    /// 503: a capture was not judged in time.
    CaptureJudgedLate,
    /// 503: the cause, for the log.
    Unavailable(String),
}

impl ApiError {
    /// Its code, and with it the status and the text: the table.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::MalformedJson(_) => ErrorCode::MalformedJson,
            Self::Invalid(_) => ErrorCode::ValidationFailed,
            Self::UpgradeWithBody => ErrorCode::UpgradeWithBody,
            Self::BodyIncomplete => ErrorCode::IncompleteBody,
            Self::Unauthorized => ErrorCode::Unauthorized,
            Self::MissingScope(_) => ErrorCode::MissingScope,
            Self::CapabilityDisabled { .. } => ErrorCode::CapabilityDisabled,
            Self::RouteNotFound => ErrorCode::RouteNotFound,
            Self::NotFound | Self::NotFoundYet => ErrorCode::CustomerNotFound,
            Self::VerificationNotFoundYet => ErrorCode::VerificationNotFound,
            Self::RecheckNotFound => ErrorCode::RecheckNotFound,
            Self::MethodNotAllowed(_) => ErrorCode::MethodNotAllowed,
            Self::BodyStalled => ErrorCode::BodyStalled,
            Self::ExternalIdTaken(_) => ErrorCode::ExternalIdTaken,
            Self::BiometricWithdrawn => ErrorCode::BiometricConsentWithdrawn,
            Self::EvidenceErased => ErrorCode::EvidenceConsentWithdrawn,
            Self::NoFaceModel => ErrorCode::NoFaceModel,
            Self::NoFaceReference => ErrorCode::NoFaceReference,
            Self::ReferencePending => ErrorCode::ReferencePending,
            Self::ReferenceTooWeak => ErrorCode::ReferenceTooWeak,
            Self::LivenessPending => ErrorCode::LivenessPending,
            Self::ChallengeUsed(_) => ErrorCode::ChallengeUsed,
            Self::ChallengeVoid => ErrorCode::ChallengeVoid,
            Self::ChallengeExpired => ErrorCode::ChallengeExpired,
            Self::NotPending => ErrorCode::NotPending,
            Self::NotVoidable => ErrorCode::NotVoidable,
            Self::AlreadyVoided => ErrorCode::AlreadyVoided,
            Self::ReviewUnseen => ErrorCode::ReviewUnseen,
            Self::RecheckNotOpen => ErrorCode::RecheckNotOpen,
            Self::BodyTooLarge => ErrorCode::BodyTooLarge,
            Self::UnsupportedMediaType => ErrorCode::UnsupportedMediaType,
            Self::UnsupportedContentEncoding => ErrorCode::UnsupportedContentEncoding,
            Self::KeyReused => ErrorCode::IdempotencyKeyReused,
            Self::ChallengeMismatch => ErrorCode::ChallengeMismatch,
            Self::SignatureInvalid => ErrorCode::SignatureInvalid,
            Self::CapturedTooFast => ErrorCode::CapturedTooFast,
            Self::RateLimited { .. } => ErrorCode::RateLimited,
            Self::AttemptsExhausted { .. } => ErrorCode::AttemptsExhausted,
            Self::Internal(_) => ErrorCode::InternalError,
            Self::Overloaded
            | Self::ProbesWaiting
            | Self::ProbeReadLate
            | Self::CapturesWaiting
            | Self::CaptureJudgedLate => ErrorCode::Overloaded,
            Self::Unavailable(_) => ErrorCode::Unavailable,
        }
    }

    /// The body.
    pub(crate) fn body(&self) -> Value {
        let mut body = bare(self.code());
        match self {
            Self::MissingScope(scope) => {
                body["error"] = format!("missing scope: {}", scope.as_str()).into();
                body["details"] = json!({ "scope": scope.as_str() });
            }
            Self::CapabilityDisabled { capability, contact } => {
                body["details"] = json!({ "capability": capability });
                if let Some(contact) = contact {
                    body["details"]["contact"] = contact.as_str().into();
                }
            }
            Self::MalformedJson(at) => {
                body["details"] = json!({ "line": at.line, "column": at.column, "offset": at.offset });
            }
            Self::Invalid(fields) => body["details"] = json!({ "fieldErrors": fields.0 }),
            Self::ExternalIdTaken(id) => body["details"] = json!({ "id": id.as_str() }),
            Self::ChallengeUsed(id) => body["details"] = json!({ "verificationId": id.as_str() }),
            Self::RateLimited { bucket, limit, .. } => {
                body["bucket"] = bucket.as_str().into();
                body["limit"] = (*limit).into();
            }
            Self::UpgradeWithBody
            | Self::BodyIncomplete
            | Self::Unauthorized
            | Self::RouteNotFound
            | Self::NotFound
            | Self::NotFoundYet
            | Self::VerificationNotFoundYet
            | Self::RecheckNotFound
            | Self::MethodNotAllowed(_)
            | Self::BodyStalled
            | Self::BiometricWithdrawn
            | Self::EvidenceErased
            | Self::NoFaceModel
            | Self::NoFaceReference
            | Self::ReferencePending
            | Self::ReferenceTooWeak
            | Self::LivenessPending
            | Self::ChallengeVoid
            | Self::ChallengeExpired
            | Self::NotPending
            | Self::NotVoidable
            | Self::AlreadyVoided
            | Self::ReviewUnseen
            | Self::RecheckNotOpen
            | Self::BodyTooLarge
            | Self::UnsupportedMediaType
            | Self::UnsupportedContentEncoding
            | Self::KeyReused
            | Self::ChallengeMismatch
            | Self::SignatureInvalid
            | Self::CapturedTooFast
            | Self::AttemptsExhausted { .. }
            | Self::Internal(_)
            | Self::Overloaded
            | Self::ProbesWaiting
            | Self::ProbeReadLate
            | Self::CapturesWaiting
            | Self::CaptureJudgedLate
            | Self::Unavailable(_) => {}
        }
        body
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
            Self::RateLimited { retry_after_s, .. } | Self::AttemptsExhausted { retry_after_s } => {
                response.insert_header((header::RETRY_AFTER, retry_after_s.to_string()));
            }
            Self::NotFoundYet
            | Self::VerificationNotFoundYet
            | Self::ReferencePending
            | Self::LivenessPending
            | Self::Overloaded
            | Self::ProbesWaiting
            | Self::ProbeReadLate
            | Self::CapturesWaiting
            | Self::CaptureJudgedLate
            | Self::Unavailable(_) => {
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
            Self::ProbesWaiting => Some("as many pictures wait to be compared as may"),
            Self::CapturesWaiting => Some("as many captures wait to be judged as may"),
            Self::CaptureJudgedLate => Some("a capture waited too long to be judged"),
            Self::ProbeReadLate => {
                Some("a picture to be compared was not read in time: no core was free for it")
            }
            _ => None,
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code().text())
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.code().status()
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
    bare(ErrorCode::of_bare(status))
}

fn bare(code: ErrorCode) -> Value {
    json!({ "error": code.text(), "code": code.as_str() })
}
