//! The management listener (internal network): liveness, readiness, metrics, and beneath `/registry` the committed
//! schemas (`registry`).

mod registry;

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{self, ServiceConfig};
use serde_json::json;
use service::Readiness;
use service::telemetry::Metrics;

use crate::routes::{READ, only, read};
use crate::serving::errors::ApiError;

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
        let registry = if management.committed_ids { registry::routes() } else { registry::elsewhere() };
        config
            .app_data(web::Data::new(management))
            .service(only(READ, "/livez").route(read().to(livez)))
            .service(only(READ, "/readyz").route(read().to(readyz)))
            .service(only(READ, "/metrics").route(read().to(metrics)))
            .service(registry)
            .default_service(web::to(not_found));
    }
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

async fn not_found() -> Result<HttpResponse, ApiError> {
    Err(ApiError::RouteNotFound)
}
