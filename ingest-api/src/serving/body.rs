//! Bodies: what may be sent, how much, how slowly, and what is done with a body that no handler read.
//!
//! An answer that is given before the body was read must still reach its caller. actix reads on and closes
//! after an unread body of known length ("linger"), but drains a chunked one without an end once its stream
//! is dropped. So the unread stream is kept alive inside the answer ([`UnreadBody::linger`]): then both end in
//! the same bounded linger (`settings.linger`), with `Connection: close`; and once the answer is out, our half
//! of the connection is closed, so that a client that reads to the end need not wait for it.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpMessage as _, HttpRequest};
use bytes::{Bytes, BytesMut};
use domain::ids::OrgId;
use futures::StreamExt as _;
use zeroize::Zeroizing;

use crate::app::App;
use crate::limits::{BODY_BYTES_MAX, BODY_STEP_BYTES, FORM_BYTES_MAX};
use crate::serving::admission::AdmissionPermit;
use crate::serving::connection::ConnectionHandle;
use crate::serving::errors::ApiError;
use crate::settings::Settings;

/// A request's unread body, in the request's extensions.
#[derive(Clone)]
pub struct UnreadBody(Rc<RefCell<Option<Payload>>>);

impl UnreadBody {
    /// Keeps the body's stream until a handler reads it.
    pub fn new(payload: Payload) -> Self {
        Self(Rc::new(RefCell::new(Some(payload))))
    }

    /// Whether no handler has read it.
    pub fn is_unread(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// The answer's body with the unread stream in it, if there is one.
    pub fn linger(&self, body: BoxBody, closing: Option<ConnectionHandle>) -> BoxBody {
        match self.0.borrow_mut().take() {
            Some(payload @ Payload::H1 { .. }) => {
                BoxBody::new(LingeringBody { body, _unread: payload, closing })
            }
            _ => body,
        }
    }
}

/// An answer's body that keeps the request's stream alive.
struct LingeringBody {
    body: BoxBody,
    _unread: Payload,
    closing: Option<ConnectionHandle>,
}

impl Drop for LingeringBody {
    /// actix drops an answer's body when all of it is encoded and before it is flushed.
    fn drop(&mut self) {
        if let Some(closing) = &self.closing {
            closing.half_close_after_this_answer();
        }
    }
}

impl MessageBody for LingeringBody {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_next(cx)
    }
}

/// Reads a form of the console: small, so that it is not charged. Its errors are those of [`receive`].
///
/// # Errors
/// As said.
pub async fn receive_form(req: &HttpRequest, settings: &Settings) -> Result<Zeroizing<Vec<u8>>, ApiError> {
    check_media_type(req.headers(), is_form)?;
    if declared_length(req.headers()).is_some_and(|length| length > FORM_BYTES_MAX) {
        return Err(ApiError::BodyTooLarge);
    }
    let mut body = Zeroizing::new(Vec::with_capacity(FORM_BYTES_MAX));
    let unread = req.extensions().get::<UnreadBody>().cloned();
    let Some(unread) = unread else { return Ok(body) };
    let Some(mut payload) = unread.0.borrow_mut().take() else { return Ok(body) };
    if let Some(handle) = req.conn_data::<ConnectionHandle>() {
        handle.body_is_wanted();
    }
    let pace = Pace::begin(settings);
    loop {
        let error = match next(&mut payload, &pace, body.len()).await {
            Ok(None) => return Ok(body),
            Ok(Some(chunk)) if body.len() + chunk.len() <= FORM_BYTES_MAX => {
                body.extend_from_slice(&chunk);
                continue;
            }
            Ok(Some(_)) => ApiError::BodyTooLarge,
            Err(error) => error,
        };
        *unread.0.borrow_mut() = Some(payload);
        return Err(error);
    }
}

/// Reads a request's body after the contract's checks, in its order: 415, 413 by `Content-Length`, 503
/// admission, then 413, 408 and 400 while reading. The caller keeps the permit until the request is answered.
///
/// # Errors
/// One of these.
pub async fn receive(
    req: &HttpRequest,
    app: &App,
    org: &OrgId,
) -> Result<(Bytes, AdmissionPermit), ApiError> {
    check_media_type(req.headers(), is_json)?;
    let length = declared_length(req.headers());
    if length.is_some_and(|length| length > BODY_BYTES_MAX) {
        return Err(ApiError::BodyTooLarge);
    }
    let unread = req.extensions().get::<UnreadBody>().cloned();
    let announced = if unread.is_some() { length } else { Some(0) };
    let mut permit = app.admission.take(org, announced).ok_or(ApiError::Overloaded)?;
    let Some(unread) = unread else { return Ok((Bytes::new(), permit)) };
    let Some(mut payload) = unread.0.borrow_mut().take() else { return Ok((Bytes::new(), permit)) };
    // No check that needs no body can refuse the request any more: a client that waits for `100 Continue` gets it.
    if let Some(handle) = req.conn_data::<ConnectionHandle>() {
        handle.body_is_wanted();
    }
    match read(&mut payload, length, &app.settings, &mut permit).await {
        Ok(body) => {
            permit.settle(body.len());
            Ok((body, permit))
        }
        Err(error) => {
            *unread.0.borrow_mut() = Some(payload);
            Err(error)
        }
    }
}

async fn read(
    payload: &mut Payload,
    length: Option<usize>,
    settings: &Settings,
    permit: &mut AdmissionPermit,
) -> Result<Bytes, ApiError> {
    let pace = Pace::begin(settings);
    let mut body = BytesMut::new();
    loop {
        let Some(chunk) = next(payload, &pace, body.len()).await? else { return Ok(body.freeze()) };
        let received = body.len() + chunk.len();
        if received > BODY_BYTES_MAX {
            return Err(ApiError::BodyTooLarge);
        }
        if !permit.grow(received) {
            return Err(ApiError::Overloaded);
        }
        if body.is_empty() && length == Some(chunk.len()) {
            // The usual small body was received in one piece, which is used without a copy. Its end is read too, so
            // that the connection knows that the body was read.
            return match next(payload, &pace, received).await? {
                None => Ok(chunk),
                Some(_) => Err(ApiError::BodyIncomplete),
            };
        }
        if received > body.capacity() {
            // Room for twice what was received, at most what was announced: an announcement alone allocates nothing.
            let most = length.unwrap_or(BODY_BYTES_MAX).max(received);
            let room = (received * 2).max(BODY_STEP_BYTES).min(most);
            body.reserve(room - body.len());
        }
        body.extend_from_slice(&chunk);
    }
}

/// The next piece of a body within the time it has; none at its end.
async fn next(payload: &mut Payload, pace: &Pace<'_>, received: usize) -> Result<Option<Bytes>, ApiError> {
    let left = pace.left(received, Instant::now()).ok_or(ApiError::BodyStalled)?;
    match tokio::time::timeout(left, payload.next()).await {
        Err(_) => Err(ApiError::BodyStalled),
        Ok(None) => Ok(None),
        Ok(Some(Err(PayloadError::Overflow))) => Err(ApiError::BodyTooLarge),
        Ok(Some(Err(_))) => Err(ApiError::BodyIncomplete),
        Ok(Some(Ok(chunk))) => Ok(Some(chunk)),
    }
}

/// How slowly a body may be received (contract §1).
struct Pace<'a> {
    start: Instant,
    settings: &'a Settings,
}

impl<'a> Pace<'a> {
    fn begin(settings: &'a Settings) -> Self {
        Self { start: Instant::now(), settings }
    }

    /// How long to wait for the next piece of a body of which so much was received; none when its time is over.
    fn left(&self, received: usize, now: Instant) -> Option<Duration> {
        let settings = self.settings;
        let mut most = settings.body_total;
        if let Some(earned_ms) = (received as u64 * 1_000).checked_div(settings.body_rate_min) {
            let earned = Duration::from_millis(earned_ms);
            most = most.min(earned.max(settings.body_rate_after));
        }
        let left = most.checked_sub(now.saturating_duration_since(self.start))?;
        Some(left.min(settings.body_progress)).filter(|left| !left.is_zero())
    }
}

/// The `Content-Length`, which actix has checked.
fn declared_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

/// 415 unless the body is of that type, in UTF-8, without a content coding.
fn check_media_type(headers: &HeaderMap, is_wanted: fn(&str) -> bool) -> Result<(), ApiError> {
    let mut types = headers.get_all(header::CONTENT_TYPE);
    let one = types.next().and_then(|value| value.to_str().ok()).is_some_and(is_wanted);
    let wanted = one && types.next().is_none();
    let plain = headers.get_all(header::CONTENT_ENCODING).all(|value| {
        value.to_str().is_ok_and(|codings| {
            codings.split(',').all(|coding| {
                let coding = coding.trim();
                coding.is_empty() || coding.eq_ignore_ascii_case("identity")
            })
        })
    });
    match (wanted, plain) {
        (true, true) => Ok(()),
        (false, _) => Err(ApiError::UnsupportedMediaType),
        (true, false) => Err(ApiError::UnsupportedContentEncoding),
    }
}

fn is_json(value: &str) -> bool {
    is_in_utf_8(value, "application/json")
}

fn is_form(value: &str) -> bool {
    is_in_utf_8(value, "application/x-www-form-urlencoded")
}

fn is_in_utf_8(value: &str, media_type: &str) -> bool {
    let mut parts = value.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    essence.eq_ignore_ascii_case(media_type)
        && parts.filter(|part| !part.is_empty()).all(|part| {
            part.split_once('=').is_some_and(|(name, charset)| {
                name.eq_ignore_ascii_case("charset")
                    && charset.trim_matches('"').eq_ignore_ascii_case("utf-8")
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};
    use engine::config::{ApiConfig, ConsoleConfig, SupportConfig};

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"));
        }
        map
    }

    #[test]
    fn a_body_has_the_time_that_its_bytes_earn_it() {
        let settings =
            Settings::of(&ApiConfig::default(), &ConsoleConfig::default(), &SupportConfig::default());
        let pace = Pace::begin(&settings);
        let left = |received, after_s| {
            pace.left(received, pace.start + Duration::from_secs(after_s)).map(|left| left.as_secs())
        };
        for (received, after_s, wanted) in [
            (0, 0, Some(10)),
            (1, 9, Some(1)),
            (1, 10, None),
            (10 * 1024, 10, None),
            (12 * 1024, 10, Some(2)),
            (20 * 1024, 10, Some(10)),
            (20 * 1024, 20, None),
            (4 * 1024 * 1024, 25, Some(5)),
            (4 * 1024 * 1024, 30, None),
        ] {
            assert_eq!(left(received, after_s), wanted, "{received} bytes after {after_s} s");
        }
    }

    #[test]
    fn json_in_utf_8_is_taken() {
        for good in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=UTF-8",
            "application/json; charset=\"utf-8\"",
            "application/json;",
        ] {
            assert!(check_media_type(&headers(&[("content-type", good)]), is_json).is_ok(), "{good}");
        }
        let identity = [("content-type", "application/json"), ("content-encoding", "identity")];
        assert!(check_media_type(&headers(&identity), is_json).is_ok());
    }

    #[test]
    fn everything_else_is_415() {
        for bad in [
            "",
            "text/plain",
            "application/jsonp",
            "application/json; charset=latin1",
            "application/json; x=1",
        ] {
            assert!(check_media_type(&headers(&[("content-type", bad)]), is_json).is_err(), "{bad}");
        }
        assert!(check_media_type(&headers(&[]), is_json).is_err());
        for coding in ["gzip", "identity, gzip", "br"] {
            let coded = [("content-type", "application/json"), ("content-encoding", coding)];
            assert!(check_media_type(&headers(&coded), is_json).is_err(), "{coding}");
        }
        let twice = [("content-type", "application/json"), ("content-type", "application/json")];
        assert!(check_media_type(&headers(&twice), is_json).is_err());
    }
}
