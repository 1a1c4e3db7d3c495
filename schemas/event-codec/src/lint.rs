//! What one schema of ours may look like: only the shapes that every reader resolves the same way, every
//! field with words and a sensitivity. How versions follow each other is [`crate::compat`].

use serde_json::{Map, Value};

/// How much a field says about a person.
pub(crate) const SENSITIVITIES: [&str; 4] = ["none", "pseudonymous", "sealed", "secret"];

/// The keys each shape may have. Enums, maps, aliases and namespaces are not among them: design §6 says what
/// they let through.
const RECORD_KEYS: [&str; 4] = ["type", "name", "doc", "fields"];
const FIELD_KEYS: [&str; 5] = ["name", "type", "default", "sensitivity", "doc"];
const FIXED_KEYS: [&str; 4] = ["type", "name", "size", "doc"];
const ARRAY_KEYS: [&str; 2] = ["type", "items"];
const TIME_KEYS: [&str; 2] = ["type", "logicalType"];

/// Calls `visit` with the dotted path and the definition of every field that can be reached in a schema.
/// A named type is visited where it is defined: a schema of ours defines all its types itself.
pub(crate) fn fields(schema: &Value, visit: &mut impl FnMut(&str, &Map<String, Value>)) {
    walk(schema, "", visit);
}

fn walk(schema: &Value, path: &str, visit: &mut impl FnMut(&str, &Map<String, Value>)) {
    match schema {
        Value::Array(branches) => branches.iter().for_each(|branch| walk(branch, path, visit)),
        Value::Object(map) => {
            for field in map.get("fields").and_then(Value::as_array).into_iter().flatten() {
                let Some(field) = field.as_object() else { continue };
                let name = text(field, "name");
                let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
                visit(&path, field);
                walk(field.get("type").unwrap_or(&Value::Null), &path, visit);
            }
            for inner in ["items", "values", "type"] {
                if let Some(inner) = map.get(inner) {
                    walk(inner, path, visit);
                }
            }
        }
        _ => {}
    }
}

/// A text of an object; empty when there is none.
pub(crate) fn text<'a>(map: &'a Map<String, Value>, key: &str) -> &'a str {
    map.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a field is `["null", T]` with default null.
pub(crate) fn is_optional(field: &Map<String, Value>) -> bool {
    let branches = field.get("type").and_then(Value::as_array);
    branches.is_some_and(|branches| branches.len() == 2 && branches[0] == "null" && branches[1] != "null")
        && field.get("default") == Some(&Value::Null)
}

/// What is wrong with a schema, in words; nothing when it is a schema of ours.
pub(crate) fn lint(schema: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    match serde_json::from_str::<Value>(schema) {
        Err(error) => wrong.push(format!("not JSON: {error}")),
        Ok(json) => {
            if json.get("type").and_then(Value::as_str) != Some("record") {
                wrong.push("a schema is a record".to_owned());
            }
            shape(&json, "", &mut wrong);
            if let Err(error) = apache_avro::Schema::parse(&json) {
                wrong.push(format!("not a schema: {error}"));
            }
        }
    }
    wrong
}

fn shape(schema: &Value, path: &str, wrong: &mut Vec<String>) {
    match schema {
        Value::String(_) => {}
        Value::Object(map) => match text(map, "type") {
            "record" => record(map, path, wrong),
            "fixed" => {
                only(map, &FIXED_KEYS, path, wrong);
                named(map, path, wrong);
            }
            "array" => {
                only(map, &ARRAY_KEYS, path, wrong);
                shape(map.get("items").unwrap_or(&Value::Null), path, wrong);
            }
            "long" if text(map, "logicalType") == "timestamp-millis" => only(map, &TIME_KEYS, path, wrong),
            other => wrong.push(format!("{path}: {other:?} is not among our shapes")),
        },
        _ => wrong.push(format!("{path}: not among our shapes")),
    }
}

fn record(map: &Map<String, Value>, path: &str, wrong: &mut Vec<String>) {
    only(map, &RECORD_KEYS, path, wrong);
    named(map, path, wrong);
    for field in map.get("fields").and_then(Value::as_array).into_iter().flatten() {
        let Some(field) = field.as_object() else {
            wrong.push(format!("{path}: a field is an object"));
            continue;
        };
        let name = text(field, "name");
        let path = format!("{path}.{name}");
        only(field, &FIELD_KEYS, &path, wrong);
        if !name.starts_with(|c: char| c.is_ascii_lowercase())
            || !name.chars().all(|c| c.is_ascii_alphanumeric())
        {
            wrong.push(format!("{path}: names of fields are camelCase"));
        }
        if !SENSITIVITIES.contains(&text(field, "sensitivity")) {
            wrong.push(format!("{path}: its sensitivity is not one of {SENSITIVITIES:?}"));
        }
        if text(field, "doc").is_empty() {
            wrong.push(format!("{path}: it has no doc"));
        }
        match field.get("type") {
            Some(Value::Array(branches)) if is_optional(field) => shape(&branches[1], &path, wrong),
            Some(Value::Array(_)) => {
                wrong.push(format!("{path}: a union is [\"null\", T] with default null"));
            }
            Some(schema) if field.contains_key("default") => {
                wrong.push(format!("{path}: only an optional field has a default, not {schema}"));
            }
            Some(schema) => shape(schema, &path, wrong),
            None => wrong.push(format!("{path}: it has no type")),
        }
    }
}

fn named(map: &Map<String, Value>, path: &str, wrong: &mut Vec<String>) {
    let name = text(map, "name");
    if !name
        .strip_prefix("identity.")
        .is_some_and(|short| short.starts_with(|c: char| c.is_ascii_uppercase()))
    {
        wrong.push(format!("{path}: the name {name:?} is not identity.X"));
    }
    if text(map, "doc").is_empty() {
        wrong.push(format!("{path}: {name} has no doc"));
    }
}

fn only(map: &Map<String, Value>, allowed: &[&str], path: &str, wrong: &mut Vec<String>) {
    for key in map.keys().filter(|key| !allowed.contains(&key.as_str())) {
        wrong.push(format!("{path}: {key:?} is not among our schemas' words here"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_field(field: &str) -> Vec<String> {
        lint(&format!(r#"{{"type":"record","name":"identity.T","doc":"d","fields":[{field}]}}"#))
    }

    #[test]
    fn a_schema_of_ours_passes() {
        let passes =
            r#"{"name":"aB","type":["null","string"],"default":null,"sensitivity":"none","doc":"d"}"#;
        assert_eq!(with_field(passes), Vec::<String>::new());
    }

    #[test]
    fn other_shapes_are_refused() {
        for (field, why) in [
            (r#"{"name":"a","type":"string","doc":"d"}"#, "sensitivity"),
            (r#"{"name":"a","type":"string","sensitivity":"public","doc":"d"}"#, "sensitivity"),
            (r#"{"name":"a","type":"string","sensitivity":"none"}"#, "doc"),
            (r#"{"name":"a_b","type":"string","sensitivity":"none","doc":"d"}"#, "camelCase"),
            (r#"{"name":"a","type":"string","aliases":["b"],"sensitivity":"none","doc":"d"}"#, "aliases"),
            (r#"{"name":"a","type":["null","string"],"sensitivity":"none","doc":"d"}"#, "default null"),
            (
                r#"{"name":"a","type":["string","null"],"default":"x","sensitivity":"none","doc":"d"}"#,
                "default null",
            ),
            (
                r#"{"name":"a","type":"string","default":"x","sensitivity":"none","doc":"d"}"#,
                "only an optional",
            ),
            (
                r#"{"name":"a","type":{"type":"enum","name":"identity.E","symbols":["A"]},"sensitivity":"none","doc":"d"}"#,
                "shapes",
            ),
            (
                r#"{"name":"a","type":{"type":"map","values":"string"},"sensitivity":"none","doc":"d"}"#,
                "shapes",
            ),
        ] {
            let wrong = with_field(field);
            assert!(wrong.iter().any(|text| text.contains(why)), "{field}: {wrong:?}");
        }
    }
}
