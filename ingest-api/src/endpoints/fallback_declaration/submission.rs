//! From a body's bytes to a declaration that can be recorded, or to everything that is wrong with it at once.

use actix_web::http::header::HeaderMap;
use domain::ids::CustomerId;
use domain::time::Timestamp;

use crate::endpoints::dukcapil_attempt::{self, DeclaredAttempt};
use crate::endpoints::fields;
use crate::serving::errors::ApiError;
use crate::serving::json::JsonObject;
use crate::serving::query::QueryParameters;
use crate::writes::preferences::idempotency_key;

/// The fields of the body: the customer, and those of an attempt.
pub(super) const FIELDS: &[&str] =
    &["customerId", "from", "cause", "httpStatus", "attemptedAt", "attempts", "elapsedMs"];

/// What was sent.
#[derive(Debug)]
pub struct DeclarationSubmission {
    /// Whom it is about; none when the id is not one that we ever mint.
    pub(super) customer: Option<CustomerId>,
    pub(super) declared: DeclaredAttempt,
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
    now: Timestamp,
) -> Result<DeclarationSubmission, ApiError> {
    let mut errors = std::mem::take(&mut object.errors);
    let query = QueryParameters::parse(query, &[]);
    let idempotency_key = idempotency_key(headers).unwrap_or_else(|wrong| {
        errors.merge(wrong);
        None
    });
    let customer = fields::customer_id(object, &mut errors);
    let declared = dukcapil_attempt::parse(object, &mut errors, None, now);
    errors.merge(query.into_errors());
    if let Some(declared) = &declared {
        declared.add_time_to(&mut errors);
    }
    match declared {
        Some(declared) if errors.is_empty() => {
            Ok(DeclarationSubmission { customer, declared, idempotency_key })
        }
        _ => Err(ApiError::Invalid(errors)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::endpoints::fallback_declaration::FallbackDeclaration;
    use crate::writes::path::parse_body;

    #[test]
    fn it_has_the_fields_of_an_attempt_and_a_customer() {
        let attempt: BTreeSet<&str> =
            dukcapil_attempt::FIELDS.iter().copied().chain(["customerId"]).collect();
        assert_eq!(FIELDS.iter().copied().collect::<BTreeSet<_>>(), attempt);
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let parse = |body: &str, query: &str| {
            parse_body::<FallbackDeclaration>(body.as_bytes(), query, &HeaderMap::new()).0
        };
        let old = r#"{"customerId":"cus_00000000000000000000000000","from":"nik_dukcapil","cause":"tls",
            "attemptedAt":"2020-01-01T00:00:00Z","attempts":1}"#;
        let parsed = parse(old, "").expect("its form is good");
        assert!(parsed.declared.check_time().is_err(), "and it is too long ago");
        for (body, query, fields) in [
            ("{}", "", &["customerId", "from", "cause", "attemptedAt", "attempts"][..]),
            (old, "dryRun=true", &["dryRun", "attemptedAt"]),
            (&old.replace("cus_00000000000000000000000000", ""), "", &["customerId", "attemptedAt"]),
        ] {
            let Err(ApiError::Invalid(errors)) = parse(body, query) else { panic!("{body} is refused") };
            for name in fields {
                assert_eq!(errors.field(name).map(<[String]>::len), Some(1), "{body}: {name}");
            }
        }
    }
}
