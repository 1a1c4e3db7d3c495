//! The one list of error codes (contract §1): `code`, status, the platform's text, cause and remedy. Errors take
//! their words from here, OpenAPI its answers, and `docs/errors.md` is this list as a page (`page`). Which error has which
//! code is not here: that is `ApiError`'s.

mod rows;

use actix_web::http::StatusCode;

pub(super) use self::rows::ROWS;

/// What a program branches on. A published code never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorCode {
    /// 400, made beneath the framework.
    MalformedRequest,
    /// 400.
    UpgradeWithBody,
    /// 400.
    MalformedJson,
    /// 400.
    IncompleteBody,
    /// 400.
    ValidationFailed,
    /// 401.
    Unauthorized,
    /// 403.
    MissingScope,
    /// 403.
    CapabilityDisabled,
    /// 404.
    RouteNotFound,
    /// 404.
    CustomerNotFound,
    /// 404.
    VerificationNotFound,
    /// 404.
    RecheckNotFound,
    /// 405.
    MethodNotAllowed,
    /// 408, made beneath the framework.
    HeadStalled,
    /// 408.
    BodyStalled,
    /// 409.
    ExternalIdTaken,
    /// 409.
    BiometricConsentWithdrawn,
    /// 409.
    EvidenceConsentWithdrawn,
    /// 409.
    NoFaceModel,
    /// 409.
    NoFaceReference,
    /// 409.
    ReferencePending,
    /// 409.
    ReferenceTooWeak,
    /// 409.
    LivenessPending,
    /// 409.
    ChallengeUsed,
    /// 409.
    ChallengeVoid,
    /// 409.
    ChallengeExpired,
    /// 409.
    NotPending,
    /// 409.
    ReviewUnseen,
    /// 409.
    NotVoidable,
    /// 409.
    AlreadyVoided,
    /// 409.
    RecheckNotOpen,
    /// 413.
    BodyTooLarge,
    /// 415.
    UnsupportedMediaType,
    /// 415.
    UnsupportedContentEncoding,
    /// 422.
    IdempotencyKeyReused,
    /// 422.
    ChallengeMismatch,
    /// 422.
    SignatureInvalid,
    /// 422.
    CapturedTooFast,
    /// 429.
    RateLimited,
    /// 429.
    AttemptsExhausted,
    /// 431, made beneath the framework.
    HeadTooLarge,
    /// 500.
    InternalError,
    /// 503.
    Overloaded,
    /// 503.
    Unavailable,
}

/// A line of the list.
#[derive(Debug, Clone, Copy)]
pub struct CodeRow {
    /// Whose line it is.
    pub code: ErrorCode,
    /// As `code` shows it.
    pub word: &'static str,
    /// The status it comes with.
    pub status: u16,
    /// As `error` shows it, save for what is added to it.
    pub text: &'static str,
    /// What happened.
    pub cause: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

impl ErrorCode {
    /// All of them, by status.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|row| row.code)
    }

    /// Its line.
    pub const fn row(self) -> &'static CodeRow {
        &ROWS[self as usize]
    }

    /// As `code` shows it.
    pub const fn as_str(self) -> &'static str {
        self.row().word
    }

    /// As `error` shows it.
    pub const fn text(self) -> &'static str {
        self.row().text
    }

    /// The status it comes with.
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.row().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The code of an answer that no handler of ours made.
    pub fn of_bare(status: StatusCode) -> Self {
        match status {
            StatusCode::REQUEST_TIMEOUT => Self::HeadStalled,
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => Self::HeadTooLarge,
            StatusCode::NOT_FOUND => Self::RouteNotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::PAYLOAD_TOO_LARGE => Self::BodyTooLarge,
            status if status.is_server_error() => Self::InternalError,
            _ => Self::MalformedRequest,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_has_a_line_of_its_own() {
        let words: BTreeSet<&str> = ErrorCode::all().map(ErrorCode::as_str).collect();
        assert_eq!(words.len(), ROWS.len(), "a word that stands for two codes");
        assert!(ROWS.is_sorted_by_key(|row| row.status));
        for (place, CodeRow { code, word, status, text, cause, remedy }) in ROWS.iter().enumerate() {
            assert_eq!(*code as usize, place, "{word} stands in another's place");
            assert!(word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{word}");
            assert!((400..600).contains(status) && code.status().as_u16() == *status, "{word}");
            assert!(!text.is_empty() && cause.ends_with('.') && remedy.ends_with('.'), "{word}");
        }
    }
}
