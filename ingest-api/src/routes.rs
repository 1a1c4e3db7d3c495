//! The public listener's routes, from the list of endpoints.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource, Route, guard};
use domain::orgs::RateBucket;

use crate::app::App;
use crate::console;
use crate::documentation;
use crate::documentation::description::{EndpointDescription, EndpointMethod};
use crate::endpoints::WRITING_ENDPOINTS;
use crate::serving::auth::{self, EndpointAccess};
use crate::serving::errors::ApiError;

/// Paths beneath this want a key, whether they exist or not.
const API: &str = "/api/";

/// The methods of what can be read. HEAD is GET without the body (RFC 9110 §9.3.2), which actix leaves out.
pub const READ: &str = "GET, HEAD";

/// A route for them.
pub fn read() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// Every endpoint of the API.
pub fn endpoints() -> impl Iterator<Item = &'static EndpointDescription> {
    let reading = documentation::reading::ENDPOINTS.iter().chain([&documentation::enrolments::ENDPOINT]);
    let reading = reading.chain(&documentation::rechecks::ENDPOINTS);
    WRITING_ENDPOINTS.into_iter().chain(reading)
}

/// All routes of the public listener.
pub fn configure(app: Arc<App>) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        let docs_shown = app.settings.docs;
        config.app_data(web::Data::from(app));
        for (path, endpoints) in by_path() {
            let resource = only(allowed(&endpoints), path);
            config.service(endpoints.iter().fold(resource, |one, endpoint| one.route((endpoint.route)())));
        }
        config
            .service(only(READ, "/openapi.json").route(read().to(documentation::openapi)))
            .configure(|config| documentation::configure(config, docs_shown))
            .configure(console::routes::configure)
            .default_service(web::to(not_found));
    }
}

fn by_path() -> BTreeMap<&'static str, Vec<&'static EndpointDescription>> {
    let mut paths: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for endpoint in endpoints() {
        paths.entry(endpoint.path).or_default().push(endpoint);
    }
    paths
}

/// `Allow` of a path with these endpoints.
fn allowed(endpoints: &[&EndpointDescription]) -> &'static str {
    let has = |method| endpoints.iter().any(|endpoint| endpoint.method == method);
    match (has(EndpointMethod::Get), has(EndpointMethod::Post)) {
        (true, true) => "GET, HEAD, POST",
        (false, true) => "POST",
        (_, false) => READ,
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
        Method::GET | Method::HEAD => RateBucket::Get,
        _ => RateBucket::Write,
    };
    auth::admit(req, app, EndpointAccess::any_key(bucket)).map(|_| ())
}
