//! A registration as it was sent: the body's fields and the key.

use actix_web::http::header::HeaderMap;
use domain::verdict::{ExternalId, FullName};
use serde_json::value::RawValue;

use crate::serving::errors::{ApiError, FieldErrors};
use crate::serving::json::{JsonObject, string};
use crate::serving::query::QueryParameters;
use crate::serving::wiped_body::wipe;
use crate::writes::preferences::idempotency_key;

/// The fields of the body.
pub(super) const FIELDS: &[&str] = &["fullName", "externalId"];

/// What was sent.
#[derive(Debug)]
pub struct RegistrationSubmission {
    pub(super) full_name: FullName,
    pub(super) external_id: Option<ExternalId>,
    pub(super) idempotency_key: Option<String>,
}

pub(super) fn parse(
    object: &mut JsonObject<'_>,
    query: &str,
    headers: &HeaderMap,
) -> Result<RegistrationSubmission, ApiError> {
    let mut errors: FieldErrors = std::mem::take(&mut object.errors);
    let key = idempotency_key(headers).unwrap_or_else(|wrong| {
        errors.merge(wrong);
        None
    });
    let full_name = match object.get("fullName") {
        Some(value) => field(&mut errors, "fullName", value, |text| {
            FullName::parse(text).map_err(|wrong| wrong.to_string())
        }),
        None => {
            if errors.field("fullName").is_none() {
                errors.add("fullName", "is required");
            }
            None
        }
    };
    let external_id = object.present("externalId").and_then(|value| {
        field(&mut errors, "externalId", value, |text| {
            ExternalId::parse(text).map_err(|wrong| wrong.to_string())
        })
    });
    errors.merge(QueryParameters::parse(query, &[]).into_errors());
    match full_name.filter(|_| errors.is_empty()) {
        Some(full_name) => Ok(RegistrationSubmission { full_name, external_id, idempotency_key: key }),
        None => Err(ApiError::Invalid(errors)),
    }
}

fn field<T>(
    errors: &mut FieldErrors,
    name: &str,
    value: &RawValue,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    let parsed = string(value).map_err(str::to_owned).and_then(|text| {
        let parsed = parse(&text);
        wipe(text);
        parsed
    });
    match parsed {
        Ok(parsed) => Some(parsed),
        Err(wrong) => {
            errors.add(name, wrong);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &str) -> Result<RegistrationSubmission, ApiError> {
        parse(&mut JsonObject::parse(body.as_bytes(), FIELDS)?, "", &HeaderMap::new())
    }

    #[test]
    fn a_name_and_perhaps_an_external_id() {
        let both = parsed(r#"{"fullName":" Contoh Nasabah ","externalId":"CIF-1"}"#).expect("good");
        assert_eq!(both.full_name.as_str(), "Contoh Nasabah");
        assert_eq!(both.external_id.as_ref().map(ExternalId::as_str), Some("CIF-1"));
        assert!(parsed(r#"{"fullName":"Contoh","externalId":null}"#).expect("good").external_id.is_none());
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        for (body, fields) in [
            ("{}", vec!["fullName"]),
            (r#"{"fullName":null}"#, vec!["fullName"]),
            (r#"{"fullName":1,"externalId":1}"#, vec!["fullName", "externalId"]),
            (r#"{"fullName":" ","externalId":""}"#, vec!["fullName", "externalId"]),
            (r#"{"fullName":"a\u0000b","externalId":"\ud800"}"#, vec!["fullName", "externalId"]),
            (r#"{"fullName":"a","fullName":"b"}"#, vec!["fullName"]),
        ] {
            let Err(ApiError::Invalid(errors)) = parsed(body) else { panic!("{body}") };
            for field in fields {
                assert_eq!(errors.field(field).map(<[String]>::len), Some(1), "{body} {field}");
            }
        }
    }
}
