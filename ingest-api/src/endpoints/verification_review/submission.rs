//! From a body's bytes to a review that can be recorded, or to everything that is wrong with it at once.

use std::borrow::Cow;

use actix_web::http::header::HeaderMap;
use domain::event::is_reason_code;
use domain::rows::VerificationStatus;
use domain::verdict::Reason;
use serde_json::value::RawValue;

use crate::endpoints::fields;
use crate::serving::errors::{ApiError, FieldErrors};
use crate::serving::json::{JsonObject, string};
use crate::serving::query::QueryParameters;
use crate::serving::wiped_body::wipe;
use crate::writes::preferences::idempotency_key;

/// The fields of the body.
pub(in crate::endpoints) const FIELDS: &[&str] = &["toStatus", "reasonCode", "note"];

/// What `reasonCode` is told that is none.
const NO_REASON_CODE: &str =
    "must be a lower-case letter and up to 63 more lower-case letters, digits and underscores";

/// What was sent.
#[derive(Debug)]
pub struct ReviewSubmission {
    pub(super) to_status: VerificationStatus,
    pub(super) reason_code: String,
    pub(super) note: Option<Reason>,
    /// The `Idempotency-Key`, bare.
    pub(super) idempotency_key: Option<String>,
}

/// Takes up what was sent.
///
/// # Errors
/// [`ApiError::Invalid`] with everything that is wrong.
pub(super) fn parse(
    object: &mut JsonObject<'_>,
    query: &str,
    headers: &HeaderMap,
) -> Result<ReviewSubmission, ApiError> {
    let mut errors = std::mem::take(&mut object.errors);
    let mut query = QueryParameters::parse(query, &["dryRun"]);
    query.take("dryRun", fields::NO_DRY_RUN, |_| None::<bool>);
    let idempotency_key = idempotency_key(headers).unwrap_or_else(|wrong| {
        errors.merge(wrong);
        None
    });
    let to_status = required(object, &mut errors, "toStatus", |text| {
        let status = VerificationStatus::parse(text).filter(|status| *status != VerificationStatus::Pending);
        status.ok_or("must be verified or failed")
    });
    let reason_code = required(object, &mut errors, "reasonCode", |text| {
        if is_reason_code(text) { Ok(text.to_owned()) } else { Err(NO_REASON_CODE) }
    });
    let note = fields::optional(object, &mut errors, "note", note).flatten();
    errors.merge(query.into_errors());
    match (to_status, reason_code) {
        (Some(to_status), Some(reason_code)) if errors.is_empty() => {
            Ok(ReviewSubmission { to_status, reason_code, note, idempotency_key })
        }
        _ => Err(ApiError::Invalid(errors)),
    }
}

/// A text that must be there; `null` is none.
pub(in crate::endpoints) fn required<T>(
    object: &JsonObject<'_>,
    errors: &mut FieldErrors,
    name: &str,
    parse: impl FnOnce(&str) -> Result<T, &'static str>,
) -> Option<T> {
    let was_sent = object.present(name).is_some() || fields::is_refused(errors, name);
    let parsed = fields::optional(object, errors, name, |value| {
        let text: Cow<'_, str> = string(value)?;
        parse(&text).map_err(str::to_owned)
    });
    if !was_sent {
        errors.add(name, "is required");
    }
    parsed
}

/// By the rule of a verdict's reason: up to 500 characters after trimming, no control characters but tab and newline.
pub(in crate::endpoints) fn note(value: &RawValue) -> Result<Option<Reason>, String> {
    let text = string(value)?;
    let note = Reason::parse(&text).map_err(|wrong| wrong.to_string());
    wipe(text);
    note
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoints::verification_review::VerificationReview;
    use crate::writes::path::parse_body;

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let parse = |body: &str, query: &str| {
            parse_body::<VerificationReview>(body.as_bytes(), query, &HeaderMap::new()).0
        };
        let good = r#"{"toStatus":"failed","reasonCode":"retake","note":" Kartu buram. "}"#;
        let parsed = parse(good, "").expect("taken");
        assert_eq!((parsed.to_status, parsed.reason_code.as_str()), (VerificationStatus::Failed, "retake"));
        assert_eq!(parsed.note.as_ref().map(Reason::as_str), Some("Kartu buram."));
        let without = parse(r#"{"toStatus":"verified","reasonCode":"a","note":null}"#, "").expect("taken");
        assert!(without.note.is_none());
        let long = format!(r#"{{"toStatus":"failed","reasonCode":"{0}","note":"{0}"}}"#, "a".repeat(501));
        for (body, query, fields) in [
            ("{}", "", &["toStatus", "reasonCode"][..]),
            (r#"{"toStatus":null,"reasonCode":null}"#, "", &["toStatus", "reasonCode"]),
            (r#"{"toStatus":"pending","reasonCode":"Retake"}"#, "", &["toStatus", "reasonCode"]),
            (r#"{"toStatus":1,"reasonCode":[],"note":2}"#, "", &["toStatus", "reasonCode", "note"]),
            (&long, "", &["reasonCode", "note"]),
            (good, "dryRun=true", &["dryRun"]),
        ] {
            let Err(ApiError::Invalid(errors)) = parse(body, query) else { panic!("{body} is refused") };
            for name in fields {
                assert_eq!(errors.field(name).map(<[String]>::len), Some(1), "{body}: {name}");
            }
        }
    }
}
