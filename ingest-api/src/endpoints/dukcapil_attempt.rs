//! What a bank declares of attempts at Dukcapil that came to nothing (sequence §4.1): the same fields in a capture and in a
//! declaration of its own, taken up strictly. What may be declared is the domain's to say.

use domain::limits::{FALLBACK_ATTEMPTS, FALLBACK_ELAPSED_MAX_MS, FALLBACK_HTTP_STATUS};
use domain::recheck::{AttemptCause, DukcapilAttempt};
use domain::time::Timestamp;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::documentation::rules::one_of;
use crate::endpoints::fields;
use crate::serving::errors::{ApiError, FieldErrors};
use crate::serving::json::{JsonObject, string};

/// The fields of an attempt.
pub const FIELDS: &[&str] = &["from", "cause", "httpStatus", "attemptedAt", "attempts", "elapsedMs"];

/// The one method that something else takes the place of.
const FROM: &str = "nik_dukcapil";

/// An attempt as it was declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredAttempt {
    /// What was said of it.
    pub attempt: DukcapilAttempt,
    /// What is wrong with its time, as of when it came.
    untimely: FieldErrors,
}

impl DeclaredAttempt {
    /// Whether it may be recorded now. Asked of what is not recorded yet: a repetition has its answer for ever, and what it
    /// declares grows older meanwhile.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] for one that is too long ago, or in the future.
    pub fn check_time(&self) -> Result<(), ApiError> {
        self.untimely.clone().or(())
    }

    /// Says so beside what else is wrong, where something is: everything is said at once.
    pub fn add_time_to(&self, errors: &mut FieldErrors) {
        if !errors.is_empty() {
            errors.merge(self.untimely.clone());
        }
    }
}

/// Takes an attempt out of the object that has its fields: a body, or the one at that path within it. None where something
/// is wrong, which then stands in `errors`.
pub fn parse(
    object: &JsonObject<'_>,
    errors: &mut FieldErrors,
    path: Option<&str>,
    now: Timestamp,
) -> Option<DeclaredAttempt> {
    AttemptFields { object, errors, path }.declared(now)
}

/// Takes the attempt out of a body that has it at that name, where it has one.
pub fn parse_nested(
    object: &mut JsonObject<'_>,
    errors: &mut FieldErrors,
    name: &'static str,
    now: Timestamp,
) -> Option<DeclaredAttempt> {
    let mut nested = match JsonObject::nested(object.present(name)?, name, FIELDS) {
        Ok(nested) => nested,
        Err(wrong) => {
            errors.merge(wrong);
            return None;
        }
    };
    object.also_ignores(name, &nested);
    errors.merge(std::mem::take(&mut nested.errors));
    parse(&nested, errors, Some(name), now)
}

/// The fields of an attempt while they are taken up.
struct AttemptFields<'a, 'b> {
    object: &'b JsonObject<'a>,
    errors: &'b mut FieldErrors,
    path: Option<&'b str>,
}

impl<'a> AttemptFields<'a, '_> {
    fn declared(&mut self, now: Timestamp) -> Option<DeclaredAttempt> {
        let from = self.required("from", |value| match string(value)?.as_ref() {
            FROM => Ok(()),
            _ => Err(format!("must be {FROM}")),
        });
        let cause = self.required("cause", |value| {
            let words = || AttemptCause::ALL.map(AttemptCause::as_str).join(", ");
            AttemptCause::parse(&string(value)?).ok_or_else(|| format!("must be one of {}", words()))
        });
        let http_status =
            self.optional("httpStatus", |value| fields::whole_number(value, FALLBACK_HTTP_STATUS));
        let attempted_at = self.required("attemptedAt", |value| {
            Timestamp::parse(&string(value)?).ok_or_else(|| "must be a time of RFC 3339".to_owned())
        });
        let attempts = self.required("attempts", |value| fields::whole_number(value, FALLBACK_ATTEMPTS));
        let elapsed_ms =
            self.optional("elapsedMs", |value| fields::whole_number(value, 0..=FALLBACK_ELAPSED_MAX_MS));
        let untimely = attempted_at.map(|at| self.untimely(at, now)).unwrap_or_default();
        let attempt = match (from, cause, attempted_at, attempts) {
            (Some(()), Some(cause), Some(attempted_at), Some(attempts)) => {
                DukcapilAttempt { cause, http_status, attempted_at, attempts, elapsed_ms }
            }
            _ => {
                self.errors.merge(untimely);
                return None;
            }
        };
        Some(DeclaredAttempt { attempt, untimely })
    }

    fn untimely(&self, attempted_at: Timestamp, now: Timestamp) -> FieldErrors {
        // Whatever else was said, its time is judged.
        let (cause, attempts) = (AttemptCause::Timeout, *FALLBACK_ATTEMPTS.start());
        let timed = DukcapilAttempt { cause, http_status: None, attempted_at, attempts, elapsed_ms: None };
        let mut found = FieldErrors::new();
        for fault in timed.faults_at(now) {
            found.add(&self.name(fault.field()), fault.as_str());
        }
        found
    }

    /// As errors name it.
    fn name(&self, field: &str) -> String {
        self.path.map_or_else(|| field.to_owned(), |path| format!("{path}.{field}"))
    }

    fn optional<T>(
        &mut self,
        field: &str,
        parse: impl FnOnce(&'a RawValue) -> Result<T, String>,
    ) -> Option<T> {
        let parsed = parse(self.object.present(field)?);
        let name = self.name(field);
        parsed.map_err(|wrong| self.errors.add(&name, wrong)).ok()
    }

    fn required<T>(
        &mut self,
        field: &str,
        parse: impl FnOnce(&'a RawValue) -> Result<T, String>,
    ) -> Option<T> {
        let name = self.name(field);
        if self.object.present(field).is_none() && !fields::is_refused(self.errors, &name) {
            self.errors.add(&name, "is required");
        }
        self.optional(field, parse)
    }
}

/// The fields' rules, for the description of the API.
pub fn schema() -> Value {
    let number = |range: std::ops::RangeInclusive<u32>, said: &str| {
        json!({
            "type": ["integer", "null"], "minimum": range.start(), "maximum": range.end(), "description": said,
        })
    };
    let mut attempts = number(FALLBACK_ATTEMPTS, "How often Dukcapil was asked.");
    attempts["type"] = "integer".into();
    json!({
        "from": { "const": FROM },
        "cause": one_of(AttemptCause::ALL.map(AttemptCause::as_str)),
        "httpStatus": number(FALLBACK_HTTP_STATUS, "As Dukcapil's gateway answered."),
        "attemptedAt": {
            "type": "string",
            "format": "date-time",
            "description": "When the last attempt was made: at most 7 days ago, at most 2 minutes in the future.",
        },
        "attempts": attempts,
        "elapsedMs": number(0..=FALLBACK_ELAPSED_MAX_MS, "How long all of them took together."),
    })
}

/// The fields that must be there, for the description of the API.
pub const REQUIRED: [&str; 4] = ["from", "cause", "attemptedAt", "attempts"];

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-30T12:00:00.000Z";

    fn now() -> Timestamp {
        Timestamp::parse(NOW).expect("a time")
    }

    fn parsed(body: &Value) -> (Option<DeclaredAttempt>, FieldErrors) {
        let text = body.to_string();
        let mut object = JsonObject::parse(text.as_bytes(), FIELDS).expect("an object");
        let mut errors = std::mem::take(&mut object.errors);
        let parsed = parse(&object, &mut errors, None, now());
        (parsed, errors)
    }

    fn with(changes: &[(&str, Value)]) -> Value {
        let mut body = json!({
            "from": "nik_dukcapil", "cause": "http_5xx", "httpStatus": 503,
            "attemptedAt": "2026-11-30T18:59:00+07:00", "attempts": 3, "elapsedMs": 9000,
        });
        for (field, value) in changes {
            body[*field] = value.clone();
        }
        body
    }

    #[test]
    fn an_attempt_is_taken_with_its_bounds() {
        let (declared, errors) = parsed(&with(&[]));
        let declared = declared.expect("taken");
        assert!(errors.is_empty() && declared.check_time().is_ok());
        let wanted = DukcapilAttempt {
            cause: AttemptCause::Http5xx,
            http_status: Some(503),
            attempted_at: Timestamp::parse("2026-11-30T11:59:00Z").expect("a time"),
            attempts: 3,
            elapsed_ms: Some(9_000),
        };
        assert_eq!(declared.attempt, wanted);
        for taken in [
            with(&[("httpStatus", Value::Null), ("elapsedMs", Value::Null)]),
            with(&[("httpStatus", json!(500)), ("attempts", json!(1)), ("elapsedMs", json!(0))]),
            with(&[("httpStatus", json!(599)), ("attempts", json!(50)), ("elapsedMs", json!(86_400_000))]),
        ] {
            let (declared, errors) = parsed(&taken);
            assert!(declared.is_some() && errors.is_empty(), "{taken}: {errors:?}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let far = json!("2026-12-30T12:00:00Z");
        for (body, fields) in [
            (json!({}), &["from", "cause", "attemptedAt", "attempts"][..]),
            (with(&[("from", json!("nik_format"))]), &["from"]),
            (with(&[("cause", json!("HTTP_5XX"))]), &["cause"]),
            (with(&[("cause", json!(5))]), &["cause"]),
            (with(&[("httpStatus", json!(499))]), &["httpStatus"]),
            (with(&[("httpStatus", json!("503"))]), &["httpStatus"]),
            (with(&[("attempts", json!(0))]), &["attempts"]),
            (with(&[("attempts", json!(51))]), &["attempts"]),
            (with(&[("attempts", json!(1.5))]), &["attempts"]),
            (with(&[("elapsedMs", json!(-1))]), &["elapsedMs"]),
            (with(&[("elapsedMs", json!(86_400_001))]), &["elapsedMs"]),
            (with(&[("attemptedAt", json!("yesterday"))]), &["attemptedAt"]),
            (with(&[("attemptedAt", json!(1_795_000_000))]), &["attemptedAt"]),
            (with(&[("attempts", Value::Null), ("attemptedAt", far)]), &["attempts", "attemptedAt"]),
        ] {
            let (_, errors) = parsed(&body);
            assert!(!errors.is_empty(), "{body}");
            for field in FIELDS {
                let found = errors.field(field).map_or(0, <[String]>::len);
                assert_eq!(found, usize::from(fields.contains(field)), "{body}: {field}: {errors:?}");
            }
        }
    }

    #[test]
    fn its_time_is_told_apart_since_a_repetition_grows_older() {
        for (at, is_good) in [
            ("2026-11-23T12:00:00.000Z", true),
            ("2026-11-23T11:59:59.999Z", false),
            ("2026-11-30T12:02:00.000Z", true),
            ("2026-11-30T12:02:00.001Z", false),
            ("0001-01-01T00:00:00Z", false),
            ("9999-12-31T23:59:59Z", false),
        ] {
            let (declared, errors) = parsed(&with(&[("attemptedAt", json!(at))]));
            let declared = declared.expect("taken as far as its form goes");
            assert_eq!((errors.is_empty(), declared.check_time().is_ok()), (true, is_good), "{at}");
            let mut others = FieldErrors::of("customerId", "is required");
            declared.add_time_to(&mut others);
            assert_eq!(others.field("attemptedAt").is_some(), !is_good, "{at}");
        }
    }

    #[test]
    fn within_a_body_it_is_named_by_its_path() {
        let parsed = |text: &str| {
            let mut object = JsonObject::parse(text.as_bytes(), &["fallback"]).expect("an object");
            let mut errors = std::mem::take(&mut object.errors);
            let declared = parse_nested(&mut object, &mut errors, "fallback", now());
            (declared, errors, object.ignored())
        };
        let good = with(&[("note", json!("x"))]);
        let (declared, errors, ignored) = parsed(&json!({ "fallback": good }).to_string());
        assert!(declared.is_some() && errors.is_empty());
        assert_eq!(ignored.as_deref(), Some("fallback.note"));
        for none in ["{}", r#"{"fallback":null}"#] {
            let (declared, errors, _) = parsed(none);
            assert!(declared.is_none() && errors.is_empty(), "{none}");
        }
        for (body, field) in [
            (r#"{"fallback":[]}"#, "fallback"),
            (r#"{"fallback":"timeout"}"#, "fallback"),
            (r#"{"fallback":{}}"#, "fallback.cause"),
            (r#"{"fallback":{"cause":"tls","cause":"tls"}}"#, "fallback.cause"),
        ] {
            let (declared, errors, _) = parsed(body);
            assert!(declared.is_none(), "{body}");
            assert_eq!(errors.field(field).map(<[String]>::len), Some(1), "{body}: {errors:?}");
        }
    }
}
