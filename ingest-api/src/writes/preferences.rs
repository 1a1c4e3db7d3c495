//! What a caller says about idempotency and waiting: `Idempotency-Key` (contract §1) and `Prefer` (RFC 7240).

use std::time::{Duration, Instant};

use actix_web::http::header::{HeaderMap, HeaderName};

use crate::limits::{ANSWER_GRACE, DECIDE_WITHIN_MIN, IDEMPOTENCY_KEY_CHARS_MAX, LOOK_BEFORE_MIN};
use crate::serving::errors::FieldErrors;
use crate::serving::request_id::visible_ascii;
use crate::settings::Settings;

/// The request header.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The answer's header on a repeated answer.
pub const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The answer's header that says which preferences counted.
pub const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// The bare content of the `Idempotency-Key`: 1 to 255 visible ASCII characters, bare or as a quoted string
/// (RFC 8941 §3.3.3, with its two escapes); both spell the same key.
///
/// # Errors
/// A field error named after the header.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, FieldErrors> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY);
    let Some(value) = values.next() else { return Ok(None) };
    let refuse = |text: &str| Err(FieldErrors::of("Idempotency-Key", text));
    if values.next().is_some() {
        return refuse("must come once");
    }
    let Some(text) = value.to_str().ok().map(|text| text.trim_matches([' ', '\t'])) else {
        return refuse("must be 1 to 255 visible ASCII characters");
    };
    let bare = if text.starts_with('"') { unquote(text) } else { Some(text.to_owned()) };
    match bare {
        Some(bare) if visible_ascii(bare.as_bytes(), IDEMPOTENCY_KEY_CHARS_MAX).is_some() => Ok(Some(bare)),
        _ => refuse("must be 1 to 255 visible ASCII characters, bare or as a quoted string"),
    }
}

fn unquote(text: &str) -> Option<String> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    if text.len() < 2 {
        return None;
    }
    let mut bare = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return None,
            '\\' => bare.push(chars.next().filter(|c| matches!(c, '"' | '\\'))?),
            c => bare.push(c),
        }
    }
    Some(bare)
}

/// How long to wait for the projector, and what to echo of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitPreference {
    /// So long.
    pub time: Duration,
    /// `Preference-Applied`.
    pub applied: Option<String>,
}

impl WaitPreference {
    /// From `Prefer: wait=<seconds>` (more than the longest wait is the longest) and `Prefer: respond-async` (0). When both
    /// are there, `wait` says for how long before answering asynchronously (RFC 7240 §4.3). Of a repeated
    /// preference the first counts (§2); what does not parse is ignored, as a preference may be.
    pub fn of(headers: &HeaderMap, settings: &Settings) -> Self {
        let longest = settings.wait_max.as_secs();
        let (mut wait, mut respond_async) = (None, false);
        let values = headers.get_all("prefer").filter_map(|value| value.to_str().ok());
        for preference in values.flat_map(|value| value.split(',')) {
            let token = preference.split(';').next().unwrap_or_default().trim();
            let (name, value) = token.split_once('=').map_or((token, None), |(n, v)| (n.trim(), Some(v)));
            if name.eq_ignore_ascii_case("respond-async") {
                respond_async = true;
            } else if name.eq_ignore_ascii_case("wait") && wait.is_none() {
                wait = value.and_then(seconds).map(|s| s.min(longest));
            }
        }
        match (wait, respond_async) {
            (Some(s), true) => Self::applied(s, format!("respond-async, wait={s}")),
            (Some(s), false) => Self::applied(s, format!("wait={s}")),
            (None, true) => Self::applied(0, "respond-async".to_owned()),
            (None, false) => Self { time: settings.wait_default, applied: None },
        }
    }

    fn applied(seconds: u64, applied: String) -> Self {
        Self { time: Duration::from_secs(seconds), applied: Some(applied) }
    }
}

/// How long the parts of one answer may take. RFC 7240 §4.3 counts a wait from when the request has been received, so
/// the times are set then and hold for whatever comes.
#[derive(Debug, Clone, Copy)]
pub struct AnswerTimes {
    /// Whether the caller waits for the projector at all.
    pub waits: bool,
    /// A look at the read model before anything is appended, which only spares a repetition its append.
    pub look_within: Duration,
    /// The caller waits until then.
    pub wait_until: Instant,
    /// A read that only makes the answer to something accepted better ends then.
    pub read_until: Instant,
    /// What is read to decide whether to accept it ends then: also a caller that does not wait for the projector
    /// would rather be accepted after a while than refused at once.
    pub decide_until: Instant,
}

impl AnswerTimes {
    /// The times of an answer to a request that had come at that moment, and whose caller waits so long.
    pub fn of(received: Instant, wait: Duration) -> Self {
        let wait_until = received + wait;
        Self {
            waits: !wait.is_zero(),
            look_within: LOOK_BEFORE_MIN.max(wait / 2),
            wait_until,
            read_until: wait_until + ANSWER_GRACE,
            decide_until: received + wait.max(DECIDE_WITHIN_MIN) + ANSWER_GRACE,
        }
    }
}

fn seconds(text: &str) -> Option<u64> {
    let digits = text.trim().trim_matches('"');
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // More digits than a number holds is still a long time.
    Some(digits.parse::<u64>().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;
    use engine::config::{ApiConfig, ConsoleConfig, SupportConfig};

    fn headers(name: &'static str, values: &[&str]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for value in values {
            map.append(
                HeaderName::from_static(name),
                HeaderValue::from_bytes(value.as_bytes()).expect("a header value"),
            );
        }
        map
    }

    #[test]
    fn a_key_is_the_same_bare_and_quoted() {
        for (given, bare) in [
            ("abc", "abc"),
            ("\"abc\"", "abc"),
            (r#""a\"b\\c""#, r#"a"b\c"#),
            ("8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"),
        ] {
            assert_eq!(idempotency_key(&headers("idempotency-key", &[given])), Ok(Some(bare.to_owned())));
        }
        assert_eq!(idempotency_key(&HeaderMap::new()), Ok(None));
    }

    #[test]
    fn a_bad_key_is_a_field_error() {
        let long = "x".repeat(256);
        for bad in ["", "a b", "\"", "\"\"", "\"a", "\"a\"b\"", r#""a\b""#, "é", "\"a b\"", &long] {
            let errors = idempotency_key(&headers("idempotency-key", &[bad])).expect_err("refused");
            assert!(errors.field("Idempotency-Key").is_some(), "{bad:?}");
        }
        assert!(idempotency_key(&headers("idempotency-key", &["a", "a"])).is_err());
        assert!(idempotency_key(&headers("idempotency-key", &[&"x".repeat(255)])).is_ok());
    }

    #[test]
    fn an_answer_ends_within_a_second_of_its_wait_whatever_it_reads() {
        let received = Instant::now();
        for seconds in [0, 1, 2, 10] {
            let times = AnswerTimes::of(received, Duration::from_secs(seconds));
            assert_eq!(times.waits, seconds > 0);
            assert!(times.wait_until + Duration::from_secs(1) > times.read_until, "{times:?}");
            // A look before the append, and the read at the end of the wait, one after the other.
            assert!(received + times.look_within < times.read_until, "{times:?}");
            assert!(times.decide_until >= times.read_until, "{times:?}");
        }
    }

    #[test]
    fn preferences() {
        let settings =
            Settings::of(&ApiConfig::default(), &ConsoleConfig::default(), &SupportConfig::default());
        for (given, seconds, applied) in [
            (&["wait=5"][..], 5, Some("wait=5")),
            (&["wait=0"], 0, Some("wait=0")),
            (&["wait=60"], 10, Some("wait=10")),
            (&["wait=99999999999999999999999"], 10, Some("wait=10")),
            (&["respond-async"], 0, Some("respond-async")),
            (&["Respond-Async; x=1", "wait=3"], 3, Some("respond-async, wait=3")),
            (&["respond-async, wait=3"], 3, Some("respond-async, wait=3")),
            (&["wait=1, wait=9"], 1, Some("wait=1")),
            (&["wait=x"], 2, None),
            (&["wait"], 2, None),
            (&["wait=-1"], 2, None),
            (&["return=minimal"], 2, None),
            (&[], 2, None),
        ] {
            let wait = WaitPreference::of(&headers("prefer", given), &settings);
            assert_eq!((wait.time.as_secs(), wait.applied.as_deref()), (seconds, applied), "{given:?}");
        }
    }
}
