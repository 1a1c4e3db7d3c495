//! From a body's bytes to the terms of a challenge, or to everything that is wrong with them at once.

use domain::capture::ChallengePurpose;
use domain::ids::CustomerId;
use domain::limits::CHALLENGE_STEPS;

use crate::endpoints::fields;
use crate::serving::errors::ApiError;
use crate::serving::json::JsonObject;
use crate::serving::query::QueryParameters;

/// The fields of the body.
pub(super) const FIELDS: &[&str] = &["customerId", "steps", "ttlMs"];

/// What was sent. An `Idempotency-Key` is not looked at: a lost answer costs one of the cap (sequence §1.6).
#[derive(Debug)]
pub struct ChallengeSubmission {
    /// Whom it is about; none when the id is not one that we ever mint.
    pub(super) customer: Option<CustomerId>,
    pub(super) steps: u8,
    /// Whole seconds, rounded up: the nonce has no room for more.
    pub(super) ttl_s: u16,
}

/// Takes up what was sent.
///
/// # Errors
/// [`ApiError::Invalid`] with everything that is wrong.
pub(super) fn parse(
    object: &mut JsonObject<'_>,
    query: &str,
    purpose: ChallengePurpose,
) -> Result<ChallengeSubmission, ApiError> {
    let mut errors = std::mem::take(&mut object.errors);
    let mut query = QueryParameters::parse(query, &["dryRun"]);
    query.take("dryRun", fields::NO_DRY_RUN, |_| None::<bool>);
    let customer = fields::customer_id(object, &mut errors);
    let steps = u32::from(*CHALLENGE_STEPS.start())..=u32::from(*CHALLENGE_STEPS.end());
    let number = |range| move |value: &_| fields::whole_number(value, range);
    let steps = fields::optional(object, &mut errors, "steps", number(steps));
    let ttl_ms = fields::optional(object, &mut errors, "ttlMs", number(purpose.ttl_ms()));
    errors.merge(query.into_errors());
    // Both are within their ranges, far below what the types hold.
    errors.or(ChallengeSubmission {
        customer,
        steps: steps.map_or(purpose.steps_default(), |steps| steps as u8),
        ttl_s: ttl_ms.unwrap_or(purpose.ttl_default_ms()).div_ceil(1_000) as u16,
    })
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

    use super::*;
    use crate::endpoints::flash_challenge::{FlashChallenges, KtpChallenges};
    use crate::serving::errors::FieldErrors;
    use crate::writes::path::parse_body;

    const CUSTOMER: &str = "cus_00000000000000000000000000";

    fn parse(fields: &str, query: &str) -> Result<ChallengeSubmission, ApiError> {
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static("idempotency-key"), HeaderValue::from_static("no key"));
        let body = format!(r#"{{"customerId":"{CUSTOMER}"{fields}}}"#);
        parse_body::<FlashChallenges<KtpChallenges>>(body.as_bytes(), query, &headers).0
    }

    fn wrong(fields: &str, query: &str) -> FieldErrors {
        match parse(fields, query) {
            Err(ApiError::Invalid(errors)) => errors,
            other => panic!("{fields}: {other:?}"),
        }
    }

    #[test]
    fn terms_are_taken_or_the_purposes_own() {
        for (fields, steps, ttl_s) in [
            ("", 5, 90),
            (r#","steps":null,"ttlMs":null"#, 5, 90),
            (r#","steps":3,"ttlMs":15000"#, 3, 15),
            (r#","steps":10,"ttlMs":300000"#, 10, 300),
            (r#","ttlMs":15001"#, 5, 16),
        ] {
            let parsed = parse(fields, "").expect("good");
            assert_eq!((parsed.steps, parsed.ttl_s), (steps, ttl_s), "{fields}");
            assert_eq!(parsed.customer.expect("an id").as_str(), CUSTOMER);
        }
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once_and_there_is_no_dry_run() {
        let errors = wrong(r#","steps":2,"ttlMs":"90000","steps":3"#, "dryRun=false&x=1");
        for name in ["steps", "ttlMs", "dryRun", "x"] {
            assert_eq!(errors.field(name).map(<[String]>::len), Some(1), "{name}");
        }
        for (field, value) in [
            ("steps", "2"),
            ("steps", "11"),
            ("steps", "5.5"),
            ("steps", "5e-1"),
            ("steps", "-5"),
            ("steps", "99999999999999999999"),
            ("steps", "true"),
            ("ttlMs", "14999"),
            ("ttlMs", "300001"),
        ] {
            let errors = wrong(&format!(r#","{field}":{value}"#), "");
            assert_eq!(errors.field(field).map(<[String]>::len), Some(1), "{field} {value}");
        }
    }
}
