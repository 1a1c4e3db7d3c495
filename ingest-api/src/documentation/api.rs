//! What the document has that is of no endpoint: title, security, the order of its parts.

use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

/// The document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Identity ingest API",
        description = "Takes Dukcapil's final verdicts about customers' NIKs, keeps the evidence, and shows the \
                       result. Every answer has `X-Request-Id`; every authenticated one the three \
                       `X-RateLimit-…` headers of its bucket (2147483647 where there is no limit). HEAD is \
                       answered like GET, without the body. Checks are made in this order: 401, 429, 403 \
                       (scope), 403 (capability), 415, 413, 503 (admission), 400, 404, 409, 422. Every \
                       error has a `code` for programs; docs/errors.md has the cause and the remedy of each.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "verdicts", description = "Dukcapil's word about a customer"),
        (name = "faces", description = "Face references, and whether a picture shows their customer"),
        (name = "captures", description = "Challenges, and what phones capture under them"),
        (name = "reviews", description = "What a person decides of a verification that was left to one"),
        (name = "rechecks", description = "Who was onboarded while Dukcapil did not answer, and what became of it"),
        (name = "customers", description = "Whom verdicts are about"),
        (name = "reading", description = "What was recorded"),
    ),
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
