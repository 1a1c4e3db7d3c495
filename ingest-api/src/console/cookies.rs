//! The console's cookies: a session's token, the token of a form that is sent before there is a session, the chosen
//! language. None of them can be read by a script.

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderValue};
use vault::SecretToken;

use crate::app::App;

/// A cookie of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsoleCookie {
    /// Who is signed in.
    Session,
    /// Who was shown the form for signing in.
    SignInForm,
    /// Which browser it is, where somebody has signed in with it before.
    KnownBrowser,
    /// In which language.
    Language,
}

/// How long a chosen language is remembered: a year.
const LANGUAGE_SECONDS: u32 = 365 * 24 * 60 * 60;

/// How long a browser is known after somebody signed in with it: longer than a leave.
const KNOWN_BROWSER_SECONDS: u32 = 180 * 24 * 60 * 60;

impl ConsoleCookie {
    /// Its name. Over TLS the tokens' have a prefix with which a browser takes them from this host alone, and never over
    /// plaintext (RFC 6265bis §4.1.3.2): a sibling's page cannot put one in its place.
    fn name(self, is_secure: bool) -> &'static str {
        match (self, is_secure) {
            (Self::Session, true) => "__Host-console-session",
            (Self::Session, false) => "console-session",
            (Self::SignInForm, true) => "__Host-console-form",
            (Self::SignInForm, false) => "console-form",
            (Self::KnownBrowser, true) => "__Host-console-browser",
            (Self::KnownBrowser, false) => "console-browser",
            (Self::Language, _) => "console-language",
        }
    }

    fn seconds(self) -> Option<u32> {
        match self {
            // As long as the browser runs; how long it counts is the session's row's matter.
            Self::Session | Self::SignInForm => None,
            Self::KnownBrowser => Some(KNOWN_BROWSER_SECONDS),
            Self::Language => Some(LANGUAGE_SECONDS),
        }
    }

    /// The value that the browser sent. None where it sent several: one of them was put there by somebody else.
    pub fn sent(self, req: &HttpRequest, is_secure: bool) -> Option<&str> {
        let name = self.name(is_secure);
        let lines = req.headers().get_all(header::COOKIE).filter_map(|line| line.to_str().ok());
        let mut values = lines.flat_map(|line| line.split(';')).filter_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key == name).then(|| value.trim_matches('"'))
        });
        let value = values.next()?;
        if values.next().is_some() { None } else { Some(value) }
    }

    /// The token that the browser sent.
    pub fn token(self, req: &HttpRequest, app: &App) -> Option<SecretToken> {
        SecretToken::parse(self.sent(req, app.settings.console.secure_cookies)?)
    }

    /// The header that gives it that value, which consists of letters, digits, hyphens and underscores.
    pub fn set(self, value: &str, is_secure: bool) -> HeaderValue {
        let lasting = self.seconds().map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
        self.header(&format!("{value}; Path=/{lasting}"), is_secure)
    }

    /// The header that takes it away.
    pub fn clear(self, is_secure: bool) -> HeaderValue {
        self.header("; Path=/; Max-Age=0", is_secure)
    }

    fn header(self, rest: &str, is_secure: bool) -> HeaderValue {
        let secure = if is_secure { "; Secure" } else { "" };
        let text = format!("{}={rest}; HttpOnly; SameSite=Lax{secure}", self.name(is_secure));
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_cookie_is_the_one_of_its_name() {
        let sent = |lines: &[&str]| {
            let request = TestRequest::get();
            let request =
                lines.iter().fold(request, |request, line| request.append_header((header::COOKIE, *line)));
            ConsoleCookie::Session.sent(&request.to_http_request(), false).map(str::to_owned)
        };
        for (lines, value) in [
            (&["console-session=abc"][..], Some("abc")),
            (&["a=b; console-session=\"abc\" ; c=d"], Some("abc")),
            (&["a=b", "console-session=abc"], Some("abc")),
            (&["console-session="], Some("")),
            (&["console-session=abc; console-session=def"], None),
            (&["console-session=abc", "console-session=abc"], None),
            (&["xconsole-session=abc; console-sessions=abc"], None),
            (&["__Host-console-session=abc"], None),
            (&["console-session"], None),
            (&[], None),
        ] {
            assert_eq!(sent(lines).as_deref(), value, "{lines:?}");
        }
    }

    #[test]
    fn a_known_browser_is_known_for_half_a_year_and_by_the_server_alone() {
        let set = ConsoleCookie::KnownBrowser.set("abc", true);
        let whole = "__Host-console-browser=abc; Path=/; Max-Age=15552000; HttpOnly; SameSite=Lax; Secure";
        assert_eq!(set.to_str().expect("a text"), whole);
    }

    #[test]
    fn tokens_are_for_the_server_alone_and_over_tls_for_this_host_alone() {
        for cookie in [ConsoleCookie::Session, ConsoleCookie::SignInForm] {
            let secure = cookie.set("abc", true);
            let secure = secure.to_str().expect("a text");
            assert!(secure.starts_with("__Host-console-"), "{secure}");
            assert!(secure.ends_with("=abc; Path=/; HttpOnly; SameSite=Lax; Secure"), "{secure}");
            let plain = cookie.set("abc", false);
            let plain = plain.to_str().expect("a text");
            assert!(plain.starts_with("console-") && plain.ends_with("; HttpOnly; SameSite=Lax"), "{plain}");
            let gone = cookie.clear(true);
            let gone = gone.to_str().expect("a text");
            assert!(gone.contains("=; Path=/; Max-Age=0;") && gone.ends_with("; Secure"), "{gone}");
        }
    }
}
