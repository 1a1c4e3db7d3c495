//! From a body's bytes to a capture that can be judged, or to everything that is wrong with it at once. Who signed it is
//! not asked here.

use domain::capture::{CaptureBundle, ChallengePurpose};
use domain::ids::CustomerId;

use crate::endpoints::dukcapil_attempt::{self, DeclaredAttempt};
use crate::endpoints::{capture_bundle, fields};
use crate::serving::errors::ApiError;
use crate::serving::json::JsonObject;
use crate::serving::query::QueryParameters;

/// The fields of the body.
pub(super) const FIELDS: &[&str] = &["customerId", "bundle", "fallback"];

/// What was sent. An `Idempotency-Key` is not looked at: the challenge is the key (sequence §1.9).
pub struct CaptureSubmission {
    /// Whom it is about; none when the id is not one that we ever mint.
    pub(super) customer: Option<CustomerId>,
    pub(super) bundle: CaptureBundle,
    /// Why the card has to stand alone, where Dukcapil did not answer.
    pub(super) fallback: Option<DeclaredAttempt>,
}

/// Takes up what was sent.
///
/// # Errors
/// [`ApiError::Invalid`] with everything that is wrong.
pub(super) fn parse(object: &mut JsonObject<'_>, query: &str) -> Result<CaptureSubmission, ApiError> {
    let mut errors = std::mem::take(&mut object.errors);
    let mut query = QueryParameters::parse(query, &["dryRun"]);
    query.take("dryRun", fields::NO_DRY_RUN, |_| None::<bool>);
    let customer = fields::customer_id(object, &mut errors);
    let bundle = capture_bundle::parse(object, &mut errors, ChallengePurpose::Ktp);
    let fallback = dukcapil_attempt::parse_nested(object, &mut errors, "fallback", service::clock::now());
    errors.merge(query.into_errors());
    if let Some(fallback) = &fallback {
        fallback.add_time_to(&mut errors);
    }
    match bundle {
        Some(bundle) if errors.is_empty() => Ok(CaptureSubmission { customer, bundle, fallback }),
        _ => Err(ApiError::Invalid(errors)),
    }
}
