//! From a body's bytes to a review that can be recorded, or to everything that is wrong with it at once.

use actix_web::http::header::HeaderMap;
use domain::rows::VerificationStatus;
use domain::verdict::Reason;

use crate::endpoints::{fields, reason_fields};
use crate::serving::errors::ApiError;
use crate::serving::json::JsonObject;
use crate::serving::query::QueryParameters;
use crate::writes::preferences::idempotency_key;

/// The fields of the body.
pub(super) const FIELDS: &[&str] = &["toStatus", "reasonCode", "note"];

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
    let to_status = reason_fields::required(object, &mut errors, "toStatus", |text| {
        let status = VerificationStatus::parse(text).filter(|status| *status != VerificationStatus::Pending);
        status.ok_or("must be verified or failed")
    });
    let reason_code = reason_fields::reason_code(object, &mut errors);
    let note = reason_fields::note(object, &mut errors);
    errors.merge(query.into_errors());
    match (to_status, reason_code) {
        (Some(to_status), Some(reason_code)) if errors.is_empty() => {
            Ok(ReviewSubmission { to_status, reason_code, note, idempotency_key })
        }
        _ => Err(ApiError::Invalid(errors)),
    }
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
