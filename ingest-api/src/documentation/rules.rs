//! The rules of fields and parameters that a type does not say: forms of ids, closed lists of words, ranges, times.
//! The lists are the domain's own, so that a new word is in the document when it is in the code.

use domain::classify::ReasonCategory;
use domain::limits::{EXTERNAL_ID_CHARS_MAX, FULL_NAME_CHARS_MAX, PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX};
use domain::orgs::{Capability, Environment, OrgSetting, SettingKind};
use domain::policy::{Method, Tier};
use domain::recheck::RecheckStatus;
use domain::rows::{ReviewState, VerificationStatus};
use engine::config::ApiConfig;
use serde_json::{Map, Value, json};

use super::description::FieldRule;
use crate::limits::PAGE_NUMBER_MAX;
use crate::reading::rechecks::OLDEST;
use crate::routes::endpoints;

/// Idempotency-Key: 1 to 255 visible characters, bare or as a quoted string with its two escapes.
const IDEMPOTENCY_KEY: &str = r#"^([!#-~][!-~]{0,254}|"([!#-\[\]-~]|\\["\\]){1,255}")$"#;

/// An external id: no control characters, and no white space around it.
pub(crate) const EXTERNAL_ID: &str =
    r"^[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?$";

/// An id of ours.
pub(crate) fn id(prefix: &str) -> Value {
    json!({ "type": "string", "pattern": format!("^{prefix}_[0-9A-HJKMNP-TV-Z]{{26}}$") })
}

/// A time as answers have it.
pub(crate) fn time() -> Value {
    json!({
        "type": "string",
        "format": "date-time",
        "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$",
        "example": "2026-11-23T04:05:06.007Z",
    })
}

/// One of those words.
pub(crate) fn one_of(words: impl IntoIterator<Item = &'static str>) -> Value {
    json!({ "type": "string", "enum": words.into_iter().collect::<Vec<_>>() })
}

/// A method of verification.
pub(crate) fn methods() -> Value {
    one_of(Method::ALL.map(Method::as_str))
}

/// A verification's status.
pub(crate) fn statuses() -> Value {
    one_of(VerificationStatus::ALL.map(VerificationStatus::as_str))
}

/// Where a recheck stands.
pub(crate) fn recheck_statuses() -> Value {
    one_of(RecheckStatus::ALL.map(RecheckStatus::as_str))
}

/// The status of what is decided at once, and by nobody later.
pub(crate) fn decided_statuses() -> Value {
    one_of([VerificationStatus::Verified, VerificationStatus::Failed].map(VerificationStatus::as_str))
}

/// A tier.
pub(crate) fn tiers() -> Value {
    one_of(Tier::ALL.map(Tier::as_str))
}

/// Where a face reference came from.
pub(crate) fn face_sources() -> Value {
    one_of(["dukcapil", "ktp_extract", "onboarding_selfie", "step_up_promotion"])
}

/// From 0 to 1.
pub(crate) fn share() -> Value {
    json!({ "type": "number", "minimum": 0, "maximum": 1 })
}

/// The customer of a request.
pub(crate) fn customer_id() -> Value {
    let mut customer = id("cus");
    customer["description"] = "A customer of the org.".into();
    customer
}

/// A picture in a request, by the rules of a verdict's photo.
pub(crate) fn picture(description: &str) -> Value {
    json!({
        "type": "string",
        "format": "photo",
        "description": format!(
            "{description} Base64 (WHATWG forgiving) of a JPEG or PNG, 16–8192 px a side, at most 1 MiB; a data URL of \
             image/jpeg, image/jpg or image/png is taken too."
        ),
    })
}

/// A verification's score.
pub(crate) fn score() -> Value {
    json!({ "type": "integer", "minimum": 0, "maximum": 100 })
}

/// The rules of fields that types do not say: of the shapes that several endpoints answer with, and each endpoint's.
fn answers() -> Vec<FieldRule> {
    let mut rules = vec![
        ("SignalBody", "severity", one_of(["info", "low", "medium", "high", "critical"])),
        ("SignalBody", "createdAt", time()),
        ("VerificationSummary", "id", id("ver")),
        ("VerificationSummary", "status", decided_statuses()),
        ("VerificationSummary", "score", score()),
        ("EnrolmentBody", "id", id("fe")),
        ("EnrolmentBody", "source", face_sources()),
    ];
    rules.extend(endpoints().flat_map(|endpoint| (endpoint.field_rules)()));
    rules
}

/// What a setting's value may be; `null` where it has no default and nothing is asked for.
fn setting_rule(setting: OrgSetting) -> Value {
    let mut rule = match setting.kind() {
        SettingKind::Share => share(),
        SettingKind::Count { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
        SettingKind::OneOf(words) => one_of(words.iter().copied()),
        SettingKind::SomeOf(words) => json!({ "type": "array", "items": one_of(words.iter().copied()) }),
    };
    rule["description"] = setting.meaning().into();
    let has_no_default = |environment| setting.default_value(environment).is_none();
    let mut laid = json!({});
    lay(&mut laid, rule, [Environment::Sandbox, Environment::Live].into_iter().any(has_no_default));
    laid
}

/// Fields that an answer may leave out; every other is always there, `null` perhaps.
const LEFT_OUT: &[(&str, &str)] = &[
    ("VerificationSummary", "score"),
    ("AttemptBody", "assuranceTier"),
    ("AttemptBody", "assessment"),
    ("AttemptBody", "review"),
    ("AttemptBody", "voided"),
    ("KycVerification", "assuranceTier"),
    ("KycVerification", "assessment"),
    ("KycVerification", "review"),
    ("KycVerification", "voided"),
    ("VerificationBody", "match"),
    ("VerificationBody", "reference"),
    ("ErrorBody", "details"),
    ("ErrorDetails", ""),
];

/// Lays the rules on the schemas of answers.
pub(super) fn of_answers(schemas: &mut Value) {
    for capability in Capability::ALL {
        schemas["MeCapabilities"]["properties"][capability.as_str()] =
            json!({ "type": "boolean", "description": capability.meaning() });
    }
    for setting in OrgSetting::ALL {
        schemas["MeSettings"]["properties"][setting.as_str()] = setting_rule(setting);
    }
    for (schema, field, rule) in answers() {
        let property = &mut schemas[schema]["properties"][field];
        let is_nullable = property["type"].as_array().is_some_and(|kinds| kinds.contains(&json!("null")));
        lay(property, rule, is_nullable);
    }
    for (name, schema) in schemas.as_object_mut().into_iter().flatten() {
        all_required(name, schema);
    }
}

fn lay(schema: &mut Value, rule: Value, is_nullable: bool) {
    let (Some(schema), Value::Object(rule)) = (schema.as_object_mut(), rule) else { return };
    schema.remove("format");
    schema.extend(rule);
    if is_nullable {
        let kind = schema.get("type").cloned().unwrap_or_default();
        schema.insert("type".to_owned(), json!([kind, "null"]));
        if let Some(Value::Array(words)) = schema.get_mut("enum") {
            words.push(Value::Null);
        }
    }
}

fn all_required(name: &str, schema: &mut Value) {
    for part in schema.get_mut("allOf").and_then(Value::as_array_mut).into_iter().flatten() {
        all_required(name, part);
    }
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    if name.ends_with("Request") || LEFT_OUT.contains(&(name, "")) {
        return;
    }
    let required: Vec<&String> =
        properties.keys().filter(|field| !LEFT_OUT.contains(&(name, field.as_str()))).collect();
    schema["required"] = json!(required);
}

/// Lays the rules on an operation's parameters.
pub(super) fn of_parameters(operation: &mut Value) {
    let subject = ParameterSubject::of(operation["operationId"].as_str().unwrap_or_default());
    // Not by index: that would make a `null` where there are none.
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap_or_default().to_owned();
        if let Some(rule) = parameter_rule(&name, subject) {
            let mut schema = Map::new();
            if let Value::Object(rule) = rule {
                schema.extend(rule);
            }
            parameter["schema"] = Value::Object(schema);
        }
    }
}

/// What an operation is about, by which parameters of one name differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ParameterSubject {
    Customers,
    Rechecks,
    Verifications,
}

impl ParameterSubject {
    fn of(operation_id: &str) -> Self {
        match operation_id {
            "get_rechecks" | "post_close" => Self::Rechecks,
            id if id.ends_with("_customer") => Self::Customers,
            _ => Self::Verifications,
        }
    }
}

fn parameter_rule(name: &str, subject: ParameterSubject) -> Option<Value> {
    let moment = || json!({ "type": "string", "format": "date-time", "example": "2026-11-23T00:00:00Z" });
    Some(match name {
        "id" => match subject {
            ParameterSubject::Customers => id("cus"),
            ParameterSubject::Rechecks => id("rc"),
            ParameterSubject::Verifications => id("ver"),
        },
        "customerId" => id("cus"),
        "externalId" => {
            json!({ "type": "string", "minLength": 1, "maxLength": EXTERNAL_ID_CHARS_MAX, "pattern": EXTERNAL_ID })
        }
        "method" => methods(),
        "status" if subject == ParameterSubject::Rechecks => recheck_statuses(),
        "status" => statuses(),
        "sort" => one_of([OLDEST]),
        "open" => json!({ "type": "boolean" }),
        "review" => one_of(ReviewState::ALL.map(ReviewState::as_str)),
        "reasonCategory" => one_of(ReasonCategory::ALL.map(ReasonCategory::as_str)),
        "from" | "to" | "asOf" => moment(),
        "page" => json!({ "type": "integer", "minimum": 1, "maximum": PAGE_NUMBER_MAX }),
        "limit" => {
            json!({ "type": "integer", "minimum": 1, "maximum": PAGE_ROWS_MAX, "default": PAGE_ROWS_DEFAULT })
        }
        // 45 bytes in base64url; only those that we gave out are taken.
        "cursor" => json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{60}$" }),
        "dryRun" => json!({ "type": "boolean", "default": false }),
        "Idempotency-Key" => {
            json!({ "type": "string", "pattern": IDEMPOTENCY_KEY, "example": "8e03978e-40d5-43dd-bc93-6894a57f9324" })
        }
        // A preference may be anything (RFC 7240): what is not understood is left aside.
        "Prefer" => {
            json!({ "type": "string", "example": format!("wait={}", ApiConfig::default().wait_max.as_secs()) })
        }
        _ => return None,
    })
}

/// A full name in a request: at least one character that is no white space, no control characters.
pub(crate) fn full_name() -> Value {
    json!({
        "type": "string",
        "minLength": 1,
        "maxLength": FULL_NAME_CHARS_MAX,
        "pattern": r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documentation::assemble::derived;

    #[test]
    fn every_rule_is_of_a_field_that_is_there() {
        let document = serde_json::to_value(derived()).expect("JSON");
        for (schema, field, _) in answers() {
            let found = &document["components"]["schemas"][schema]["properties"][field];
            assert!(found.is_object(), "{schema} has no {field}");
        }
    }
}
