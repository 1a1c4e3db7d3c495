//! Somebody at a browser on the console, as far as a test needs one: keeps cookies, fills in forms, follows nothing by
//! itself. What a real browser makes of the pages is looked at elsewhere.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use reqwest::header::HeaderMap;
use reqwest::{Client, Method};

/// A page, or what came in its place.
pub struct ConsoleAnswer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl fmt::Debug for ConsoleAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} {:.4000}", self.status, self.headers, self.body)
    }
}

impl ConsoleAnswer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a visible header"))
    }

    /// All headers of that name.
    pub fn headers_of(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().expect("a visible header")).collect()
    }

    /// A page of that status.
    #[track_caller]
    pub fn page(&self, status: u16) -> &str {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("text/html; charset=utf-8"), "{self:?}");
        assert_eq!(self.body.matches("<h1").count(), 1, "{self:?}");
        &self.body
    }

    /// A redirect, and where to.
    #[track_caller]
    pub fn goes_to(&self) -> &str {
        assert_eq!(self.status, 303, "{self:?}");
        self.header("location").unwrap_or_else(|| panic!("{self:?}"))
    }

    /// Whether it sends to the form for signing in.
    pub fn asks_to_sign_in(&self) -> bool {
        self.status == 303
            && self.header("location").is_some_and(|to| to.starts_with("/console/sign-in?next="))
    }

    /// The value of a field of a form.
    pub fn field(&self, name: &str) -> Option<String> {
        let at = self.body.find(&format!("name=\"{name}\" value=\""))?;
        let rest = self.body[at..].split("value=\"").nth(1)?;
        let value = rest.split('"').next()?;
        Some(value.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    }
}

/// Somebody at a browser.
pub struct ConsoleBrowser {
    http: Client,
    url: String,
    cookies: Mutex<BTreeMap<String, String>>,
    headers: Vec<(String, String)>,
}

impl ConsoleBrowser {
    /// At the listener of that address.
    pub fn new(url: &str) -> Self {
        Self::made(url, Client::builder())
    }

    /// The same from another address of this machine.
    pub fn from_address(url: &str, address: IpAddr) -> Self {
        Self::made(url, Client::builder().local_address(address))
    }

    fn made(url: &str, client: reqwest::ClientBuilder) -> Self {
        let http = client.redirect(reqwest::redirect::Policy::none()).no_proxy().build().expect("a client");
        Self { http, url: url.to_owned(), cookies: Mutex::default(), headers: Vec::new() }
    }

    /// With a header on every request.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn jar(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The cookie that it has.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.jar().get(name).cloned()
    }

    /// Puts a cookie there, as somebody else might.
    pub fn put_cookie(&self, name: &str, value: &str) {
        self.jar().insert(name.to_owned(), value.to_owned());
    }

    /// Forgets them all.
    pub fn forget(&self) {
        self.jar().clear();
    }

    pub async fn get(&self, path: &str) -> ConsoleAnswer {
        self.send(Method::GET, path, None).await
    }

    /// Sends a form as it stands, without what a page of the console would add.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> ConsoleAnswer {
        let pairs = fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        self.send(Method::POST, path, Some(pairs.collect::<Vec<_>>().join("&"))).await
    }

    /// Fills in the form for signing in.
    pub async fn sign_in(&self, user: &str, password: &str) -> ConsoleAnswer {
        self.sign_in_to(user, password, "/console/").await
    }

    /// The same from a page that asked for it.
    pub async fn sign_in_to(&self, user: &str, password: &str, next: &str) -> ConsoleAnswer {
        let form = self.get(&format!("/console/sign-in?next={}", encoded(next))).await;
        let csrf = form.field("csrf").unwrap_or_else(|| panic!("no form: {form:?}"));
        let next = form.field("next").unwrap_or_else(|| panic!("no form: {form:?}"));
        let fields = [("csrf", csrf.as_str()), ("next", &next), ("user", user), ("password", password)];
        self.post("/console/sign-in", &fields).await
    }

    /// Anything at all.
    pub async fn send(&self, method: Method, path: &str, form: Option<String>) -> ConsoleAnswer {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        let cookies: Vec<String> = self.jar().iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        if let Some(form) = form {
            request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.text().await.expect("a body");
        let answer = ConsoleAnswer { status, headers, body };
        for cookie in answer.headers_of("set-cookie") {
            self.keep(cookie);
        }
        answer
    }

    fn keep(&self, cookie: &str) {
        let mut parts = cookie.split(';').map(str::trim);
        let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).expect("a cookie");
        if parts.any(|part| part == "Max-Age=0") {
            self.jar().remove(name);
        } else {
            self.jar().insert(name.to_owned(), value.to_owned());
        }
    }
}

/// As a form's or a query's value.
pub fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let one = |byte: u8| if plain(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}
