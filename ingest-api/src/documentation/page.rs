//! `GET /docs`: a page that shows the document. It loads nothing from elsewhere, and nobody may frame it.
//!
//! In a sandbox on loopback the page has the sandbox's key in it, so that its calls work as they stand. The page
//! itself asks for no key, so the key is for the person at this machine only: never off loopback, never through a
//! proxy, and never for a page of another site, which could point a name of its own at 127.0.0.1 (DNS rebinding) or
//! take in a script of ours, but cannot read this page across origins.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use actix_web::http::header;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use engine::config::is_loopback_host;

use crate::app::App;
use crate::routes::{READ, only, read};
use crate::serving::auth;
use crate::serving::errors::ApiError;

static CONFIG: LazyLock<Arc<utoipa_swagger_ui::Config<'static>>> =
    LazyLock::new(|| Arc::new(utoipa_swagger_ui::Config::from("/openapi.json")));

/// The page's own script, in place of the one that comes with it.
const INITIALIZER: &str = include_str!("initializer.js");

/// What the page may do. Styles are written inline by the page's own script.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      font-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'none'; \
                      frame-ancestors 'none'";

/// Headers that a proxy adds: who asks through one is not the person at this machine.
const PROXIED: [&str; 6] =
    ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];

/// The page's routes.
pub(super) fn configure(config: &mut ServiceConfig) {
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
    let mut response = HttpResponse::Ok();
    response.content_type(found.content_type);
    response.insert_header((header::CONTENT_SECURITY_POLICY, POLICY));
    response.insert_header((header::REFERRER_POLICY, "no-referrer"));
    if file == "index.html" {
        let html = String::from_utf8_lossy(&found.bytes);
        return Ok(response.body(html.replacen("<head>", &head(&req), 1)));
    }
    response.insert_header((header::CACHE_CONTROL, "no-cache"));
    Ok(response.body(found.bytes))
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
    let found = utoipa_swagger_ui::serve(file, Arc::clone(&CONFIG))
        .map_err(|error| ApiError::Internal(format!("the page of the API: {error}")))?
        .ok_or(ApiError::RouteNotFound)?;
    let bytes = match found.bytes {
        _ if file == "swagger-initializer.js" => Bytes::from_static(INITIALIZER.as_bytes()),
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    };
    let found = SharedFile { bytes, content_type: found.content_type };
    files.insert(file.to_owned(), found.clone());
    Ok(found)
}

/// The beginning of the page's head.
fn head(req: &HttpRequest) -> String {
    let app = req.app_data::<web::Data<App>>();
    match app.and_then(|app| app.sandbox_key.get()).filter(|_| is_person_at_this_machine(req)) {
        // A key is letters, digits and underscores: nothing that would need escaping.
        Some(key) => {
            format!("<head><base href=\"/docs/\"><meta name=\"sandbox-key\" content=\"{}\">", key.expose())
        }
        None => "<head><base href=\"/docs/\">".to_owned(),
    }
}

/// Whether the request came over loopback, under a name of loopback, through nobody, and not from another site.
fn is_person_at_this_machine(req: &HttpRequest) -> bool {
    let headers = req.headers();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let over_loopback = req.peer_addr().is_some_and(|peer| peer.ip().is_loopback());
    let under_its_name = text("host").is_some_and(is_loopback_host);
    let through_nobody = !PROXIED.iter().any(|name| headers.contains_key(*name));
    let from_here = text("sec-fetch-site").is_none_or(|site| matches!(site, "none" | "same-origin"));
    over_loopback && under_its_name && through_nobody && from_here
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn asked(peer: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = TestRequest::get().uri("/docs").peer_addr(peer.parse().expect("an address"));
        for (name, value) in headers {
            request = request.insert_header((*name, *value));
        }
        is_person_at_this_machine(&request.to_http_request())
    }

    #[test]
    fn the_key_is_for_the_person_at_this_machine_only() {
        for host in ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "127.0.0.1", "localhost"] {
            assert!(asked("127.0.0.1:5", &[("host", host)]), "{host}");
        }
        let here = ("host", "127.0.0.1:8080");
        assert!(asked("[::1]:5", &[here, ("sec-fetch-site", "none")]));
        assert!(asked("127.0.0.1:5", &[here, ("sec-fetch-site", "same-origin")]));
        assert!(!asked("192.0.2.1:5", &[here]), "from elsewhere");
        assert!(!asked("127.0.0.1:5", &[]), "under no name");
        for name in
            ["evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example:80", "", "192.0.2.1"]
        {
            assert!(!asked("127.0.0.1:5", &[("host", name)]), "{name}");
        }
        for header in
            ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"]
        {
            assert!(!asked("127.0.0.1:5", &[here, (header, "x")]), "{header}");
        }
        for site in ["cross-site", "same-site", "x"] {
            assert!(!asked("127.0.0.1:5", &[here, ("sec-fetch-site", site)]), "{site}");
        }
    }
}
