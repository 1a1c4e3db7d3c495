//! The management listener (internal network): liveness, readiness, metrics, and beneath `/registry` the committed
//! schemas (`registry`).

mod registry;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::HttpResponse;
use actix_web::web::{self, ServiceConfig};
use engine::telemetry::Metrics;
use serde_json::json;

use crate::errors::ApiError;
use crate::routes::{READ, only, read};

/// Whether a load balancer may send requests.
#[derive(Debug, Default)]
pub struct Readiness {
    ready: AtomicBool,
    draining: AtomicBool,
}

impl Readiness {
    /// Every dependency has answered once.
    pub fn set_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }

    /// The shutdown has begun.
    pub fn set_draining(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Ready and not shutting down. A later outage does not change it: it is answered with 503s of ours, so
    /// that a shared dependency's outage does not empty the load balancer (contract §4).
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire) && !self.draining.load(Ordering::Acquire)
    }
}

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
    if management.readiness.is_ready() {
        HttpResponse::Ok().json(json!({ "status": "ready" }))
    } else {
        HttpResponse::ServiceUnavailable().json(json!({ "status": "unready" }))
    }
}

async fn metrics(management: web::Data<Management>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(management.metrics.render())
}

async fn not_found() -> Result<HttpResponse, ApiError> {
    Err(ApiError::RouteNotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_once_and_never_again_after_the_shutdown_began() {
        let readiness = Readiness::default();
        assert!(!readiness.is_ready());
        readiness.set_ready();
        assert!(readiness.is_ready());
        readiness.set_draining();
        assert!(!readiness.is_ready());
        readiness.set_ready();
        assert!(!readiness.is_ready());
    }
}
