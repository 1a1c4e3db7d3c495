//! The list itself, one entry a code. A new one is a variant of [`ErrorCode`] and an entry here, in the same place.

use super::{CodeRow, ErrorCode};

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
pub(in crate::serving::errors) const ROWS: [CodeRow; 34] = [
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
         org; `signers`: nobody can open the org's evidence yet.",
        "Ask the operator to switch it on, or to name the org's signers; `details.contact` says whom, where the \
         operator has said so.",
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
        "The customer's biometric data was erased, so no photo can be enrolled and no face compared.",
        "Do not send it again. A declined verdict is still taken.",
    ),
    row(
        ErrorCode::EvidenceConsentWithdrawn,
        "evidence_consent_withdrawn",
        409,
        "evidence consent withdrawn",
        "The customer's evidence was erased, so no verdict and no picture can be kept.",
        "Do not send it again.",
    ),
    row(
        ErrorCode::NoFaceModel,
        "no_face_model",
        409,
        "no face model",
        "No face models are configured, so no faces can be compared. `GET /api/auth/me` shows which there are.",
        "Ask the operator to configure them (`docs/face.md`).",
    ),
    row(
        ErrorCode::NoFaceReference,
        "no_face_reference",
        409,
        "no face reference",
        "The customer has no face reference that can be compared with: none at all, or fallback stubs alone \
         (`GET /api/identity/face/enrolments` shows their causes).",
        "Enrol a picture, or send the verdict with its photo, and then match.",
    ),
    row(
        ErrorCode::ReferencePending,
        "reference_pending",
        409,
        "face reference pending",
        "The photo of the customer's face reference is not read yet. There is `Retry-After`.",
        "Send it again after `Retry-After`.",
    ),
    row(
        ErrorCode::ReferenceTooWeak,
        "reference_too_weak",
        409,
        "face reference too weak",
        "`riskLevel` `high` wants a reference of source `dukcapil`, or one that is younger than 60 minutes.",
        "Send a verdict with its photo, or enrol the customer anew; or match with a lower `riskLevel`, if your rules \
         allow it.",
    ),
    row(
        ErrorCode::LivenessPending,
        "liveness_pending",
        409,
        "liveness verification pending",
        "The customer has no liveness verification of that id, or none yet. There is `Retry-After`.",
        "After a 202 send it again after `Retry-After`; otherwise check the id.",
    ),
    row(
        ErrorCode::NotPending,
        "not_pending",
        409,
        "not pending",
        "The verification does not wait for a person: it was decided when it was made, or a review of it stands \
         already.",
        "Nothing: `GET /api/identity/verifications/{id}` shows what stands.",
    ),
    row(
        ErrorCode::ReviewUnseen,
        "review_unseen",
        409,
        "review unseen",
        "An API key cannot decide that a pending verification is `verified`: nobody approves what they have not seen.",
        "Have a reviewer decide it in the console (`/console/reviews`), which shows the picture where the org's \
         `reviews.pictures` is `watermarked`; or fail it, or send it back with `reasonCode` `retake`.",
    ),
    row(
        ErrorCode::BodyTooLarge,
        "body_too_large",
        413,
        "request body too large",
        "The body is larger than 4 MiB.",
        "Send a smaller photo or image (at most 1 MiB) or raw answer (at most 1.5 MiB).",
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
        ErrorCode::AttemptsExhausted,
        "attempts_exhausted",
        429,
        "attempts exhausted",
        "Five pictures within 30 minutes showed another person than the customer, so none is compared for 30 minutes.",
        "Wait for `Retry-After` seconds, and look into who tries.",
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
        "Bodies in flight fill the budget, or the org's share of it; or as many pictures wait to be compared as may, or one was not read within 10 s. \
         Nothing was written.",
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
