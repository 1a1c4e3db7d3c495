//! What every request to the console has, signed in or not: a language, an address, a request id. And the page that an
//! error becomes.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _, HttpRequest};
use console_pages::navigation::HOME;
use console_pages::pages::problem::{self, PageProblem, ProblemModel};
use console_pages::{Language, PageFrame, PageReader};
use domain::staff::ConsolePage;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::app::App;
use crate::console::answer::{self, HTML};
use crate::console::cookies::ConsoleCookie;
use crate::console::error::ConsoleError;
use crate::limits::CONSOLE_ADDRESS_BYTES_MAX;
use crate::serving::query;
use crate::serving::request_id::RequestName;

/// Where signing in is.
pub const SIGN_IN: &str = "/console/sign-in";

/// What a query's value may not have as it is.
const IN_A_VALUE: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'&').add(b'+').add(b'<').add(b'>');

/// What a request says of its reader before it is known who that is.
#[derive(Debug, Clone)]
pub struct ConsoleVisit {
    language: Language,
    /// The language was chosen by this request's address.
    is_chosen: bool,
    has_secure_cookies: bool,
    address: String,
}

impl ConsoleVisit {
    fn of(req: &HttpRequest) -> Self {
        let app = req.app_data::<Data<App>>();
        let lang = query::first(req.query_string(), "lang");
        let header = req.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let language = Language::choose(lang.as_deref(), ConsoleCookie::Language.sent(req, false), header);
        let address = req.uri().path_and_query().map_or(HOME, |address| address.as_str());
        // Longer ones are none of our links; a page in another language then begins anew.
        let address = if address.len() <= CONSOLE_ADDRESS_BYTES_MAX { address } else { req.path() };
        Self {
            language,
            is_chosen: lang.as_deref().and_then(Language::parse).is_some(),
            has_secure_cookies: app.is_some_and(|app| app.settings.console.secure_cookies),
            address: address.to_owned(),
        }
    }

    /// The request's, which [`present`] has put there.
    pub fn of_request(req: &HttpRequest) -> Self {
        let known = req.extensions().get::<Self>().cloned();
        known.unwrap_or_else(|| Self::of(req))
    }

    /// In which language it is answered.
    pub fn language(&self) -> Language {
        self.language
    }

    /// What surrounds a page.
    pub fn frame(&self, reader: Option<PageReader>, current: Option<ConsolePage>) -> PageFrame {
        PageFrame { language: self.language, reader, current, address: self.address.clone(), is_live: false }
    }
}

/// The middleware of all of the console: an error becomes a page, a chosen language is remembered, and every answer
/// has the headers that protect it.
///
/// # Errors
/// None of its own.
pub async fn present(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let visit = ConsoleVisit::of(req.request());
    let has_key = query::carries_a_key(req.query_string());
    req.extensions_mut().insert(visit.clone());
    let response = if has_key {
        let (req, _) = req.into_parts();
        ServiceResponse::from_err(ConsoleError::BadRequest(StatusCode::BAD_REQUEST), req)
    } else {
        next.call(req).await?.map_into_boxed_body()
    };
    let mut response = with_problem_page(response, &visit);
    if visit.is_chosen {
        let cookie = ConsoleCookie::Language.set(visit.language.code(), visit.has_secure_cookies);
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer::protect(response.headers_mut());
    Ok(response)
}

/// What is no page becomes one.
fn with_problem_page(response: ServiceResponse, visit: &ConsoleVisit) -> ServiceResponse {
    let error = response.response().error().and_then(|error| error.as_error::<ConsoleError>()).cloned();
    match error {
        Some(ConsoleError::SignInFirst) => sign_in_first(response, visit),
        Some(error) => match error.problem() {
            Some(problem) => problem_page(response, visit, &error, problem),
            None => response,
        },
        None => response,
    }
}

/// The address of the form for signing in, from which it goes on to that page.
pub fn sign_in_address(next: &str) -> String {
    format!("{SIGN_IN}?next={}", utf8_percent_encode(next, IN_A_VALUE))
}

/// A request that nobody made: a page that renews itself, or its stream of changes. It is no use of a session, so that
/// who has left such a page open is signed out all the same.
pub fn is_by_itself(req: &HttpRequest) -> bool {
    req.headers().contains_key(BY_SCRIPT) || is_stream(req)
}

fn is_stream(req: &HttpRequest) -> bool {
    req.headers().get(header::ACCEPT).is_some_and(|accept| accept == "text/event-stream")
}

/// What the script that renews pages sends with its requests.
const BY_SCRIPT: &str = "hx-request";

/// What tells it to load the page anew.
const RELOAD: HeaderName = HeaderName::from_static("hx-refresh");

fn sign_in_first(mut response: ServiceResponse, visit: &ConsoleVisit) -> ServiceResponse {
    if response.request().headers().contains_key(BY_SCRIPT) {
        // A redirect would put the form into the page's place in the page.
        *response.response_mut().status_mut() = StatusCode::UNAUTHORIZED;
        response.headers_mut().insert(RELOAD, HeaderValue::from_static("true"));
        return response;
    }
    if is_stream(response.request()) {
        // Told so, a browser does not ask for the stream again (HTML standard, 9.2.3); a form would be none.
        *response.response_mut().status_mut() = StatusCode::NO_CONTENT;
        return response;
    }
    // A form that was sent cannot be sent again by a redirect: its reader begins at the start.
    let is_read = matches!(*response.request().method(), Method::GET | Method::HEAD);
    let next = if is_read { visit.address.as_str() } else { HOME };
    if let Ok(location) = HeaderValue::from_str(&sign_in_address(next)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

fn problem_page(
    mut response: ServiceResponse,
    visit: &ConsoleVisit,
    error: &ConsoleError,
    problem: PageProblem,
) -> ServiceResponse {
    let (request_id, reader) = {
        let extensions = response.request().extensions();
        let request_id = extensions.get::<RequestName>().map(|name| name.as_str().to_owned());
        (request_id.unwrap_or_default(), extensions.get::<PageReader>().cloned())
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(HTML));
    match error {
        ConsoleError::MethodNotAllowed(allow) => {
            headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        ConsoleError::TooManyRequests(seconds) => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
        }
        ConsoleError::Unavailable(_) | ConsoleError::NotRecorded(_) => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(crate::limits::RETRY_AFTER_S));
        }
        _ => {}
    }
    let frame = visit.frame(reader, None);
    let document = problem::render(&frame, &ProblemModel { problem, request_id });
    response.map_body(|_, _| BoxBody::new(document))
}
