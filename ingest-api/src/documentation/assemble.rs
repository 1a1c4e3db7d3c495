//! Puts the document together: what utoipa derives from the types, then what it cannot say: the rules of fields and
//! parameters (`rules`), requests, examples and links (the endpoints' own), and each endpoint's errors (`errors`).

use serde_json::{Map, Value, json};
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi as Document;

use super::api::Api;
use super::description::{EndpointDescription, NamedExample};
use super::{errors, rules};
use crate::routes::endpoints;
use crate::serving::auth::EndpointAccess;

/// What utoipa says of all of it.
pub(super) fn derived() -> Document {
    let mut document = Api::openapi();
    for endpoint in endpoints() {
        document.merge((endpoint.derived)());
    }
    document
}

/// The whole document.
pub(super) fn document() -> Value {
    let mut document = serde_json::to_value(derived()).unwrap_or_default();
    let requests = endpoints().filter_map(|endpoint| endpoint.request).flat_map(|request| request().schemas);
    for (name, schema) in errors::schemas().into_iter().chain(requests) {
        document["components"]["schemas"][name] = schema;
    }
    rules::of_answers(&mut document["components"]["schemas"]);
    for endpoint in endpoints() {
        let operation = &mut document["paths"][endpoint.path][endpoint.method.as_str()];
        describe_access(endpoint.access, operation);
        rules::of_parameters(operation);
        show_examples(endpoint, operation);
        errors::complete(endpoint, operation);
        name_headers(operation);
    }
    document
}

/// Says in words what an endpoint asks of its caller.
fn describe_access(access: EndpointAccess, operation: &mut Value) {
    let scope = match access.scope {
        None => "none".to_owned(),
        Some(scope) => match scope.lenient_substitute() {
            None => format!("`{}`", scope.as_str()),
            Some(other) => format!(
                "`{}` (an org with `strictScopes: false` accepts `{}` too)",
                scope.as_str(),
                other.as_str()
            ),
        },
    };
    let mut words = format!("Scope: {scope}.");
    if let Some(capability) = access.capability {
        words += &format!(" Capability: `{}`.", capability.as_str());
    }
    let (bucket, limit) = (access.bucket.as_str(), access.bucket.default_per_minute());
    words += &format!(" Limit: `{bucket}`, {limit} a minute by default.");
    operation["description"] = match operation["description"].as_str() {
        Some(before) if !before.is_empty() => format!("{before}\n\n{words}").into(),
        _ => words.into(),
    };
}

/// Adds body, examples and links to an endpoint.
fn show_examples(endpoint: &EndpointDescription, operation: &mut Value) {
    if let Some(request) = endpoint.request.map(|request| request()) {
        let name = request.schemas.first().map_or("", |(name, _)| name);
        operation["requestBody"] = json!({
            "required": true,
            "content": { "application/json": {
                "schema": { "$ref": format!("#/components/schemas/{name}") },
                "examples": named(request.examples),
            } },
        });
    }
    for (status, answer) in operation["responses"].as_object_mut().into_iter().flatten() {
        answer["content"]["application/json"]["examples"] = named((endpoint.answers)(status));
        let links = (endpoint.links)();
        if !links.is_null() {
            answer["links"] = links;
        }
    }
}

fn named(examples: Vec<NamedExample>) -> Value {
    examples.into_iter().map(|(name, value)| (name.to_owned(), json!({ "value": value }))).collect()
}

/// The headers of every answer, and of every one after the key was found good.
fn name_headers(operation: &mut Value) {
    for (status, answer) in operation["responses"].as_object_mut().into_iter().flatten() {
        let Some(answer) = answer.as_object_mut() else { continue };
        let headers = answer.entry("headers").or_insert_with(|| json!({}));
        let Some(headers) = headers.as_object_mut() else { continue };
        for (name, header) in headers.iter_mut() {
            let is_always_there = match name.as_str() {
                "Location" | "WWW-Authenticate" => true,
                // Of the conflicts only those that pass by themselves have it.
                "Retry-After" => status != "409",
                _ => false,
            };
            header["required"] = is_always_there.into();
        }
        headers.insert("X-Request-Id".to_owned(), request_id());
        match status.as_str() {
            // Before the key was found good.
            "401" => {}
            // Perhaps before.
            "500" | "503" => headers.append(&mut rate_headers(false)),
            _ => headers.append(&mut rate_headers(true)),
        }
    }
}

fn request_id() -> Value {
    json!({
        "description": "The caller's, or ours; the log line has it too.",
        "required": true,
        "schema": { "type": "string", "pattern": "^[!-~]{1,128}$" },
    })
}

fn rate_headers(required: bool) -> Map<String, Value> {
    let header = |description: &str| {
        let schema = json!({ "type": "integer", "minimum": 0 });
        json!({ "description": description, "required": required, "schema": schema })
    };
    [
        ("X-RateLimit-Limit", "Requests a minute of the bucket it used."),
        ("X-RateLimit-Remaining", "Requests left in this minute."),
        ("X-RateLimit-Reset", "When the minute ends, in Unix seconds."),
    ]
    .into_iter()
    .map(|(name, description)| (name.to_owned(), header(description)))
    .collect()
}
