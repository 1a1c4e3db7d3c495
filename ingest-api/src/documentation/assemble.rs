//! Puts the document together: what utoipa derives from the types, then what it cannot say: the rules of fields and
//! parameters (`rules`), requests and examples (`requests`), and each endpoint's errors (`errors`).

use serde_json::{Map, Value, json};
use utoipa::OpenApi as _;

use super::api::Api;
use super::{errors, requests, rules};

/// The whole document.
pub(super) fn document() -> Value {
    let mut document = serde_json::to_value(Api::openapi()).unwrap_or_default();
    for (name, schema) in errors::schemas().into_iter().chain(requests::schemas()) {
        document["components"]["schemas"][name] = schema;
    }
    rules::of_answers(&mut document["components"]["schemas"]);
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            rules::of_parameters(operation);
            requests::complete(path, method, operation);
            errors::complete(path, method, operation);
            name_headers(operation);
        }
    }
    document
}

/// The headers of every answer, and of every one after the key was found good.
fn name_headers(operation: &mut Value) {
    for (status, answer) in operation["responses"].as_object_mut().into_iter().flatten() {
        let Some(answer) = answer.as_object_mut() else { continue };
        let headers = answer.entry("headers").or_insert_with(|| json!({}));
        let Some(headers) = headers.as_object_mut() else { continue };
        for (name, header) in headers.iter_mut() {
            let is_always_there = matches!(name.as_str(), "Location" | "Retry-After" | "WWW-Authenticate");
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
