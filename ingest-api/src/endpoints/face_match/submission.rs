//! From a body's bytes to a match that can be decided, or to everything that is wrong with it at once. Whether there is
//! a face in the picture is not asked here.

use actix_web::http::header::HeaderMap;
use domain::event::RiskLevel;
use domain::ids::CustomerId;
use domain::photo::Photo;
use serde_json::value::RawValue;

use crate::endpoints::fields;
use crate::serving::errors::ApiError;
use crate::serving::json::{JsonObject, string};
use crate::serving::query::QueryParameters;
use crate::writes::preferences::idempotency_key;

/// The fields of the body.
pub(super) const FIELDS: &[&str] = &["customerId", "image", "livenessVerificationId", "riskLevel"];

/// What was sent.
#[derive(Debug)]
pub struct MatchSubmission {
    /// Whom it is about; none when the id is not one that we ever mint.
    pub(super) customer: Option<CustomerId>,
    pub(super) probe: MatchProbe,
    pub(super) level: RiskLevel,
    /// The `Idempotency-Key`, bare.
    pub(super) idempotency_key: Option<String>,
}

/// What is compared with the reference.
#[derive(Debug)]
pub(super) enum MatchProbe {
    /// The picture that came with it.
    Image(Photo),
    /// The one that a liveness verification was made of. Which one is of no matter yet: none is ever made.
    Liveness,
}

/// Takes up what was sent.
///
/// # Errors
/// [`ApiError::Invalid`] with everything that is wrong.
pub(super) fn parse(
    object: &mut JsonObject<'_>,
    query: &str,
    headers: &HeaderMap,
) -> Result<MatchSubmission, ApiError> {
    let mut errors = std::mem::take(&mut object.errors);
    let mut query = QueryParameters::parse(query, &["dryRun"]);
    query.take("dryRun", fields::NO_DRY_RUN, |_| None::<bool>);
    let key = idempotency_key(headers).unwrap_or_else(|wrong| {
        errors.merge(wrong);
        None
    });
    let customer = fields::customer_id(object, &mut errors);
    let was_sent = |name: &str| object.present(name).is_some() || fields::is_refused(&errors, name);
    let (image_was_sent, liveness_was_sent) = (was_sent("image"), was_sent("livenessVerificationId"));
    let image = fields::optional(object, &mut errors, "image", fields::photo);
    let liveness = fields::optional(object, &mut errors, "livenessVerificationId", liveness);
    let level = fields::optional(object, &mut errors, "riskLevel", risk_level);
    match (image_was_sent, liveness_was_sent) {
        (false, false) => errors.add("image", "is required, or livenessVerificationId in its place"),
        (true, true) => {
            errors.add("livenessVerificationId", "must not come with image: exactly one is compared");
        }
        (true, false) | (false, true) => {}
    }
    errors.merge(query.into_errors());
    let probe = image.map(MatchProbe::Image).or(liveness);
    match probe {
        Some(probe) if errors.is_empty() => Ok(MatchSubmission {
            customer,
            probe,
            level: level.unwrap_or(RiskLevel::Medium),
            idempotency_key: key,
        }),
        _ => Err(ApiError::Invalid(errors)),
    }
}

fn liveness(value: &RawValue) -> Result<MatchProbe, String> {
    if string(value)?.is_empty() { Err("must not be empty".to_owned()) } else { Ok(MatchProbe::Liveness) }
}

fn risk_level(value: &RawValue) -> Result<RiskLevel, String> {
    RiskLevel::parse(&string(value)?).ok_or_else(|| "must be low, medium or high".to_owned())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};
    use data_encoding::BASE64;

    use super::*;
    use crate::endpoints::face_match::FaceMatch;
    use crate::serving::errors::FieldErrors;
    use crate::writes::path::parse_body;

    const CUSTOMER: &str = "cus_00000000000000000000000000";
    const LIVENESS: &str = "ver_00000000000000000000000000";

    fn image() -> String {
        BASE64.encode(include_bytes!("../../../testdata/tiny.png"))
    }

    fn parse(fields: &str, query: &str) -> Result<MatchSubmission, ApiError> {
        let body = format!(r#"{{"customerId":"{CUSTOMER}"{fields}}}"#);
        parse_body::<FaceMatch>(body.as_bytes(), query, &HeaderMap::new()).0
    }

    fn wrong(fields: &str, query: &str) -> FieldErrors {
        match parse(fields, query) {
            Err(ApiError::Invalid(errors)) => errors,
            other => panic!("{fields}: {other:?}"),
        }
    }

    #[test]
    fn exactly_one_probe_is_taken_and_medium_is_what_is_not_said() {
        let image = image();
        for (level, then) in [
            ("", RiskLevel::Medium),
            (r#","riskLevel":null"#, RiskLevel::Medium),
            (r#","riskLevel":"low""#, RiskLevel::Low),
            (r#","riskLevel":"high""#, RiskLevel::High),
        ] {
            let fields = format!(r#","image":"{image}","livenessVerificationId":null{level}"#);
            let parsed = parse(&fields, "").expect("good");
            assert!(matches!(parsed.probe, MatchProbe::Image(_)));
            assert_eq!(parsed.level, then, "{level}");
        }
        let parsed = parse(&format!(r#","livenessVerificationId":"{LIVENESS}""#), "").expect("good");
        assert!(matches!(parsed.probe, MatchProbe::Liveness));
        // An id that we never minted is no field error: it names nothing.
        let parsed = parse(r#","livenessVerificationId":"42""#, "").expect("good");
        assert!(matches!(parsed.probe, MatchProbe::Liveness));
        for (fields, field) in [
            (String::new(), "image"),
            (r#","image":null"#.to_owned(), "image"),
            (
                format!(r#","image":"{image}","livenessVerificationId":"{LIVENESS}""#),
                "livenessVerificationId",
            ),
            (r#","livenessVerificationId":"""#.to_owned(), "livenessVerificationId"),
            (r#","livenessVerificationId":7"#.to_owned(), "livenessVerificationId"),
        ] {
            let errors = wrong(&fields, "");
            assert_eq!(errors.field(field).map(<[String]>::len), Some(1), "{fields}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once_and_there_is_no_dry_run() {
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static("idempotency-key"), HeaderValue::from_static("a b"));
        let body = br#"{"image":"JVBERi0xLjc=","riskLevel":"extreme"}"#;
        let (Err(ApiError::Invalid(errors)), _) = parse_body::<FaceMatch>(body, "dryRun=true&x=1", &headers)
        else {
            panic!("refused")
        };
        for name in ["customerId", "image", "riskLevel", "dryRun", "x", "Idempotency-Key"] {
            assert_eq!(errors.field(name).map(<[String]>::len), Some(1), "{name}");
        }
        let fields = format!(r#","image":"{}""#, image());
        assert!(wrong(&fields, "dryRun=false").field("dryRun").is_some());
        for twice in [r#","riskLevel":"low","riskLevel":"low""#, r#","image":1,"image":1"#] {
            assert!(parse(&format!("{fields}{twice}"), "").is_err(), "{twice}");
        }
    }
}
