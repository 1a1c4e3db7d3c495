//! The console's routes: one line for each page.

use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Resource, guard};
use console_pages::navigation::HOME;

use crate::console::answer::see_other;
use crate::console::error::ConsoleError;
use crate::console::session::SignedIn;
use crate::console::visit::present;
use crate::console::{
    access, account, assets, attempts, customer, customers, review, reviews, sign_in, void,
};
use crate::routes::{READ, read};

/// Where somebody begins who has signed in.
const FIRST_PAGE: &str = "/console/customers";

/// All of them, beneath `/console`.
pub fn configure(config: &mut ServiceConfig) {
    let scope = web::scope("/console")
        .wrap(from_fn(present))
        .service(page("").route(read().to(|| async { see_other(HOME) })))
        .service(page("/").route(read().to(home)))
        .service(page("/assets/{file}").route(read().to(assets::file)))
        .service(
            only("GET, HEAD, POST", "/sign-in")
                .route(read().to(sign_in::page))
                .route(web::post().to(sign_in::submit)),
        )
        .service(only("POST", "/sign-out").route(web::route().guard(guard::Post()).to(sign_in::sign_out)))
        .service(page("/customers").route(read().to(customers::list)))
        .service(page("/customers/{id}").route(read().to(customer::show)))
        .service(page("/reviews").route(read().to(reviews::list)))
        .service(
            only("GET, HEAD, POST", "/reviews/{id}")
                .route(read().to(review::show))
                .route(web::post().to(review::decide)),
        )
        .service(only("POST", "/reviews/{id}/picture").route(web::post().to(review::picture)))
        .service(
            only("GET, HEAD, POST", "/verifications/{id}/void")
                .route(read().to(void::show))
                .route(web::post().to(void::declare)),
        )
        .service(page("/access").route(read().to(access::list)))
        .service(page("/account").route(read().to(account::page)))
        .service(page("/attempts").route(read().to(attempts::get)))
        .service(only("GET", "/attempts/live").route(web::get().to(attempts::live)))
        .default_service(web::to(not_found));
    config.service(scope);
}

/// A page that is only read.
fn page(path: &'static str) -> Resource {
    only(READ, path)
}

/// A path that has only these methods.
fn only(allow: &'static str, path: &'static str) -> Resource {
    web::resource(path).default_service(web::to(move || async move {
        Err::<HttpResponse, _>(ConsoleError::MethodNotAllowed(allow))
    }))
}

async fn home(_: SignedIn) -> HttpResponse {
    see_other(FIRST_PAGE)
}

/// Who is not signed in learns nothing of which pages there are.
async fn not_found(_: SignedIn) -> Result<HttpResponse, ConsoleError> {
    Err(ConsoleError::NotFound)
}
