//! From a body's bytes to a NIK whose form can be checked, or to everything that is wrong with it at once. What is no NIK's
//! sixteen digits is refused here; whether the digits can be one is not asked.

use actix_web::http::header::HeaderMap;
use domain::ids::CustomerId;
use domain::nik::{BirthDate, CivilSex, Nik};
use serde_json::value::RawValue;

use crate::endpoints::fields;
use crate::serving::errors::ApiError;
use crate::serving::json::{JsonObject, string};
use crate::serving::query::QueryParameters;
use crate::serving::wiped_body::wipe;
use crate::writes::preferences::idempotency_key;

/// The fields of the body.
pub(super) const FIELDS: &[&str] = &["customerId", "nik", "birthDate", "sex"];

/// What was sent.
#[derive(Debug)]
pub struct NikSubmission {
    /// Whom it is about; none when the id is not one that we ever mint.
    pub(super) customer: Option<CustomerId>,
    pub(super) nik: Nik,
    pub(super) birth_date: Option<BirthDate>,
    pub(super) sex: Option<CivilSex>,
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
) -> Result<NikSubmission, ApiError> {
    let mut errors = std::mem::take(&mut object.errors);
    let mut query = QueryParameters::parse(query, &["dryRun"]);
    query.take("dryRun", fields::NO_DRY_RUN, |_| None::<bool>);
    let key = idempotency_key(headers).unwrap_or_else(|wrong| {
        errors.merge(wrong);
        None
    });
    let customer = fields::customer_id(object, &mut errors);
    if object.present("nik").is_none() && !fields::is_refused(&errors, "nik") {
        errors.add("nik", "is required");
    }
    let digits = |value: &RawValue| text(value, Nik::parse, "must be 16 digits, without spaces");
    let nik = fields::optional(object, &mut errors, "nik", digits);
    let date = |value: &RawValue| text(value, BirthDate::parse, "must be a date like 1945-08-17");
    let birth_date = fields::optional(object, &mut errors, "birthDate", date);
    let word = |value: &RawValue| text(value, CivilSex::parse, "must be male or female");
    let sex = fields::optional(object, &mut errors, "sex", word);
    errors.merge(query.into_errors());
    match nik {
        Some(nik) if errors.is_empty() => {
            Ok(NikSubmission { customer, nik, birth_date, sex, idempotency_key: key })
        }
        _ => Err(ApiError::Invalid(errors)),
    }
}

/// A text of that form. The words never repeat it.
fn text<T>(value: &RawValue, parse: impl FnOnce(&str) -> Option<T>, wrong: &str) -> Result<T, String> {
    let text = string(value)?;
    let parsed = parse(&text);
    wipe(text);
    parsed.ok_or_else(|| wrong.to_owned())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;
    use crate::endpoints::nik_format::NikFormat;
    use crate::writes::path::parse_body;

    const CUSTOMER: &str = "cus_00000000000000000000000000";

    fn parse(fields: &str, query: &str) -> Result<NikSubmission, ApiError> {
        let body = format!(r#"{{"customerId":"{CUSTOMER}"{fields}}}"#);
        parse_body::<NikFormat>(body.as_bytes(), query, &HeaderMap::new()).0
    }

    #[test]
    fn a_nik_is_taken_with_what_is_said_of_the_person_or_without() {
        let parsed = parse(r#","nik":"3171011708450001""#, "").expect("good");
        assert_eq!((parsed.birth_date, parsed.sex), (None, None));
        let said = r#","nik":"\u0033171011708450001","birthDate":"1945-08-17","sex":"female""#;
        let parsed = parse(said, "").expect("good");
        assert_eq!((parsed.birth_date.is_some(), parsed.sex), (true, Some(CivilSex::Female)));
        let shown = format!("{parsed:?}");
        assert!(!shown.contains("3171011708450001") && !shown.contains("1945"), "{shown}");
        let none = r#","nik":"3171011708450001","birthDate":null,"sex":null"#;
        assert!(parse(none, "").is_ok());
    }

    #[test]
    fn what_is_no_sixteen_digits_is_a_field_error_that_repeats_nothing() {
        for nik in [
            r#""317101170845000""#,
            r#""31710117084500011""#,
            r#""3171 0117 0845 0001""#,
            r#"" 171011708450001""#,
            r#""31710117084500O1""#,
            r#""３１７１０１１７０８４５０００１""#,
            r#""""#,
            "3171011708450001",
            "[]",
            "null",
        ] {
            let Err(ApiError::Invalid(errors)) = parse(&format!(r#","nik":{nik}"#), "") else {
                panic!("{nik} is refused")
            };
            let said = errors.field("nik").expect("an error");
            assert_eq!(said.len(), 1, "{nik}");
            assert!(!said[0].contains("3171"), "{said:?}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once_and_there_is_no_dry_run() {
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static("idempotency-key"), HeaderValue::from_static("a b"));
        let body = br#"{"birthDate":"17-08-1945","sex":"L"}"#;
        let (Err(ApiError::Invalid(errors)), _) = parse_body::<NikFormat>(body, "dryRun=true&x=1", &headers)
        else {
            panic!("refused")
        };
        for name in ["customerId", "nik", "birthDate", "sex", "dryRun", "x", "Idempotency-Key"] {
            assert_eq!(errors.field(name).map(<[String]>::len), Some(1), "{name}");
        }
        let twice = r#","nik":"3171011708450001","nik":"3171011708450001""#;
        assert!(parse(twice, "").is_err());
    }
}
