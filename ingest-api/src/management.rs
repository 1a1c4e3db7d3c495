//! The management listener (internal network): liveness, readiness, metrics, and the committed schemas as a
//! read-only registry in Confluent's shapes, so that any Confluent client reads our topics.

use std::sync::Arc;

use ::management::Readiness;
use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, HttpResponseBuilder};
use engine::telemetry::Metrics;
use event_codec::registry::{self, Registered};
use serde_json::{Value, json};

use crate::routes::read;

/// What the listener shows.
#[derive(Clone)]
pub struct Management {
    /// Readiness.
    pub readiness: Arc<Readiness>,
    /// Metrics.
    pub metrics: Metrics,
    /// Whether records are written with the committed ids. Where an external registry gives them, ours would
    /// tell readers of the logs other schemas than were written, so it says that it is not the one to ask.
    pub committed_ids: bool,
}

/// All routes of the management listener.
pub fn configure(management: Management) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        let registry = if management.committed_ids { registry_routes } else { registry_is_elsewhere };
        config
            .app_data(web::Data::new(management))
            .route("/livez", read().to(livez))
            .route("/readyz", read().to(readyz))
            .route("/metrics", read().to(metrics))
            .configure(registry)
            .default_service(web::to(not_found));
    }
}

fn registry_routes(config: &mut ServiceConfig) {
    config
        .route("/registry/subjects", read().to(subjects))
        .route("/registry/schemas/ids/{id}", read().to(schema_by_id))
        .route("/registry/schemas/ids/{id}/versions", read().to(subjects_of_id))
        .route("/registry/subjects/{subject}/versions", read().to(versions))
        .route("/registry/subjects/{subject}/versions/{version}", read().to(version));
}

fn registry_is_elsewhere(config: &mut ServiceConfig) {
    config.route("/registry/{path:.*}", read().to(elsewhere));
}

async fn elsewhere() -> HttpResponse {
    let message = "The schema ids of these topics are those of an external registry: ask that one";
    refused(StatusCode::NOT_FOUND, 40401, message)
}

async fn livez() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "alive" }))
}

async fn readyz(management: web::Data<Management>) -> HttpResponse {
    let (ready, body) = management.readiness.answer();
    let mut response = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    response.content_type("application/json").body(body)
}

async fn metrics(management: web::Data<Management>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(management.metrics.render())
}

async fn not_found() -> HttpResponse {
    HttpResponse::NotFound().json(json!({ "error": "not found" }))
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
    use tokio_util::sync::CancellationToken;

    use super::*;

    #[actix_web::test]
    async fn with_an_external_registry_ours_points_there() {
        let management = Management {
            readiness: Arc::new(Readiness::waiting_for([], &CancellationToken::new())),
            metrics: engine::telemetry::metrics().expect("metrics"),
            committed_ids: false,
        };
        let app = actix_web::test::init_service(actix_web::App::new().configure(configure(management))).await;
        for path in ["/registry/subjects", "/registry/schemas/ids/1"] {
            let request = actix_web::test::TestRequest::get().uri(path).to_request();
            let response = actix_web::test::call_service(&app, request).await;
            assert_eq!(response.status(), 404);
            let body: Value = actix_web::test::read_body_json(response).await;
            assert_eq!(body["error_code"], 40401);
            assert!(
                body["message"].as_str().is_some_and(|text| text.contains("external registry")),
                "{body}"
            );
        }
    }
}
