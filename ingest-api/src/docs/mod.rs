//! OpenAPI, from the code: `GET /openapi.json`, and `GET /docs`, a page that shows it. A copy is committed in
//! `docs/openapi.json`, and a test compares them (`UPDATE_DOCS=1` writes it anew).

mod api;
mod paths;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use utoipa::OpenApi as _;

use crate::auth;
use crate::errors::ApiError;
use crate::routes::{READ, only, read};

/// The document, as served.
pub static OPENAPI_JSON: LazyLock<String> = LazyLock::new(|| {
    let text = api::Api::openapi().to_pretty_json();
    text.unwrap_or_else(|_| "{}".to_owned())
});

static CONFIG: LazyLock<utoipa_swagger_ui::Config<'static>> =
    LazyLock::new(|| utoipa_swagger_ui::Config::from("/openapi.json").try_it_out_enabled(true));

/// `GET /openapi.json`.
pub async fn openapi(req: HttpRequest) -> Result<HttpResponse, ApiError> {
    auth::none_in_query(&req)?;
    Ok(HttpResponse::Ok().content_type("application/json").body(OPENAPI_JSON.as_str()))
}

/// The page's routes; none where it is switched off.
pub fn configure(config: &mut ServiceConfig, is_shown: bool) {
    if !is_shown {
        return;
    }
    config
        .service(only(READ, "/docs").route(read().to(page)))
        .service(only(READ, "/docs/{file:.*}").route(read().to(page)));
}

/// The page and its files. The page names its files relative to where it stands, so it says where that is.
async fn page(req: HttpRequest) -> Result<HttpResponse, ApiError> {
    auth::none_in_query(&req)?;
    let file = match req.match_info().get("file") {
        None | Some("") => "index.html",
        Some(file) => file,
    };
    let found = shared(file)?;
    Ok(HttpResponse::Ok().content_type(found.content_type).body(found.bytes))
}

/// A file of the page: the same bytes for everybody who reads it.
#[derive(Clone)]
struct SharedFile {
    bytes: Bytes,
    content_type: String,
}

/// The page's files that somebody asked for: a dozen at most, since no other is found.
static FILES: LazyLock<Mutex<HashMap<String, SharedFile>>> = LazyLock::new(Mutex::default);

fn shared(file: &str) -> Result<SharedFile, ApiError> {
    let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = files.get(file) {
        return Ok(found.clone());
    }
    let found = utoipa_swagger_ui::serve(file, Arc::new(CONFIG.clone()))
        .map_err(|error| ApiError::Internal(format!("the page of the API: {error}")))?
        .ok_or(ApiError::NotFound)?;
    let bytes = match (file, std::str::from_utf8(&found.bytes)) {
        ("index.html", Ok(html)) => html.replacen("<head>", "<head><base href=\"/docs/\">", 1).into(),
        _ => match found.bytes {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => bytes.into(),
        },
    };
    let found = SharedFile { bytes, content_type: found.content_type };
    files.insert(file.to_owned(), found.clone());
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
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

    #[test]
    fn every_route_is_described_and_nothing_else() {
        let document = document();
        let mut described: Vec<String> = Vec::new();
        for (path, methods) in document["paths"].as_object().expect("paths") {
            described.extend(methods.as_object().expect("methods").keys().map(|m| format!("{m} {path}")));
        }
        described.sort();
        let routes = [
            "get /api/auth/me",
            "get /api/customers",
            "get /api/customers/{id}",
            "get /api/identity/attempts",
            "get /api/identity/kyc/{customerId}",
            "get /api/identity/verifications/{id}",
            "post /api/customers",
            "post /api/identity/nik/dukcapil",
        ];
        assert_eq!(described, routes);
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
}
