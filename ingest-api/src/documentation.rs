//! OpenAPI, from the code: `GET /openapi.json`, and `GET /docs`, a page that shows it. A copy is committed in
//! `docs/openapi.json`, and a test compares them (`UPDATE_DOCS=1` writes it anew).

mod api;
mod assemble;
pub mod description;
pub mod enrolments;
mod errors;
pub(crate) mod examples;
mod page;
pub mod reading;
pub mod rechecks;
pub(crate) mod rules;

use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;

use crate::serving::auth;
use crate::serving::errors::ApiError;

/// The document, as served.
pub static OPENAPI_JSON: LazyLock<String> = LazyLock::new(|| {
    let text = serde_json::to_string_pretty(&assemble::document());
    text.unwrap_or_else(|_| "{}".to_owned())
});

/// `GET /openapi.json`.
pub async fn openapi(req: HttpRequest) -> Result<HttpResponse, ApiError> {
    auth::none_in_query(&req)?;
    let mut response = HttpResponse::Ok();
    response.content_type("application/json").insert_header((header::CACHE_CONTROL, "no-cache"));
    Ok(response.body(Bytes::from_static(OPENAPI_JSON.as_bytes())))
}

/// The page's routes; none where it is switched off.
pub fn configure(config: &mut ServiceConfig, is_shown: bool) {
    if is_shown {
        page::configure(config);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::routes::endpoints;
    use crate::serving::errors::ErrorCode;
    use serde_json::Value;

    fn document() -> Value {
        serde_json::from_str(&OPENAPI_JSON).expect("JSON")
    }

    #[test]
    fn the_committed_copy_is_the_codes() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");
        let ours = format!("{}\n", OPENAPI_JSON.as_str());
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, &ours).expect("written");
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == ours,
            "docs/openapi.json is not the code's: run with UPDATE_DOCS=1 and commit it"
        );
    }

    /// What an endpoint declares is what utoipa derives for it: each route once, under its own path and method.
    #[test]
    fn every_route_is_described_and_nothing_else() {
        let mut routes = BTreeSet::new();
        for endpoint in endpoints() {
            let derived = serde_json::to_value((endpoint.derived)()).expect("JSON");
            let described = operations_of(&derived);
            assert_eq!(
                described,
                BTreeSet::from([format!("{} {}", endpoint.method.as_str(), endpoint.path)])
            );
            assert!(routes.is_disjoint(&described), "{described:?} is routed twice");
            routes.extend(described);
        }
        assert_eq!(operations_of(&document()), routes);
        for known in [
            "get /api/auth/me",
            "get /api/customers",
            "post /api/customers",
            "post /api/identity/nik/dukcapil",
        ] {
            assert!(routes.contains(known), "{known}");
        }
    }

    fn operations_of(document: &Value) -> BTreeSet<String> {
        let mut operations = BTreeSet::new();
        for (path, methods) in document["paths"].as_object().expect("paths") {
            operations.extend(methods.as_object().expect("methods").keys().map(|m| format!("{m} {path}")));
        }
        operations
    }

    #[test]
    fn each_endpoint_names_its_scope_its_limit_and_the_errors_everyone_has() {
        for (path, methods) in document()["paths"].as_object().expect("paths") {
            for (method, operation) in methods.as_object().expect("methods") {
                let words = operation["description"].as_str().unwrap_or_default();
                assert!(words.contains("Scope:") && words.contains("Limit:"), "{method} {path}");
                for status in ["401", "429", "503"] {
                    assert!(operation["responses"][status].is_object(), "{method} {path} {status}");
                }
            }
        }
    }

    #[test]
    fn the_codes_of_the_document_are_the_lists() {
        let document = document();
        let listed: BTreeSet<&str> = ErrorCode::all().map(ErrorCode::as_str).collect();
        let words = |schema: &Value| -> BTreeSet<String> {
            schema.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let shown = words(&document["components"]["schemas"]["ErrorBody"]["properties"]["code"]["enum"]);
        assert_eq!(shown.iter().map(String::as_str).collect::<BTreeSet<_>>(), listed);
        let mut answered: BTreeSet<String> =
            errors::ELSEWHERE.iter().map(|code| code.as_str().to_owned()).collect();
        for operation in operations(&document) {
            for (status, answer) in operation["responses"].as_object().expect("answers") {
                let content = &answer["content"]["application/json"];
                for (name, example) in content["examples"].as_object().expect("an example of each answer") {
                    assert!(example["value"].is_object(), "{name}");
                    let Some(word) = example["value"]["code"].as_str() else { continue };
                    let code =
                        ErrorCode::all().find(|code| code.as_str() == word).expect("a code of the list");
                    assert_eq!((word, code.row().status.to_string()), (name.as_str(), status.clone()));
                    answered.insert(word.to_owned());
                }
            }
        }
        assert_eq!(answered.iter().map(String::as_str).collect::<BTreeSet<_>>(), listed);
    }

    #[test]
    fn the_verdict_comes_first() {
        assert_eq!(document()["tags"][0]["name"], "verdicts");
        assert_eq!(document()["paths"]["/api/identity/nik/dukcapil"]["post"]["tags"][0], "verdicts");
    }

    fn operations(document: &Value) -> impl Iterator<Item = &Value> {
        let items = document["paths"].as_object().into_iter().flat_map(|paths| paths.values());
        items.flat_map(|item| item.as_object().into_iter().flat_map(|methods| methods.values()))
    }
}
