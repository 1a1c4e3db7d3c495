//! The one list of error codes (contract §1): `code`, status, the platform's text, cause and remedy. Errors take
//! their words from here, OpenAPI its answers, and `docs/errors.md` is this list as a page (`page`). Which error has which
//! code is not here: that is `ApiError`'s.

use actix_web::http::StatusCode;

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
    /// 413.
    BodyTooLarge,
    /// 415.
    UnsupportedMediaType,
    /// 415.
    UnsupportedContentEncoding,
    /// 422.
    IdempotencyKeyReused,
    /// 429.
    RateLimited,
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

const fn row(
    code: ErrorCode,
    word: &'static str,
    status: u16,
    text: &'static str,
    cause: &'static str,
    remedy: &'static str,
) -> CodeRow {
    CodeRow { code, word, status, text, cause, remedy }
}

/// The list, in the order of the codes.
pub(super) const ROWS: [CodeRow; 26] = [
    row(
        ErrorCode::MalformedRequest,
        "malformed_request",
        400,
        "malformed request",
        "What came is not HTTP/1.1 as this server accepts it (also with another status of 4xx, where HTTP \
         has one for the case). The connection is closed.",
        "Use an HTTP library; look for a proxy in between that rewrites requests.",
    ),
    row(
        ErrorCode::UpgradeWithBody,
        "upgrade_with_body",
        400,
        "a request with a body cannot ask for Upgrade",
        "The request has a body and an `Upgrade` header. The connection is closed.",
        "Send it without `Upgrade`.",
    ),
    row(
        ErrorCode::MalformedJson,
        "malformed_json",
        400,
        "malformed JSON",
        "The body is not one JSON value in UTF-8. `details` has `line`, `column` (both from 1) and `offset` \
         (bytes, from 0) of where it stops being one.",
        "Send JSON as a JSON library writes it.",
    ),
    row(
        ErrorCode::IncompleteBody,
        "incomplete_body",
        400,
        "incomplete body",
        "The connection ended, or its framing broke, before the announced length of the body had come.",
        "Send the request again, with the same `Idempotency-Key`.",
    ),
    row(
        ErrorCode::ValidationFailed,
        "validation_failed",
        400,
        "validation failed",
        "Fields, parameters or headers break a rule. `details.fieldErrors` names all of them at once, each \
         with what is wrong; an unknown name that does not begin with a letter is called `unknown`.",
        "Correct what is named.",
    ),
    row(
        ErrorCode::Unauthorized,
        "unauthorized",
        401,
        "missing or invalid Bearer",
        "The key is missing, malformed, unknown, expired or revoked; or a key stands in the query string, \
         where it is always refused.",
        "Send `Authorization: Bearer <key>`, once. A key that was in a URL has leaked: have it revoked.",
    ),
    row(
        ErrorCode::MissingScope,
        "missing_scope",
        403,
        "missing scope: <scope>",
        "The key lacks the scope that `details.scope` names.",
        "Use a key that has it (`GET /api/auth/me` shows a key's scopes), or have one made.",
    ),
    row(
        ErrorCode::CapabilityDisabled,
        "capability_disabled",
        403,
        "org capability disabled",
        "The capability that `details.capability` names, as `GET /api/auth/me` shows it, is off for the \
         org.",
        "Ask the operator to switch it on; `details.contact` says whom, where the operator has said so.",
    ),
    row(
        ErrorCode::RouteNotFound,
        "route_not_found",
        404,
        "not found",
        "There is no such path.",
        "Compare it with `/openapi.json`; a slash at the end makes another path.",
    ),
    row(
        ErrorCode::CustomerNotFound,
        "customer_not_found",
        404,
        "not found",
        "The org has no such customer: never made, another org's, erased, or not yet visible (then there \
         is `Retry-After` where a registration's `Location` points).",
        "Use an `id` that `POST /api/customers` gave this org.",
    ),
    row(
        ErrorCode::VerificationNotFound,
        "verification_not_found",
        404,
        "not found",
        "The org has no such verification, or it is not yet visible.",
        "After a 202 ask again after `Retry-After`; otherwise check the id.",
    ),
    row(
        ErrorCode::MethodNotAllowed,
        "method_not_allowed",
        405,
        "method not allowed",
        "The path is there, the method is not.",
        "Use one of those in `Allow`.",
    ),
    row(
        ErrorCode::HeadStalled,
        "head_stalled",
        408,
        "request timeout",
        "The head of the request did not end within 10 s.",
        "Send the request again, on a new connection.",
    ),
    row(
        ErrorCode::BodyStalled,
        "body_stalled",
        408,
        "request body stalled",
        "The body made no progress for 10 s, was slower than 1 KiB/s on average, or did not end within 30 s.",
        "Send it again over a better connection, with the same `Idempotency-Key`.",
    ),
    row(
        ErrorCode::ExternalIdTaken,
        "external_id_taken",
        409,
        "externalId already registered",
        "The external id is another registration's; `details.id` is that customer.",
        "Use that customer, or another external id.",
    ),
    row(
        ErrorCode::BiometricConsentWithdrawn,
        "biometric_consent_withdrawn",
        409,
        "biometric consent withdrawn",
        "The customer's biometric data was erased, so no photo can be enrolled.",
        "Do not send it again. A declined verdict is still taken.",
    ),
    row(
        ErrorCode::EvidenceConsentWithdrawn,
        "evidence_consent_withdrawn",
        409,
        "evidence consent withdrawn",
        "The customer's evidence was erased, so no verdict can be kept.",
        "Do not send it again.",
    ),
    row(
        ErrorCode::BodyTooLarge,
        "body_too_large",
        413,
        "request body too large",
        "The body is larger than 4 MiB.",
        "Send a smaller photo (at most 1 MiB) or raw answer (at most 1.5 MiB).",
    ),
    row(
        ErrorCode::UnsupportedMediaType,
        "unsupported_media_type",
        415,
        "unsupported media type",
        "The body is not `application/json` in UTF-8.",
        "Send `Content-Type: application/json`.",
    ),
    row(
        ErrorCode::UnsupportedContentEncoding,
        "unsupported_content_encoding",
        415,
        "unsupported content encoding",
        "The body has a content coding; `Accept-Encoding` says which are taken.",
        "Send the body uncompressed, without `Content-Encoding`.",
    ),
    row(
        ErrorCode::IdempotencyKeyReused,
        "idempotency_key_reused",
        422,
        "idempotency key reused with a different body",
        "The `Idempotency-Key` came before, for the same customer, with another body.",
        "Make a new key for each request, and repeat a key only with the same bytes.",
    ),
    row(
        ErrorCode::RateLimited,
        "rate_limited",
        429,
        "rate limit exceeded",
        "The key used up its bucket for this minute: `bucket` is its name, as in `limits` of `GET /api/auth/me`, \
         `limit` its requests a minute.",
        "Wait for `Retry-After` seconds; ask the operator for a higher limit if it happens often.",
    ),
    row(
        ErrorCode::HeadTooLarge,
        "head_too_large",
        431,
        "request header too large",
        "The head of the request is too large, or has too many headers.",
        "Leave out headers that this API does not know, cookies above all.",
    ),
    row(
        ErrorCode::InternalError,
        "internal_error",
        500,
        "internal error",
        "Our fault. The log line with the same `X-Request-Id` says more.",
        "Tell the operator the `X-Request-Id`. It may help to send it again, with the same \
         `Idempotency-Key`.",
    ),
    row(
        ErrorCode::Overloaded,
        "overloaded",
        503,
        "too many requests in flight",
        "Bodies in flight fill the budget, or the org's share of it. Nothing was read or written.",
        "Send it again after `Retry-After`, with fewer requests at once.",
    ),
    row(
        ErrorCode::Unavailable,
        "unavailable",
        503,
        "temporarily unavailable",
        "A log or a store did not answer in time. What was sent may still take effect.",
        "Send it again after `Retry-After`, with the same `Idempotency-Key`: then it counts once.",
    ),
];

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
