//! What the description of the API says of the endpoint.
#![allow(dead_code, unused_qualifications, reason = "read and written by utoipa's macros")]

use actix_web::web;
use domain::limits::EXTERNAL_ID_CHARS_MAX;
use serde_json::{Value, json};
use utoipa::OpenApi;

use super::{CustomerRegistration, ROUTE};
use crate::documentation::description::{
    EndpointDescription, EndpointMethod, RequestDescription, WriteHeaders,
};
use crate::documentation::examples::customer_answer;
use crate::documentation::rules;
use crate::limits::UNKNOWN_FIELDS_MAX;
use crate::reading::customers::CustomerBody;
use crate::serving::errors::ErrorCode;
use crate::writes::path::{WriteEndpoint, post};

/// The endpoint.
pub static ENDPOINT: EndpointDescription = EndpointDescription {
    method: EndpointMethod::Post,
    path: ROUTE,
    route: || web::post().to(post::<CustomerRegistration>),
    access: CustomerRegistration::ACCESS,
    errors: &[ErrorCode::CustomerNotFound, ErrorCode::ExternalIdTaken, ErrorCode::IdempotencyKeyReused],
    derived: Derived::openapi,
    request: Some(request),
    answers: |_| vec![("customer", customer_answer())],
    links,
    field_rules: Vec::new,
};

#[derive(OpenApi)]
#[openapi(paths(post_customer))]
struct Derived;

/// Register a customer
#[utoipa::path(
    post, path = "/api/customers", tag = "customers",
    params(WriteHeaders),
    responses(
        (status = 201, description = "Registered and visible", body = CustomerBody,
            headers(("Location" = String), ("Idempotency-Replayed" = String))),
        (status = 202, description = "Registered, not yet visible", body = CustomerBody,
            headers(("Location" = String))),
    )
)]
fn post_customer() {}

fn request() -> RequestDescription {
    RequestDescription {
        schemas: vec![("CustomerRequest", customer())],
        examples: vec![("customer", json!({ "fullName": "Nasabah Contoh", "externalId": "CIF-0001" }))],
    }
}

fn customer() -> Value {
    let mut full_name = rules::full_name();
    full_name["description"] = "White space around it is cut off.".into();
    json!({
        "type": "object",
        "description": "A customer to register. Fields that nobody knows are ignored and named in \
                        `X-Ignored-Fields`.",
        "required": ["fullName"],
        "maxProperties": UNKNOWN_FIELDS_MAX,
        "properties": {
            "fullName": full_name,
            "externalId": {
                "type": ["string", "null"],
                "minLength": 1,
                "maxLength": EXTERNAL_ID_CHARS_MAX,
                "pattern": rules::EXTERNAL_ID,
                "description": "The org's own id; unique in the org.",
            },
        },
    })
}

fn links() -> Value {
    json!({
        "customer": { "operationId": "get_customer", "parameters": { "id": "$response.body#/id" } },
        "kyc": { "operationId": "get_kyc", "parameters": { "customerId": "$response.body#/id" } },
        "verdict": {
            "operationId": "post_verdict",
            "requestBody": { "customerId": "$response.body#/id", "valid": false },
        },
    })
}
