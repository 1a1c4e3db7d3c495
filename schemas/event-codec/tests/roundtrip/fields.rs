//! What an event says of its own fields is what its schema has, name for name and in its order.

use domain::event::{EventField, FieldValue};
use domain::ports::Topic;
use event_codec::{event_type, registry};
use serde_json::Value;

use crate::samples::{Any, samples};

/// What every event has, and the reference to its evidence: shown otherwise.
const COMMON: [&str; 4] = ["id", "orgId", "customerId", "audit"];

/// The names of a record's fields; of one that may be null too.
fn names_in(schema: &Value) -> Vec<String> {
    let record = schema.as_array().and_then(|branches| branches.iter().find(|branch| branch.is_object()));
    let fields = record.unwrap_or(schema)["fields"].as_array().expect("a record has fields");
    fields.iter().map(|field| field["name"].as_str().expect("a name").to_owned()).collect()
}

fn schema_of(name: &str) -> Value {
    let subject = format!("{}-{name}", Topic::Events.name());
    let entry = registry::latest(&subject).expect("every event has a schema");
    serde_json::from_str(entry.schema.text()).expect("a schema is JSON")
}

fn names_of(fields: &[EventField]) -> Vec<&str> {
    fields.iter().map(|field| field.name).collect()
}

#[test]
fn the_fields_of_every_event_are_its_schemas() {
    let mut seen = 0;
    for (sample, value) in samples() {
        let Any::Event(event) = value else { continue };
        let schema = schema_of(event_type(&event).full_name());
        let wanted: Vec<String> =
            names_in(&schema).into_iter().filter(|name| !COMMON.contains(&name.as_str())).collect();
        let fields = event.fields();
        assert_eq!(names_of(&fields), wanted, "{sample}");
        for field in &fields {
            if let FieldValue::Fields(beneath) = &field.value {
                let of = schema["fields"].as_array().expect("fields").iter();
                let typed = of.clone().find(|of| of["name"] == field.name).expect("it is in the schema");
                assert_eq!(names_of(beneath), names_in(&typed["type"]), "{sample}: {}", field.name);
            }
        }
        seen += 1;
    }
    assert!(seen > 8, "only {seen} samples of events");
}
