//! The document as a whole: title, security, the shapes of errors.

use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi, ToSchema};

use super::paths;

/// The document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Identity ingest API",
        description = "Takes Dukcapil's final verdicts about customers' NIKs, keeps the evidence, and shows the \
                       result. Every answer has `X-Request-Id`; every authenticated one the three \
                       `X-RateLimit-…` headers of its bucket (2147483647 where there is no limit). HEAD is \
                       answered like GET, without the body. Checks are made in this order: 401, 429, 403 \
                       (scope), 403 (capability), 415, 413, 503 (admission), 400, 404, 422.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        paths::post_verdict,
        paths::post_customer,
        paths::find_customer,
        paths::get_customer,
        paths::get_attempts,
        paths::get_verification,
        paths::get_kyc,
        paths::get_me,
    ),
    components(schemas(ErrorBody, RateLimitBody)),
    security(("bearer" = [])),
    modifiers(&Bearer)
)]
pub(super) struct Api;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("qe_sk_<sandbox|live>_<32 base32 characters>")
            .build();
        if let Some(components) = document.components.as_mut() {
            components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
        }
    }
}

/// What every error looks like.
#[derive(ToSchema)]
#[schema(example = json!({
    "error": "validation failed",
    "details": {"fieldErrors": {"photo": ["is required when valid is true"]}}
}))]
#[expect(dead_code, reason = "describes a body that errors.rs writes")]
pub(super) struct ErrorBody {
    /// What is wrong, in a few words; never a value that was sent.
    error: String,
    /// `fieldErrors` by field of a 400 `validation failed`; `line`, `column` and `offset` of a 400 `malformed
    /// JSON`; `id` of what is there already for a 409.
    details: Option<serde_json::Map<String, serde_json::Value>>,
}

/// The body of a 429.
#[derive(ToSchema)]
#[schema(example = json!({"error": "rate limit exceeded", "bucket": "nik_dukcapil", "limit": 30}))]
#[expect(dead_code, reason = "describes a body that errors.rs writes")]
pub(super) struct RateLimitBody {
    /// `rate limit exceeded`.
    error: String,
    /// `get`, `write` or `nik_dukcapil`.
    bucket: String,
    /// Requests a minute.
    limit: u32,
}
