//! `/registry/…`: the committed schemas as a read-only registry in Confluent's shapes, so that any Confluent client
//! reads our topics. A client parses every answer beneath that path as Confluent's, so every one has that shape, also
//! where there is no such path or method.

use actix_web::http::{StatusCode, header};
use actix_web::web;
use actix_web::{HttpResponse, HttpResponseBuilder, Resource, Scope};
use event_codec::registry::{self, Registered};
use serde_json::{Value, json};

use crate::routes::{READ, read};

/// Our schemas.
pub(super) fn routes() -> Scope {
    web::scope("/registry")
        .service(readable("/subjects").route(read().to(subjects)))
        .service(readable("/schemas/ids/{id}").route(read().to(schema_by_id)))
        .service(readable("/schemas/ids/{id}/versions").route(read().to(subjects_of_id)))
        .service(readable("/subjects/{subject}/versions").route(read().to(versions)))
        .service(readable("/subjects/{subject}/versions/{version}").route(read().to(version)))
        .default_service(web::to(not_found))
}

/// A word to whoever asks here although an external registry gave the ids.
pub(super) fn elsewhere() -> Scope {
    web::scope("/registry").default_service(web::to(is_elsewhere))
}

/// A path that can be read, and nothing else.
fn readable(path: &'static str) -> Resource {
    web::resource(path).default_service(web::to(method_not_allowed))
}

async fn not_found() -> HttpResponse {
    refused(StatusCode::NOT_FOUND, 404, "HTTP 404 Not Found")
}

async fn method_not_allowed() -> HttpResponse {
    let mut response = refused(StatusCode::METHOD_NOT_ALLOWED, 405, "HTTP 405 Method Not Allowed");
    response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static(READ));
    response
}

async fn is_elsewhere() -> HttpResponse {
    let message = "The schema ids of these topics are those of an external registry: ask that one";
    refused(StatusCode::NOT_FOUND, 40401, message)
}

/// Confluent's media type.
const REGISTRY_JSON: &str = "application/vnd.schemaregistry.v1+json";

fn registry_json(mut response: HttpResponseBuilder, body: &Value) -> HttpResponse {
    response.content_type(REGISTRY_JSON).body(body.to_string())
}

fn found(body: &Value) -> HttpResponse {
    registry_json(HttpResponse::Ok(), body)
}

fn refused(status: StatusCode, code: u32, message: &str) -> HttpResponse {
    registry_json(HttpResponse::build(status), &json!({ "error_code": code, "message": message }))
}

async fn subjects() -> HttpResponse {
    found(&json!(registry::subjects()))
}

async fn schema_by_id(id: web::Path<String>) -> HttpResponse {
    match id.parse().ok().and_then(registry::schema_by_id) {
        Some(Registered { schema, .. }) => found(&json!({ "schema": schema.text() })),
        None => refused(StatusCode::NOT_FOUND, 40403, "Schema not found"),
    }
}

async fn subjects_of_id(id: web::Path<String>) -> HttpResponse {
    let all = id.parse().map(registry::subjects_of_id).unwrap_or_default();
    if all.is_empty() {
        return refused(StatusCode::NOT_FOUND, 40403, "Schema not found");
    }
    let all: Vec<Value> =
        all.iter().map(|entry| json!({ "subject": entry.subject, "version": entry.version })).collect();
    found(&json!(all))
}

async fn versions(subject: web::Path<String>) -> HttpResponse {
    let versions = registry::versions(&subject);
    if versions.is_empty() {
        return refused(StatusCode::NOT_FOUND, 40401, "Subject not found");
    }
    found(&json!(versions))
}

async fn version(path: web::Path<(String, String)>) -> HttpResponse {
    let (subject, version) = path.into_inner();
    if registry::versions(&subject).is_empty() {
        return refused(StatusCode::NOT_FOUND, 40401, "Subject not found");
    }
    let entry = match version.as_str() {
        "latest" | "-1" => registry::latest(&subject),
        number => match number.parse::<u32>() {
            Ok(number) if number > 0 => registry::schema(&subject, number),
            Ok(_) | Err(_) => {
                return refused(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    42202,
                    "The specified version is not a valid version id. Allowed values are between [1, 2^31-1] \
                     and the string \"latest\"",
                );
            }
        },
    };
    match entry {
        Some(Registered { subject, version, id, schema }) => found(&json!({
            "subject": subject, "version": version, "id": id, "schema": schema.text(),
        })),
        None => refused(StatusCode::NOT_FOUND, 40402, "Version not found"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::App;
    use actix_web::http::Method;
    use actix_web::test::{TestRequest, call_service, init_service, read_body_json};

    async fn asked(routes: fn() -> Scope, method: Method, path: &str) -> (u16, Value, Option<String>) {
        let app = init_service(App::new().service(routes())).await;
        let request = TestRequest::default().method(method).uri(path).to_request();
        let response = call_service(&app, request).await;
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        assert_eq!(header(header::CONTENT_TYPE), Some(REGISTRY_JSON), "{path}");
        let allow = header(header::ALLOW).map(str::to_owned);
        (response.status().as_u16(), read_body_json(response).await, allow)
    }

    #[actix_web::test]
    async fn whatever_is_asked_beneath_the_path_is_answered_in_confluents_shape() {
        for path in [
            "",
            "/",
            "/config",
            "/config/",
            "/config/identity.events-identity.CustomerErased",
            "/mode",
            "/schemas",
            "/schemas/types",
            "/schemas/ids",
            "/schemas/ids/1/",
            "/schemas/ids/1/schema",
            "/subjects/",
            "/subjects/x",
            "/subjects/x/versions/",
            "/subjects/x/versions/1/",
            "/subjects/x/versions/1/schema",
            "/subjects//versions",
            "/%FF",
        ] {
            let (status, body, _) = asked(routes, Method::GET, &format!("/registry{path}")).await;
            assert_eq!((status, &body["error_code"]), (404, &json!(404)), "{path}");
            assert!(body["message"].is_string() && body.get("error").is_none(), "{path}: {body}");
        }
        for (path, code) in [
            ("/schemas/ids/99999999999999999999", 40403),
            ("/schemas/ids/x/versions", 40403),
            ("/subjects/%FF/versions", 40401),
            ("/subjects/%2F/versions/latest", 40401),
        ] {
            let (status, body, _) = asked(routes, Method::GET, &format!("/registry{path}")).await;
            assert_eq!((status, &body["error_code"]), (404, &json!(code)), "{path}");
        }
        for path in ["/subjects", "/schemas/ids/1", "/schemas/ids/1/versions", "/subjects/x/versions/latest"]
        {
            for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS, Method::PATCH] {
                let (status, body, allow) = asked(routes, method, &format!("/registry{path}")).await;
                assert_eq!((status, &body["error_code"]), (405, &json!(405)), "{path}");
                assert_eq!(allow.as_deref(), Some(READ), "{path}");
            }
        }
    }

    #[actix_web::test]
    async fn with_an_external_registry_ours_points_there_whatever_is_asked() {
        for (method, path) in [
            (Method::GET, "/registry/subjects"),
            (Method::GET, "/registry/schemas/ids/1"),
            (Method::GET, "/registry"),
            (Method::GET, "/registry/config/"),
            (Method::POST, "/registry/subjects/x/versions"),
        ] {
            let (status, body, _) = asked(elsewhere, method, path).await;
            assert_eq!((status, &body["error_code"]), (404, &json!(40401)), "{path}");
            assert!(
                body["message"].as_str().is_some_and(|text| text.contains("external registry")),
                "{body}"
            );
        }
    }
}
