//! From a body's bytes to a void that can be recorded, or to everything that is wrong with it at once.

use actix_web::http::header::HeaderMap;
use domain::rows::VoidReason;
use domain::verdict::Reason;

use crate::endpoints::fields;
use crate::endpoints::verification_review::submission::{note, required};
use crate::serving::errors::ApiError;
use crate::serving::json::JsonObject;
use crate::serving::query::QueryParameters;
use crate::writes::preferences::idempotency_key;

/// The fields of the body.
pub(super) const FIELDS: &[&str] = &["reasonCode", "note"];

/// What `reasonCode` is told that is none.
const NO_REASON_CODE: &str = "must be wrong_customer, caller_error or fraud";

/// What was sent.
#[derive(Debug)]
pub struct VoidSubmission {
    pub(super) reason: VoidReason,
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
) -> Result<VoidSubmission, ApiError> {
    let mut errors = std::mem::take(&mut object.errors);
    let mut query = QueryParameters::parse(query, &["dryRun"]);
    query.take("dryRun", fields::NO_DRY_RUN, |_| None::<bool>);
    let idempotency_key = idempotency_key(headers).unwrap_or_else(|wrong| {
        errors.merge(wrong);
        None
    });
    let reason =
        required(object, &mut errors, "reasonCode", |text| VoidReason::parse(text).ok_or(NO_REASON_CODE));
    let note = fields::optional(object, &mut errors, "note", note).flatten();
    errors.merge(query.into_errors());
    match reason {
        Some(reason) if errors.is_empty() => Ok(VoidSubmission { reason, note, idempotency_key }),
        _ => Err(ApiError::Invalid(errors)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoints::verification_void::VerificationVoid;
    use crate::writes::path::parse_body;

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let parse = |body: &str, query: &str| {
            parse_body::<VerificationVoid>(body.as_bytes(), query, &HeaderMap::new()).0
        };
        let good = r#"{"reasonCode":"wrong_customer","note":" Salah orang. "}"#;
        let parsed = parse(good, "").expect("taken");
        assert_eq!(parsed.reason, VoidReason::WrongCustomer);
        assert_eq!(parsed.note.as_ref().map(Reason::as_str), Some("Salah orang."));
        assert!(parse(r#"{"reasonCode":"fraud","note":null}"#, "").expect("taken").note.is_none());
        let long = format!(r#"{{"reasonCode":"other","note":"{}"}}"#, "a".repeat(501));
        for (body, query, fields) in [
            ("{}", "", &["reasonCode"][..]),
            (r#"{"reasonCode":null}"#, "", &["reasonCode"]),
            (r#"{"reasonCode":1,"note":2}"#, "", &["reasonCode", "note"]),
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
