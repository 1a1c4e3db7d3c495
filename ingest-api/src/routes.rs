//! The public listener's routes: one table, with the methods each path has.

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource, Route, guard};

use crate::app::App;
use crate::endpoints::customers::{self, CustomerRegistration};
use crate::endpoints::dukcapil_verdict::{self, DukcapilVerdict};
use crate::serving::auth::{self, Wants};
use crate::serving::errors::ApiError;
use crate::serving::rate_limit::Bucket;
use crate::writes::path;
use crate::{documentation, reading};

/// Paths beneath this want a key, whether they exist or not.
const API: &str = "/api/";

/// The methods of what can be read. HEAD is GET without the body (RFC 9110 §9.3.2), which actix leaves out.
pub const READ: &str = "GET, HEAD";

/// A route for them.
pub fn read() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// All routes of the public listener.
pub fn configure(app: Arc<App>) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        let docs_shown = app.settings.docs;
        config
            .app_data(web::Data::from(app))
            .service(
                only("POST", dukcapil_verdict::ROUTE).route(web::post().to(path::post::<DukcapilVerdict>)),
            )
            .service(
                only("GET, HEAD, POST", customers::ROUTE)
                    .route(web::post().to(path::post::<CustomerRegistration>))
                    .route(read().to(reading::customers::find)),
            )
            .service(only(READ, "/api/customers/{id}").route(read().to(reading::customers::get)))
            .service(only(READ, "/api/identity/attempts").route(read().to(reading::attempts::get)))
            .service(
                only(READ, "/api/identity/verifications/{id}").route(read().to(reading::verification::get)),
            )
            .service(only(READ, "/api/identity/kyc/{customerId}").route(read().to(reading::kyc::get)))
            .service(only(READ, "/api/auth/me").route(read().to(reading::me::get)))
            .service(only(READ, "/openapi.json").route(read().to(documentation::openapi)))
            .configure(|config| documentation::configure(config, docs_shown))
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
    Err(ApiError::RouteNotFound)
}

/// The order of checks puts 401 and 429 before 404 (contract §1).
fn guarded(req: &HttpRequest) -> Result<(), ApiError> {
    if !req.path().starts_with(API) {
        return auth::none_in_query(req);
    }
    let Some(app) = req.app_data::<web::Data<App>>() else { return Ok(()) };
    let bucket = match *req.method() {
        Method::GET | Method::HEAD => Bucket::Get,
        _ => Bucket::Write,
    };
    auth::admit(req, app, bucket, Wants::AnyKey).map(|_| ())
}
