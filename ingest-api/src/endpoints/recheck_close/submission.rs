//! From a body's bytes to a close that can be recorded, or to everything that is wrong with it at once.

use actix_web::http::header::HeaderMap;
use domain::verdict::Reason;

use crate::endpoints::reason_fields;
use crate::serving::errors::ApiError;
use crate::serving::json::JsonObject;
use crate::serving::query::QueryParameters;
use crate::writes::preferences::idempotency_key;

/// The fields of the body.
pub(super) const FIELDS: &[&str] = &["reasonCode", "note"];

/// What was sent.
#[derive(Debug)]
pub struct CloseSubmission {
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
) -> Result<CloseSubmission, ApiError> {
    let mut errors = std::mem::take(&mut object.errors);
    errors.merge(QueryParameters::parse(query, &[]).into_errors());
    let idempotency_key = idempotency_key(headers).unwrap_or_else(|wrong| {
        errors.merge(wrong);
        None
    });
    let reason_code = reason_fields::reason_code(object, &mut errors);
    let note = reason_fields::note(object, &mut errors);
    match reason_code {
        Some(reason_code) if errors.is_empty() => Ok(CloseSubmission { reason_code, note, idempotency_key }),
        _ => Err(ApiError::Invalid(errors)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoints::recheck_close::RecheckClose;
    use crate::writes::path::parse_body;

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let parse =
            |body: &str, query: &str| parse_body::<RecheckClose>(body.as_bytes(), query, &HeaderMap::new()).0;
        let good = r#"{"reasonCode":"customer_left","note":" Rekening ditutup. "}"#;
        let parsed = parse(good, "").expect("taken");
        assert_eq!(parsed.reason_code, "customer_left");
        assert_eq!(parsed.note.as_ref().map(Reason::as_str), Some("Rekening ditutup."));
        assert!(parse(r#"{"reasonCode":"a","note":null}"#, "").expect("taken").note.is_none());
        let long = format!(r#"{{"reasonCode":"{0}","note":"{0}"}}"#, "a".repeat(501));
        for (body, query, fields) in [
            ("{}", "", &["reasonCode"][..]),
            (r#"{"reasonCode":null,"note":2}"#, "", &["reasonCode", "note"]),
            (r#"{"reasonCode":"Left"}"#, "", &["reasonCode"]),
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
