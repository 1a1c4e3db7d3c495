//! The public listener's routes: one table, with the methods each path has.

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource};

use crate::app::App;
use crate::auth::{self, Wants};
use crate::errors::ApiError;
use crate::ratelimit::Bucket;
use crate::{customers, docs, reading, verdict};

/// Paths beneath this want a key, whether they exist or not.
const API: &str = "/api/";

/// All routes of the public listener.
pub fn configure(app: Arc<App>) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config
            .app_data(web::Data::from(app))
            .service(only("POST", verdict::record::ROUTE).route(web::post().to(verdict::post)))
            .service(
                only("GET, POST", customers::ROUTE)
                    .route(web::post().to(customers::register::post))
                    .route(web::get().to(customers::find)),
            )
            .service(only("GET", "/api/customers/{id}").route(web::get().to(customers::get)))
            .service(only("GET", "/api/identity/attempts").route(web::get().to(reading::attempts::get)))
            .service(
                only("GET", "/api/identity/verifications/{id}")
                    .route(web::get().to(reading::verification::get)),
            )
            .service(only("GET", "/api/identity/kyc/{customerId}").route(web::get().to(reading::kyc::get)))
            .service(only("GET", "/api/auth/me").route(web::get().to(reading::me::get)))
            .service(only("GET", "/openapi.json").route(web::get().to(docs::openapi)))
            .configure(docs::configure)
            .default_service(web::to(not_found));
    }
}

/// A path that has only these methods.
pub fn only(allow: &'static str, path: &'static str) -> Resource {
    web::resource(path).default_service(web::to(move |req: HttpRequest| async move {
        guarded(&req)?;
        Err::<HttpResponse, _>(ApiError::MethodNotAllowed(allow))
    }))
}

async fn not_found(req: HttpRequest) -> Result<HttpResponse, ApiError> {
    guarded(&req)?;
    Err(ApiError::NotFound)
}

/// The order of checks puts 401 and 429 before 404 (contract §1).
fn guarded(req: &HttpRequest) -> Result<(), ApiError> {
    if !req.path().starts_with(API) {
        return Ok(());
    }
    let Some(app) = req.app_data::<web::Data<App>>() else { return Ok(()) };
    let bucket = if *req.method() == Method::GET { Bucket::Get } else { Bucket::Write };
    auth::admit(req, app, bucket, Wants::AnyKey).map(|_| ())
}
