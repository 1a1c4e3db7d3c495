//! Which fields may stand where: nothing sealed, secret or untagged in `identity.outcomes`, which analytics
//! and webhooks read.

use domain::ports::Topic;
use serde_json::Value;

use crate::lint::{fields, text};

/// What fields of a topic may be.
pub(crate) fn allowed(topic: Topic) -> &'static [&'static str] {
    match topic {
        Topic::Outcomes => &["none", "pseudonymous"],
        Topic::Events | Topic::Audit | Topic::DeadLetters => &["none", "pseudonymous", "sealed"],
        Topic::Orgs => &["none", "secret"],
    }
}

/// The fields that must not stand in that topic, by path.
pub(crate) fn leaks(topic: Topic, schema: &Value) -> Vec<String> {
    let mut leaks = Vec::new();
    fields(schema, &mut |path, field| {
        let sensitivity = text(field, "sensitivity");
        if !allowed(topic).contains(&sensitivity) {
            leaks.push(format!("{path} ({})", if sensitivity.is_empty() { "untagged" } else { sensitivity }));
        }
    });
    leaks
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn leaks_of(field: &Value) -> Vec<String> {
        leaks(Topic::Outcomes, &json!({"type": "record", "name": "identity.T", "fields": [field]}))
    }

    #[test]
    fn what_is_sealed_secret_or_untagged_is_found_at_any_depth() {
        let inner = |tag: &str| {
            json!({"type": "record", "name": "identity.I", "fields": [
                {"name": "deep", "type": "bytes", "sensitivity": tag}
            ]})
        };
        for tag in ["sealed", "secret", "", "public"] {
            for schema in [
                json!({"name": "a", "type": "bytes", "sensitivity": tag}),
                json!({"name": "a", "type": inner(tag), "sensitivity": "none"}),
                json!({"name": "a", "type": ["null", inner(tag)], "sensitivity": "none"}),
                json!({"name": "a", "type": {"type": "array", "items": inner(tag)}, "sensitivity": "none"}),
                json!({"name": "a", "type": {"type": "map", "values": ["null", inner(tag)]}, "sensitivity": "none"}),
            ] {
                assert_eq!(leaks_of(&schema).len(), 1, "{schema}");
            }
        }
        assert_eq!(leaks_of(&json!({"name": "a", "type": "bytes"})), ["a (untagged)"]);
    }

    #[test]
    fn pseudonyms_may_be_there() {
        assert!(leaks_of(&json!({"name": "a", "type": "string", "sensitivity": "pseudonymous"})).is_empty());
    }

    #[test]
    fn a_fact_with_a_photo_could_not_stand_among_the_outcomes() {
        let schema = include_str!("../../events/DukcapilVerdictReceived.v1.avsc");
        let schema = serde_json::from_str(schema).expect("a committed schema");
        assert!(leaks(Topic::Outcomes, &schema).contains(&"photo.inline (sealed)".to_owned()));
        assert!(leaks(Topic::Events, &schema).is_empty());
    }
}
