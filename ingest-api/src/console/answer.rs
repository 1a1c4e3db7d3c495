//! Answers of the console: pages, redirects, and the headers that all of them have.

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// What a page may do: our own files, no script or style within the page, forms to ourselves, and nobody frames it.
pub const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                                  connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// `Content-Type` of a page.
pub const HTML: &str = "text/html; charset=utf-8";

/// A page.
pub fn page(document: String) -> HttpResponse {
    HttpResponse::Ok().content_type(HTML).body(document)
}

/// To another address, by GET. `path` is one of ours.
pub fn see_other(path: &str) -> HttpResponse {
    let mut response = HttpResponse::SeeOther();
    response.insert_header((header::LOCATION, path));
    response.finish()
}

/// Gives an answer the headers that every answer of the console has, unless it has its own.
pub fn protect(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}
