//! `/console/sign-in` and `/console/sign-out`: from a password to a session, and the end of one.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use console_pages::frame::CSRF_FIELD;
use console_pages::pages::sign_in::{self, SignInModel, SignInRefusal};
use domain::staff::{SessionDigest, StaffAccount, StaffSession, StaffUserName};
use domain::time::Timestamp;
use vault::SecretToken;
use zeroize::Zeroizing;

use crate::app::App;
use crate::console::answer::{self, see_other};
use crate::console::client_address::client_address;
use crate::console::cookies::ConsoleCookie;
use crate::console::error::ConsoleError;
use crate::console::form::FormFields;
use crate::console::known_browser::KnownBrowser;
use crate::console::next_address::next_address;
use crate::console::password_gate::{PasswordRefusal, TryOrigin};
use crate::console::session::SignedIn;
use crate::console::throttle::TryingAddress;
use crate::console::visit::{ConsoleVisit, SIGN_IN, sign_in_address};
use crate::limits::RETRY_AFTER_S;
use crate::serving::query;

/// For what the token of the form proves itself.
const FORM_PROOF: &str = "console sign-in";

/// The form; who is signed in already goes on.
///
/// # Errors
/// None of its own.
pub async fn page(req: HttpRequest, app: Data<App>) -> Result<HttpResponse, ConsoleError> {
    let next = query::first(req.query_string(), "next").unwrap_or_default();
    let next = next_address(&next);
    if SignedIn::of_request(&req, &app).await.is_ok() {
        return Ok(see_other(next));
    }
    Ok(form(&req, &app, next, "", None))
}

/// Signs in.
///
/// # Errors
/// What is no such form, and what does not answer.
pub async fn submit(req: HttpRequest, app: Data<App>) -> Result<HttpResponse, ConsoleError> {
    let fields = FormFields::read(&req, &app, &["user", "password", "next"]).await?;
    let (typed, next) = (fields.field("user"), next_address(fields.field("next")));
    let refuse = |refusal| {
        count(refusal);
        Ok(form(&req, &app, next, typed, Some(refusal)))
    };
    let shown = ConsoleCookie::SignInForm.token(&req, &app);
    if !shown.is_some_and(|token| token.is_proof(FORM_PROOF, fields.field(CSRF_FIELD))) {
        return refuse(SignInRefusal::Form);
    }
    let name = StaffUserName::parse(typed.trim());
    let address = client_address(&req, app.settings.console.proxies);
    let address = TryingAddress::of(address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)));
    let password = Zeroizing::new(fields.field("password").to_owned());
    let browser = ConsoleCookie::KnownBrowser.sent(&req, app.settings.console.secure_cookies);
    match tried(&app, address, browser, &name, password).await {
        Ok(Some(account)) => {
            metrics::counter!("identity_console_sign_ins_total", "outcome" => "signed_in").increment(1);
            begin(&req, &app, &account, next).await
        }
        Ok(None) => refuse(SignInRefusal::Wrong),
        Err(PasswordRefusal::Throttled(wait)) => {
            let retry_after_s = wait.as_millis().div_ceil(1_000).max(1) as u64;
            refuse(SignInRefusal::Throttled { retry_after_s })
        }
        Err(PasswordRefusal::Busy) => refuse(SignInRefusal::Busy),
        Err(PasswordRefusal::Failed(error)) => Err(error),
    }
}

/// The account whose name and password those are. Whether there is such an account, and whether it is disabled, changes
/// nothing of what is done before the answer.
async fn tried(
    app: &App,
    address: TryingAddress,
    browser: Option<&str>,
    name: &Option<StaffUserName>,
    password: Zeroizing<String>,
) -> Result<Option<StaffAccount>, PasswordRefusal> {
    let account = async || match name {
        Some(name) => app.staff_accounts.account(name).await.map_err(|e| PasswordRefusal::Failed(e.into())),
        None => Ok(None),
    };
    let claimed = match browser {
        Some(cookie) => Some((cookie, account().await?)),
        None => None,
    };
    let known = claimed
        .as_ref()
        .and_then(|(cookie, account)| KnownBrowser::of_cookie(cookie, &account.as_ref()?.password_hash));
    let from = known.map_or(TryOrigin::Address(address), TryOrigin::Browser);
    app.password_gate.take_try(from, name)?;
    let account = match claimed {
        Some((_, account)) => account,
        None => account().await?,
    };
    let hash = account.as_ref().map(|account| account.password_hash.clone());
    let is_right = app.password_gate.verify(from, password, hash).await?;
    let signed_in = account.filter(|account| is_right && !account.is_disabled);
    if signed_in.is_some() {
        app.password_gate.forgive(from, name);
    }
    Ok(signed_in)
}

/// A session of its own, whatever cookie the browser came with: what somebody else put there is worth nothing.
async fn begin(
    req: &HttpRequest,
    app: &App,
    account: &StaffAccount,
    next: &str,
) -> Result<HttpResponse, ConsoleError> {
    let settings = &app.settings.console;
    if let Some(before) = ConsoleCookie::Session.token(req, app) {
        app.staff_sessions.delete_session(&SessionDigest(before.sha256())).await?;
    }
    let (token, now) = (SecretToken::generate(), app.now());
    let most_ms = i64::try_from(settings.session_max.as_millis()).unwrap_or(i64::MAX);
    let session = StaffSession {
        digest: SessionDigest(token.sha256()),
        user: account.user.clone(),
        account_version: account.version,
        created_at: now,
        last_seen_at: now,
        expires_at: Timestamp::from_millis(now.millis().saturating_add(most_ms)),
    };
    app.staff_sessions.insert_session(session).await?;
    let mut response = see_other(next);
    let headers = response.headers_mut();
    headers.append(header::SET_COOKIE, ConsoleCookie::Session.set(&token.expose(), settings.secure_cookies));
    headers.append(header::SET_COOKIE, ConsoleCookie::SignInForm.clear(settings.secure_cookies));
    let browser = KnownBrowser::new_cookie(&account.password_hash);
    headers.append(header::SET_COOKIE, ConsoleCookie::KnownBrowser.set(&browser, settings.secure_cookies));
    Ok(response)
}

/// Ends the session.
///
/// # Errors
/// [`ConsoleError::FormRefused`] where another site asks for it.
pub async fn sign_out(
    req: HttpRequest,
    app: Data<App>,
    signed_in: SignedIn,
) -> Result<HttpResponse, ConsoleError> {
    FormFields::of_signed_in(&req, &app, &signed_in, &[]).await?;
    app.staff_sessions.delete_session(&signed_in.session.digest).await?;
    let mut response = see_other(SIGN_IN);
    let cookie = ConsoleCookie::Session.clear(app.settings.console.secure_cookies);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// The form with the token that its answer must bring, which is bound to a cookie that only a page of ours can set.
fn form(
    req: &HttpRequest,
    app: &App,
    next: &str,
    user: &str,
    refusal: Option<SignInRefusal>,
) -> HttpResponse {
    let known = ConsoleCookie::SignInForm.token(req, app);
    let is_known = known.is_some();
    let token = known.unwrap_or_else(SecretToken::generate);
    let model = SignInModel {
        csrf_token: token.proof(FORM_PROOF),
        next: next.to_owned(),
        user: user.to_owned(),
        refusal,
    };
    let mut frame = ConsoleVisit::of_request(req).frame(None, None);
    frame.address = sign_in_address(next);
    let mut response = answer::page(sign_in::render(&frame, &model));
    *response.status_mut() = refusal.map_or(StatusCode::OK, status);
    let headers = response.headers_mut();
    if !is_known {
        let cookie = ConsoleCookie::SignInForm.set(&token.expose(), app.settings.console.secure_cookies);
        headers.append(header::SET_COOKIE, cookie);
    }
    match refusal {
        Some(SignInRefusal::Throttled { retry_after_s }) => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(retry_after_s));
        }
        Some(SignInRefusal::Busy) => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S));
        }
        Some(SignInRefusal::Wrong | SignInRefusal::Form) | None => {}
    }
    response
}

fn status(refusal: SignInRefusal) -> StatusCode {
    match refusal {
        SignInRefusal::Wrong | SignInRefusal::Form => StatusCode::FORBIDDEN,
        SignInRefusal::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
        SignInRefusal::Busy => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn count(refusal: SignInRefusal) {
    let outcome = match refusal {
        SignInRefusal::Wrong => "wrong",
        SignInRefusal::Form => "form_refused",
        SignInRefusal::Throttled { .. } => "throttled",
        SignInRefusal::Busy => "busy",
    };
    metrics::counter!("identity_console_sign_ins_total", "outcome" => outcome).increment(1);
}
