//! The page that lists every record of the logs with its fields (`docs/events.md`), made from the committed
//! schemas, so that it cannot say anything else than they do.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use domain::ports::{Retention, Topic};
use serde_json::{Map, Value};

use crate::catalogue::{Catalogue, CommittedSchema};
use crate::ids::SchemaIds;
use crate::lint::text;

const INTRODUCTION: &str = "\
# Events

<!-- Generated from schemas/events: UPDATE_DOCS=1 cargo test -p event-codec --test docs -->

Every record of the five topics with its fields. The schemas lie in `schemas/events`; a committed one never
changes, and a new version only appends optional fields, so that a reader of any version reads every record.

A record's value is in the Confluent wire format: a zero byte, the schema id (four bytes, big-endian), the
Avro body. Subjects are `<topic>-<full name>`. The key is the UTF-8 text `org/customer`, `org/` where there is
no customer, `org/key` for an API key. Headers are CloudEvents 1.0 in binary mode:

| Header | Value |
|---|---|
| `ce_specversion` | `1.0` |
| `ce_id` | the record's id; the same id from the same source is the same record again |
| `ce_source` | `/identity/` and the topic's last word: `/identity/events` |
| `ce_type` | the full name and `.v1`, which stays while the subject stays compatible |
| `ce_time` | the producer's clock, RFC 3339; informative |
| `ce_subject` | the customer, or the org where there is none |
| `content-type` | `application/avro` |
| `schema-fingerprint` | 32 raw bytes: SHA-256 of the schema's Parsing Canonical Form |
| `traceparent` | W3C trace context of the request that caused it, if it had one |

Sensitivity says how much a field tells about a person: **none**; **pseudonymous** (an id or digest of ours
that means nothing outside); **sealed** (ciphertext that nobody can open once the customer's key is
destroyed); **secret** (for the platform's own instances only). `identity.outcomes` holds nothing that is
sealed or secret. Categories are texts, and new words may come without a new schema.
";

/// The page.
pub fn events_page() -> String {
    let mut page = INTRODUCTION.to_owned();
    let ids = SchemaIds::committed();
    let catalogue = Catalogue::committed();
    let mut parts = BTreeMap::new();
    for topic in Topic::ALL {
        let _ = write!(page, "\n## {}\n\n{}\n", topic.name(), policy(topic));
        for schema in catalogue.schemas() {
            let latest = catalogue.latest(schema.name()).map(CommittedSchema::version);
            let entry = ids.entries().find(|(t, name, version, _)| {
                *t == topic && *name == schema.name() && *version == schema.version()
            });
            if let (Some((_, _, version, id)), true) = (entry, latest == Some(schema.version())) {
                record(&mut page, schema, version, id, &mut parts);
            }
        }
    }
    page.push_str("\n## Shared parts\n");
    for (name, definition) in parts {
        let _ = write!(page, "\n### {name}\n\n{}\n", text(&definition, "doc"));
        if text(&definition, "type") == "record" {
            table(&mut page, &definition);
        } else {
            let size = definition.get("size").and_then(Value::as_u64).unwrap_or_default();
            let _ = write!(page, "\n{size} bytes.\n");
        }
    }
    page
}

fn policy(topic: Topic) -> String {
    match topic.retention() {
        Retention::Forever => "Written once, kept for ever.".to_owned(),
        Retention::Days(days) => format!("Append-only, kept for {days} days."),
        Retention::LatestPerKey => "Compacted: the latest record of each key holds.".to_owned(),
    }
}

fn record(
    page: &mut String,
    schema: &CommittedSchema,
    version: u32,
    id: u32,
    parts: &mut BTreeMap<String, Map<String, Value>>,
) {
    let Ok(Value::Object(definition)) = serde_json::from_str(schema.text()) else { return };
    let _ = write!(
        page,
        "\n### {}\n\n{} Version {version}, schema id {id}.\n",
        schema.name(),
        text(&definition, "doc")
    );
    table(page, &definition);
    for field in fields(&definition) {
        collect(field.get("type").unwrap_or(&Value::Null), parts);
    }
}

fn fields(definition: &Map<String, Value>) -> impl Iterator<Item = &Map<String, Value>> {
    definition.get("fields").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

fn table(page: &mut String, definition: &Map<String, Value>) {
    page.push_str("\n| Field | Type | Sensitivity | Meaning |\n|---|---|---|---|\n");
    for field in fields(definition) {
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            text(field, "name"),
            kind(field.get("type").unwrap_or(&Value::Null)),
            text(field, "sensitivity"),
            text(field, "doc")
        );
    }
}

/// A type in words.
fn kind(schema: &Value) -> String {
    match schema {
        Value::String(name) if name.starts_with("identity.") => link(name),
        Value::String(name) => name.clone(),
        Value::Array(branches) => branches
            .iter()
            .filter(|branch| *branch != "null")
            .map(|branch| format!("{}, optional", kind(branch)))
            .collect(),
        Value::Object(map) => match text(map, "type") {
            "array" => format!("list of {}", kind(map.get("items").unwrap_or(&Value::Null))),
            "long" => "time (long, timestamp-millis)".to_owned(),
            _ => link(text(map, "name")),
        },
        _ => String::new(),
    }
}

fn link(name: &str) -> String {
    format!("[{name}](#{})", name.to_lowercase().replace('.', ""))
}

/// Collects the named types that are defined within a type.
fn collect(schema: &Value, parts: &mut BTreeMap<String, Map<String, Value>>) {
    match schema {
        Value::Array(branches) => branches.iter().for_each(|branch| collect(branch, parts)),
        Value::Object(map) => {
            if matches!(text(map, "type"), "record" | "fixed") {
                parts.insert(text(map, "name").to_owned(), map.clone());
                for field in fields(map) {
                    collect(field.get("type").unwrap_or(&Value::Null), parts);
                }
            }
            if let Some(items) = map.get("items") {
                collect(items, parts);
            }
        }
        _ => {}
    }
}
