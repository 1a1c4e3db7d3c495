//! Forms: read within bounds, fields that were sent twice or that nobody knows refused, and refused as a whole where
//! another site sent them.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use console_pages::frame::CSRF_FIELD;
use zeroize::Zeroizing;

use crate::app::App;
use crate::console::error::ConsoleError;
use crate::console::session::SignedIn;
use crate::serving::{body, query};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A form's fields. They may hold a password, so they are wiped when dropped, and have no `Debug`.
pub struct FormFields(Vec<(String, Zeroizing<String>)>);

impl FormFields {
    /// Reads the form of a request. `known` are its fields beside the one that says who sent it.
    ///
    /// # Errors
    /// [`ConsoleError::FormRefused`] where another site sent it; 4xx for what is no such form.
    pub async fn read(req: &HttpRequest, app: &App, known: &[&str]) -> Result<Self, ConsoleError> {
        if !is_from_here(req) {
            return Err(ConsoleError::FormRefused);
        }
        let body = body::receive_form(req, &app.settings).await?;
        let malformed = || ConsoleError::BadRequest(StatusCode::BAD_REQUEST);
        let text = std::str::from_utf8(&body).map_err(|_| malformed())?;
        let mut fields: Vec<(String, Zeroizing<String>)> = Vec::new();
        for pair in query::decoded_pairs(text) {
            let (name, value) = pair.ok_or_else(malformed)?;
            let is_known = name == CSRF_FIELD || known.contains(&name.as_str());
            if !is_known || fields.iter().any(|(other, _)| *other == name) {
                return Err(malformed());
            }
            fields.push((name, Zeroizing::new(value)));
        }
        Ok(Self(fields))
    }

    /// The same of somebody who is signed in, with the token that the form's page was given.
    ///
    /// # Errors
    /// As for [`FormFields::read`], and [`ConsoleError::FormRefused`] without that token.
    pub async fn of_signed_in(
        req: &HttpRequest,
        app: &App,
        signed_in: &SignedIn,
        known: &[&str],
    ) -> Result<Self, ConsoleError> {
        let form = Self::read(req, app, known).await?;
        if signed_in.is_own_form(form.field(CSRF_FIELD)) { Ok(form) } else { Err(ConsoleError::FormRefused) }
    }

    /// A field's text; empty where it was not sent.
    pub fn field(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
    }
}

/// Whether no header says that another site sent it. Old browsers and other clients send neither; then the token alone
/// decides.
fn is_from_here(req: &HttpRequest) -> bool {
    let text = |name: HeaderName| req.headers().get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = text(SEC_FETCH_SITE).is_none_or(|site| matches!(site, "same-origin" | "none"));
    // By name and port: a proxy that ends TLS changes the scheme.
    let origin = text(header::ORIGIN).is_none_or(|origin| {
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        authority.is_some() && authority == text(header::HOST)
    });
    site && origin
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_form_is_from_here_unless_a_header_says_otherwise() {
        let asked = |headers: &[(&'static str, &str)]| {
            let request =
                headers.iter().fold(TestRequest::post(), |request, header| request.insert_header(*header));
            is_from_here(&request.to_http_request())
        };
        let host = ("host", "console.example:8443");
        for here in [
            &[host][..],
            &[host, ("origin", "https://console.example:8443")],
            &[host, ("origin", "http://console.example:8443"), ("sec-fetch-site", "same-origin")],
            &[host, ("sec-fetch-site", "none")],
        ] {
            assert!(asked(here), "{here:?}");
        }
        for elsewhere in [
            &[host, ("origin", "https://evil.example")][..],
            &[host, ("origin", "https://console.example")],
            &[host, ("origin", "null")],
            &[host, ("origin", "")],
            &[("origin", "https://console.example:8443")],
            &[host, ("sec-fetch-site", "cross-site")],
            &[host, ("sec-fetch-site", "same-site")],
        ] {
            assert!(!asked(elsewhere), "{elsewhere:?}");
        }
    }
}
