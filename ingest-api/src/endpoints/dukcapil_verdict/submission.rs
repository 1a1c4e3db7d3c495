//! From a body's bytes to a [`Verdict`] that cannot be invalid, or to everything that is wrong with it at
//! once (contract §2). Whether the customer exists is not asked here.

use actix_web::http::header::HeaderMap;
use domain::ids::CustomerId;
use domain::raw_answer::RawReading;
use domain::verdict::{RawDocument, Reason, Verdict};
use serde_json::value::RawValue;

use super::raw_reader;
use crate::endpoints::fields;
use crate::serving::errors::{ApiError, FieldErrors};
use crate::serving::json::{JsonObject, string};
use crate::serving::query::QueryParameters;
use crate::serving::wiped_body::wipe;
use crate::writes::preferences::idempotency_key;

/// The fields of the body.
pub(super) const FIELDS: &[&str] = &["customerId", "valid", "photo", "raw", "reason"];

/// What was sent.
#[derive(Debug)]
pub struct VerdictSubmission {
    /// Whom it is about; none when the id is not one that we ever mint.
    pub customer: Option<CustomerId>,
    /// What Dukcapil said.
    pub verdict: Verdict,
    /// What its raw answer says beside that.
    pub raw_reading: RawReading,
    /// The `Idempotency-Key`, bare.
    pub idempotency_key: Option<String>,
    /// `?dryRun=true`.
    pub dry_run: bool,
}

/// Takes up what was sent.
///
/// # Errors
/// [`ApiError::Invalid`] with everything that is wrong.
pub(super) fn parse(
    object: &mut JsonObject<'_>,
    query: &str,
    headers: &HeaderMap,
) -> Result<VerdictSubmission, ApiError> {
    let mut errors = std::mem::take(&mut object.errors);

    let mut query = QueryParameters::parse(query, &["dryRun"]);
    let dry_run = query.take("dryRun", "must be true or false", |value| value.parse::<bool>().ok());
    let key = idempotency_key(headers).unwrap_or_else(|wrong| {
        errors.merge(wrong);
        None
    });

    let customer = fields::customer_id(object, &mut errors);
    let valid = match object.get("valid").map(RawValue::get) {
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => {
            errors.add("valid", "must be true or false");
            None
        }
        None => {
            if !fields::is_refused(&errors, "valid") {
                errors.add("valid", "is required");
            }
            None
        }
    };
    let photo_was_sent = object.present("photo").is_some() || fields::is_refused(&errors, "photo");
    let photo = fields::optional(object, &mut errors, "photo", fields::photo);
    let raw = fields::optional(object, &mut errors, "raw", |value| {
        RawDocument::parse(value.get()).map_err(|wrong| wrong.to_string())
    });
    let reason = fields::optional(object, &mut errors, "reason", reason).flatten();
    if valid == Some(true) && !photo_was_sent {
        errors.add("photo", "is required when valid is true");
    }
    errors.merge(query.into_errors());
    let Some(valid) = valid.filter(|_| errors.is_empty()) else {
        return Err(ApiError::Invalid(errors));
    };
    let verdict = Verdict::new(valid, photo, raw, reason)
        .map_err(|missing| ApiError::Invalid(FieldErrors::of("photo", &missing.to_string())))?;
    let raw_reading =
        RawReading::of(valid, &raw_reader::read(verdict.raw()), verdict.reason().map(Reason::as_str));
    let dry_run = dry_run.unwrap_or(false);
    Ok(VerdictSubmission { customer, verdict, raw_reading, idempotency_key: key, dry_run })
}

fn reason(value: &RawValue) -> Result<Option<Reason>, String> {
    let text = string(value)?;
    let reason = Reason::parse(&text).map_err(|wrong| wrong.to_string());
    wipe(text);
    reason
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoints::dukcapil_verdict::DukcapilVerdict;
    use crate::writes::path::parse_body;
    use actix_web::http::header::{HeaderName, HeaderValue};
    use data_encoding::BASE64;
    use domain::limits::PHOTO_BYTES_MAX;
    use domain::photo::Photo;

    const CUSTOMER: &str = "cus_00000000000000000000000000";

    /// The smallest JPEG by structure: a 16 x 16 baseline frame, one scan, the end.
    fn jpeg() -> Vec<u8> {
        let mut bytes = vec![0xff, 0xd8];
        bytes.extend([0xff, 0xc0, 0, 11, 8, 0, 16, 0, 16, 1, 1, 0x11, 0]);
        bytes.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0x12, 0x34]);
        bytes.extend([0xff, 0xd9]);
        bytes
    }

    fn parse(body: &str) -> Result<VerdictSubmission, ApiError> {
        parse_body::<DukcapilVerdict>(body.as_bytes(), "", &HeaderMap::new()).0
    }

    fn wrong(body: &str) -> FieldErrors {
        match parse(body) {
            Err(ApiError::Invalid(errors)) => errors,
            other => panic!("{other:?}"),
        }
    }

    fn with_photo(photo: &str) -> String {
        format!(r#"{{"customerId":"{CUSTOMER}","valid":true,"photo":{photo}}}"#)
    }

    #[test]
    fn a_photo_is_taken_in_every_spelling_of_forgiving_base64() {
        let base64 = BASE64.encode(&jpeg());
        let lines = base64.as_bytes().chunks(10).map(|line| String::from_utf8_lossy(line).into_owned());
        let lines: Vec<String> = lines.collect();
        for spelling in [
            base64.clone(),
            base64.trim_end_matches('=').to_owned(),
            format!("data:image/jpeg;base64,{base64}"),
            format!("DATA:image/PNG;BASE64,{base64}"),
            format!("data:image/jpg;base64,{base64}"),
            format!("Data:Image/Jpg;Base64,{base64}"),
            format!("data:image/jpeg;charset=utf-8;base64,{base64}"),
            format!("data:image/png;name=a.png;charset=UTF-8;base64,{base64}"),
            format!("data:image/jpeg;name=\\\"a b\\\";base64,{base64}"),
            format!("data:image/jpeg;;base64,{base64}"),
            format!("data:image/jpeg; base64,{base64}"),
            format!("data:image/jpeg;base64, {base64} "),
            base64.replace('/', "\\/"),
            lines.join("\\n"),
            lines.join("\\r\\n"),
            lines.join(" "),
            format!("\\t{base64}\\f"),
        ] {
            let parsed = parse(&with_photo(&format!("\"{spelling}\""))).expect("a photo");
            assert_eq!(parsed.verdict.photo().map(Photo::as_bytes), Some(jpeg().as_slice()));
        }
    }

    #[test]
    fn what_is_no_photo_is_a_field_error() {
        let pdf = BASE64.encode(b"%PDF-1.7");
        let cut = BASE64.encode(&jpeg()[..20]);
        let good = BASE64.encode(&jpeg());
        for bad in [
            "1",
            "\"\"",
            "\"***\"",
            "\"A\"",
            "{}",
            &format!("\"{pdf}\""),
            &format!("\"{cut}\""),
            "\"\\ud800\"",
            &format!("\"data:image/gif;base64,{good}\""),
            &format!("\"data:;base64,{good}\""),
            &format!("\"data:image/jpeg,{good}\""),
            &format!("\"data:image/jpeg;base64;x=1,{good}\""),
            &format!("\"data:image/jpeg;base64{good}\""),
            &format!("\"image/jpeg;base64,{good}\""),
            &format!("\" data:image/jpeg;base64,{good}\""),
            &format!("\"data:data:image/jpeg;base64,{good}\""),
            "\"data:image/jpeg;base64,\"",
            "\"data:\"",
            "\"dat\u{e9}:\"",
        ] {
            assert!(wrong(&with_photo(bad)).field("photo").is_some(), "{bad}");
        }
        let large = "A".repeat(PHOTO_BYTES_MAX.div_ceil(3) * 4 + 4);
        assert!(wrong(&with_photo(&format!("\"{large}\""))).field("photo").is_some());
    }

    #[test]
    fn a_valid_verdict_needs_a_photo_and_null_is_none() {
        for photo in ["null", "\"\""] {
            assert!(wrong(&with_photo(photo)).field("photo").is_some());
        }
        let errors = wrong(&format!(r#"{{"customerId":"{CUSTOMER}","valid":true}}"#));
        assert_eq!(errors.field("photo").map(<[String]>::len), Some(1));
        let declined =
            format!(r#"{{"customerId":"{CUSTOMER}","valid":false,"photo":null,"raw":null,"reason":null}}"#);
        let parsed = parse(&declined).expect("good");
        assert!(parsed.verdict.photo().is_none() && parsed.verdict.raw().is_none());
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static("idempotency-key"), HeaderValue::from_static("a b"));
        let body = br#"{"valid":"true","photo":1,"raw":[],"reason":2}"#;
        let (Err(ApiError::Invalid(errors)), _) =
            parse_body::<DukcapilVerdict>(body, "dryRun=yes&x=1", &headers)
        else {
            panic!("refused")
        };
        for name in ["customerId", "valid", "photo", "raw", "reason", "dryRun", "x", "Idempotency-Key"] {
            assert_eq!(errors.field(name).map(<[String]>::len), Some(1), "{name}");
        }
    }

    #[test]
    fn valid_is_a_boolean() {
        for bad in ["\"true\"", "1", "null", "[]"] {
            let body = format!(r#"{{"customerId":"{CUSTOMER}","valid":{bad}}}"#);
            assert!(wrong(&body).field("valid").is_some(), "{bad}");
        }
    }

    #[test]
    fn an_id_of_another_form_is_no_field_error_but_names_nobody() {
        let body = |id: &str| format!(r#"{{"customerId":{id},"valid":false}}"#);
        assert_eq!(parse(&body("\"42\"")).expect("good").customer, None);
        assert_eq!(parse(&body(&format!("\"{}\"", "x".repeat(9_999)))).expect("good").customer, None);
        for bad in ["\"\"", "42", "null", "\"\\udc00\""] {
            assert!(wrong(&body(bad)).field("customerId").is_some(), "{bad}");
        }
    }

    #[test]
    fn raw_is_kept_byte_for_byte() {
        let raw = r#"{ "a" : 1e400,"a":12345678901234567890123456789012345678901 , "\u00e9": "\ud800" }"#;
        let body = format!(r#"{{"raw":{raw},"customerId":"{CUSTOMER}","valid":false}}"#);
        let parsed = parse(&body).expect("good");
        assert_eq!(parsed.verdict.raw().map(RawDocument::as_bytes), Some(raw.as_bytes()));
    }

    #[test]
    fn a_known_field_sent_twice_is_said_once() {
        let body = format!(r#"{{"customerId":"{CUSTOMER}","customerId":"{CUSTOMER}","valid":false}}"#);
        assert_eq!(wrong(&body).field("customerId").map(<[String]>::len), Some(1));
    }
}
