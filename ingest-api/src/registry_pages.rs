//! `/registry/…` on the management listener: the committed schemas as a read-only registry in Confluent's shapes, so
//! that any Confluent client reads our topics. A client parses every answer beneath that path as Confluent's, so every
//! one has that shape, also where there is no such path or method.

use std::borrow::Cow;

use event_codec::registry::{self, Registered};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use service::health_listener::{PageAnswer, PageRequest};

/// Whose schema ids the records of this installation have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaIds {
    /// The committed ones, which are shown.
    Committed,
    /// An external registry's. Ours would tell readers of the logs other schemas than were written, so they are told
    /// that this is not the one to ask.
    External,
}

/// The answer to whatever is asked beneath `/registry`; none to anything else.
pub fn answer(ids: SchemaIds, request: PageRequest<'_>) -> Option<PageAnswer> {
    let rest = request.path.strip_prefix("/registry")?;
    if !rest.is_empty() && !rest.starts_with('/') {
        return None;
    }
    if ids == SchemaIds::External {
        let message = "The schema ids of these topics are those of an external registry: ask that one";
        return Some(refused(404, 40401, message));
    }
    let decoded: Vec<Cow<'_, str>> =
        rest.split('/').skip(1).map(|part| percent_decode_str(part).decode_utf8_lossy()).collect();
    let parts: Vec<&str> = decoded.iter().map(Cow::as_ref).collect();
    let page = match parts[..] {
        _ if parts.contains(&"") => return Some(not_found()),
        ["subjects"] => found(&json!(registry::subjects())),
        ["schemas", "ids", id] => schema_by_id(id),
        ["schemas", "ids", id, "versions"] => subjects_of_id(id),
        ["subjects", subject, "versions"] => versions(subject),
        ["subjects", subject, "versions", number] => version(subject, number),
        _ => return Some(not_found()),
    };
    Some(if request.reads { page } else { refused(405, 405, "HTTP 405 Method Not Allowed") })
}

/// Confluent's media type.
const REGISTRY_JSON: &str = "application/vnd.schemaregistry.v1+json";

fn registry_json(status: u16, body: &Value) -> PageAnswer {
    PageAnswer::new(status, REGISTRY_JSON, body.to_string())
}

fn found(body: &Value) -> PageAnswer {
    registry_json(200, body)
}

fn refused(status: u16, code: u32, message: &str) -> PageAnswer {
    registry_json(status, &json!({ "error_code": code, "message": message }))
}

fn not_found() -> PageAnswer {
    refused(404, 404, "HTTP 404 Not Found")
}

fn schema_by_id(id: &str) -> PageAnswer {
    match id.parse().ok().and_then(registry::schema_by_id) {
        Some(Registered { schema, .. }) => found(&json!({ "schema": schema.text() })),
        None => refused(404, 40403, "Schema not found"),
    }
}

fn subjects_of_id(id: &str) -> PageAnswer {
    let all = id.parse().map(registry::subjects_of_id).unwrap_or_default();
    if all.is_empty() {
        return refused(404, 40403, "Schema not found");
    }
    let all: Vec<Value> =
        all.iter().map(|entry| json!({ "subject": entry.subject, "version": entry.version })).collect();
    found(&json!(all))
}

fn versions(subject: &str) -> PageAnswer {
    let versions = registry::versions(subject);
    if versions.is_empty() {
        return refused(404, 40401, "Subject not found");
    }
    found(&json!(versions))
}

fn version(subject: &str, version: &str) -> PageAnswer {
    if registry::versions(subject).is_empty() {
        return refused(404, 40401, "Subject not found");
    }
    let entry = match version {
        "latest" | "-1" => registry::latest(subject),
        number => match number.parse::<u32>() {
            Ok(number) if number > 0 => registry::schema(subject, number),
            Ok(_) | Err(_) => {
                return refused(
                    422,
                    42202,
                    "The specified version is not a valid version id. Allowed values are between [1, 2^31-1] \
                     and the string \"latest\"",
                );
            }
        },
    };
    match entry {
        Some(Registered { subject, version, id, schema }) => found(&json!({
            "subject": subject, "version": version, "id": id, "schema": schema.text(),
        })),
        None => refused(404, 40402, "Version not found"),
    }
}

#[cfg(test)]
mod tests {
    use service::health_listener::PageBody;

    use super::*;

    fn request(path: &str, reads: bool) -> PageRequest<'_> {
        PageRequest { path, query: None, accept_language: None, reads }
    }

    fn asked(ids: SchemaIds, reads: bool, path: &str) -> (u16, Value) {
        let answer = answer(ids, request(path, reads)).expect("a path of the registry");
        assert_eq!(answer.content_type, REGISTRY_JSON, "{path}");
        let PageBody::Whole(body) = answer.body else { panic!("{path}: a stream") };
        (answer.status, serde_json::from_slice(&body).expect("JSON"))
    }

    #[test]
    fn whatever_is_asked_beneath_the_path_is_answered_in_confluents_shape() {
        for path in [
            "",
            "/",
            "/config",
            "/config/",
            "/config/identity.events-identity.CustomerErased",
            "/mode",
            "/schemas",
            "/schemas/types",
            "/schemas/ids",
            "/schemas/ids/1/",
            "/schemas/ids/1/schema",
            "/subjects/",
            "/subjects/x",
            "/subjects/x/versions/",
            "/subjects/x/versions/1/",
            "/subjects/x/versions/1/schema",
            "/subjects//versions",
            "/%FF",
        ] {
            let (status, body) = asked(SchemaIds::Committed, true, &format!("/registry{path}"));
            assert_eq!((status, &body["error_code"]), (404, &json!(404)), "{path}");
            assert!(body["message"].is_string() && body.get("error").is_none(), "{path}: {body}");
        }
        for (path, code) in [
            ("/schemas/ids/99999999999999999999", 40403),
            ("/schemas/ids/x/versions", 40403),
            ("/subjects/%FF/versions", 40401),
            ("/subjects/%2F/versions/latest", 40401),
        ] {
            let (status, body) = asked(SchemaIds::Committed, true, &format!("/registry{path}"));
            assert_eq!((status, &body["error_code"]), (404, &json!(code)), "{path}");
        }
        for path in ["/subjects", "/schemas/ids/1", "/schemas/ids/1/versions", "/subjects/x/versions/latest"]
        {
            let (status, body) = asked(SchemaIds::Committed, false, &format!("/registry{path}"));
            assert_eq!((status, &body["error_code"]), (405, &json!(405)), "{path}");
        }
        let (status, body) = asked(SchemaIds::Committed, false, "/registry/config");
        assert_eq!((status, &body["error_code"]), (404, &json!(404)));
    }

    #[test]
    fn what_is_there_is_shown_also_under_an_escaped_name() {
        let (status, subjects) = asked(SchemaIds::Committed, true, "/registry/subjects");
        assert_eq!(status, 200);
        for subject in subjects.as_array().expect("subjects") {
            let subject = subject.as_str().expect("a name");
            let escaped = subject.replace('.', "%2E");
            for name in [subject, &escaped] {
                let path = format!("/registry/subjects/{name}/versions/latest");
                let (status, latest) = asked(SchemaIds::Committed, true, &path);
                assert_eq!((status, &latest["subject"]), (200, &json!(subject)), "{path}");
                let (status, by_id) =
                    asked(SchemaIds::Committed, true, &format!("/registry/schemas/ids/{}", latest["id"]));
                assert_eq!((status, &by_id["schema"]), (200, &latest["schema"]), "{path}");
            }
        }
    }

    #[test]
    fn other_paths_are_not_its_own() {
        for path in ["/", "/registr", "/registryx", "/registryx/subjects", "/api/registry", "/%72egistry"] {
            for ids in [SchemaIds::Committed, SchemaIds::External] {
                assert!(answer(ids, request(path, true)).is_none(), "{path}");
            }
        }
    }

    #[test]
    fn with_an_external_registry_ours_points_there_whatever_is_asked() {
        for (reads, path) in [
            (true, "/registry/subjects"),
            (true, "/registry/schemas/ids/1"),
            (true, "/registry"),
            (true, "/registry/config/"),
            (false, "/registry/subjects/x/versions"),
        ] {
            let (status, body) = asked(SchemaIds::External, reads, path);
            assert_eq!((status, &body["error_code"]), (404, &json!(40401)), "{path}");
            assert!(
                body["message"].as_str().is_some_and(|text| text.contains("external registry")),
                "{body}"
            );
        }
    }
}
