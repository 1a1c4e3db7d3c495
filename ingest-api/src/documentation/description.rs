//! What an endpoint says of itself: how it is routed, what it asks of its caller, and what the description of the API
//! has of it. Each endpoint that writes declares it beside its code, those that read in `reading`; their lists stand in
//! `endpoints` and `reading`.

use actix_web::Route;
use serde_json::Value;
use utoipa::IntoParams;
use utoipa::openapi::OpenApi as Document;

use crate::serving::auth::EndpointAccess;
use crate::serving::errors::ErrorCode;

/// An endpoint.
pub struct EndpointDescription {
    /// How it is asked.
    pub method: EndpointMethod,
    /// Its path, as the router and the document write it.
    pub path: &'static str,
    /// Its handler.
    pub route: fn() -> Route,
    /// What it asks of its caller. The description's words, and the 403s that it may answer, follow.
    pub access: EndpointAccess,
    /// The errors it has beside those that follow from `access`, from having a body, and from being an endpoint.
    pub errors: &'static [ErrorCode],
    /// Its words, parameters and answers, as utoipa derives them; the operation's id is the function's name.
    pub derived: fn() -> Document,
    /// The body of a request; none where there is none.
    pub request: Option<fn() -> RequestDescription>,
    /// Examples of good answers, by the status.
    pub answers: fn(&str) -> Vec<NamedExample>,
    /// Which calls an answer leads to (OpenAPI's links); null for none.
    pub links: fn() -> Value,
    /// What the types of its answers do not say.
    pub field_rules: fn() -> Vec<FieldRule>,
}

/// How an endpoint is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointMethod {
    /// GET and HEAD.
    Get,
    /// POST.
    Post,
}

impl EndpointMethod {
    /// As the document has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
        }
    }
}

/// An example and its name.
pub type NamedExample = (&'static str, Value);

/// A rule for a field of a schema: schema, field, what is laid over the field.
pub type FieldRule = (&'static str, &'static str, Value);

/// The body of a request.
pub struct RequestDescription {
    /// Its schema by name, and the schemas that it refers to after it.
    pub schemas: Vec<(&'static str, Value)>,
    /// Requests that are taken.
    pub examples: Vec<NamedExample>,
}

/// Headers of a write.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "read by utoipa's macros")]
pub struct WriteHeaders {
    /// 1–255 visible ASCII characters, bare or as a quoted string: the same key and body have one effect, for
    /// ever
    #[param(rename = "Idempotency-Key")]
    idempotency_key: Option<String>,
    /// `wait=<seconds>` (0 to 10, 2 when not said) or `respond-async`: how long to wait for the read model
    #[param(rename = "Prefer")]
    prefer: Option<String>,
}
