//! From a body's bytes to a reference that can be recorded, or to everything that is wrong with it at once.

use actix_web::http::header::HeaderMap;
use domain::ids::CustomerId;
use domain::photo::Photo;

use crate::endpoints::fields;
use crate::serving::errors::ApiError;
use crate::serving::json::JsonObject;
use crate::serving::query::QueryParameters;
use crate::writes::preferences::idempotency_key;

/// The fields of the body.
pub(super) const FIELDS: &[&str] = &["customerId", "image"];

/// What was sent.
#[derive(Debug)]
pub struct EnrolmentSubmission {
    /// Whose face it is; none when the id is not one that we ever mint.
    pub(super) customer: Option<CustomerId>,
    pub(super) image: Photo,
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
) -> Result<EnrolmentSubmission, ApiError> {
    let mut errors = std::mem::take(&mut object.errors);
    let mut query = QueryParameters::parse(query, &["dryRun"]);
    query.take("dryRun", fields::NO_DRY_RUN, |_| None::<bool>);
    let idempotency_key = idempotency_key(headers).unwrap_or_else(|wrong| {
        errors.merge(wrong);
        None
    });
    let customer = fields::customer_id(object, &mut errors);
    let was_sent = object.present("image").is_some() || fields::is_refused(&errors, "image");
    let image = fields::optional(object, &mut errors, "image", fields::photo);
    if !was_sent {
        errors.add("image", "is required");
    }
    errors.merge(query.into_errors());
    match image {
        Some(image) if errors.is_empty() => Ok(EnrolmentSubmission { customer, image, idempotency_key }),
        _ => Err(ApiError::Invalid(errors)),
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;

    use super::*;
    use crate::endpoints::face_enrolments::FaceEnrolment;
    use crate::writes::path::parse_body;

    #[test]
    fn a_picture_is_required_and_everything_that_is_wrong_is_said_at_once() {
        let parse = |body: &str, query: &str| {
            parse_body::<FaceEnrolment>(body.as_bytes(), query, &HeaderMap::new()).0
        };
        let image = BASE64.encode(include_bytes!("../../../testdata/tiny.png"));
        let good = format!(r#"{{"customerId":"cus_00000000000000000000000000","image":"{image}"}}"#);
        assert!(parse(&good, "").is_ok_and(|parsed| parsed.customer.is_some()));
        for (body, query, fields) in [
            ("{}", "", &["customerId", "image"][..]),
            (r#"{"customerId":"x","image":null}"#, "", &["image"]),
            (r#"{"customerId":"","image":"JVBERi0xLjc="}"#, "", &["customerId", "image"]),
            (&good, "dryRun=true", &["dryRun"]),
        ] {
            let Err(ApiError::Invalid(errors)) = parse(body, query) else { panic!("{body} is refused") };
            for name in fields {
                assert_eq!(errors.field(name).map(<[String]>::len), Some(1), "{body}: {name}");
            }
        }
    }
}
