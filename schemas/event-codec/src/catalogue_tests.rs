//! What the library is trusted with and what not: fingerprints, older versions, bounds, ends of bodies.

use super::*;
use crate::records::COMMITTED;
use serde::Deserialize;

const RELEASED: &str = "identity.CustomerReleased";

/// `CustomerReleased` as a second version could be: one optional field appended.
fn second_version() -> SchemaFile {
    let v1 = COMMITTED.iter().find(|file| file.name == RELEASED).expect("a committed schema");
    let mut json: serde_json::Value = serde_json::from_str(v1.text).expect("a schema");
    json["fields"].as_array_mut().expect("fields").push(serde_json::json!({
        "name": "note", "type": ["null", "string"], "default": null, "sensitivity": "none", "doc": "d"
    }));
    SchemaFile { version: 2, text: Box::leak(json.to_string().into_boxed_str()), ..*v1 }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "CustomerReleased", rename_all = "camelCase")]
struct First {
    id: String,
    org_id: String,
    customer_id: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "CustomerReleased", rename_all = "camelCase")]
struct Second {
    id: String,
    org_id: String,
    customer_id: String,
    note: Option<String>,
}

fn first() -> First {
    First { id: "i".into(), org_id: "o".into(), customer_id: "c".into() }
}

fn second(note: Option<&str>) -> Second {
    let First { id, org_id, customer_id } = first();
    Second { id, org_id, customer_id, note: note.map(Into::into) }
}

fn bytes_of<T: Serialize>(schema: &CommittedSchema, value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    schema.write(value, &mut bytes).expect("fits");
    bytes
}

fn both_versions() -> Catalogue {
    let files: Vec<_> = COMMITTED.iter().copied().chain([second_version()]).collect();
    Catalogue::of(&files).expect("schemas")
}

#[test]
fn an_older_version_is_read_as_the_latest() {
    let v1 = Catalogue::committed().latest(RELEASED).expect("committed");
    let old = bytes_of(v1, &first());
    let later_build = both_versions();
    assert_eq!(later_build.latest(RELEASED).map(CommittedSchema::version), Some(2));
    let found = later_build.by_fingerprint(&v1.fingerprint()).expect("the old schema is still known");
    assert_eq!(found.read::<Second>(&old), Ok(second(None)));
    let v2 = later_build.latest(RELEASED).expect("there");
    let new = bytes_of(v2, &second(Some("n")));
    assert_eq!(v2.read::<Second>(&new), Ok(second(Some("n"))));
}

#[test]
fn a_later_version_is_not_known_to_an_earlier_build_but_readable_by_its_schema() {
    let later_build = both_versions();
    let v2 = later_build.latest(RELEASED).expect("there");
    assert!(Catalogue::committed().by_fingerprint(&v2.fingerprint()).is_none());
    // A subscriber that has the writer's schema from the registry and reads with its own first version.
    let (writer, reader) = (
        Schema::parse_str(v2.text()).expect("a schema"),
        Schema::parse_str(Catalogue::committed().latest(RELEASED).expect("there").text()).expect("a schema"),
    );
    let new = bytes_of(v2, &second(Some("n")));
    let value = GenericDatumReader::builder(&writer)
        .reader_schema(&reader)
        .build()
        .and_then(|r| r.read_value(&mut new.as_slice()))
        .expect("compatible");
    assert_eq!(apache_avro::from_value::<First>(&value).expect("first"), first());
}

#[test]
fn a_body_that_ends_early_or_late_is_refused_in_every_version() {
    let later_build = both_versions();
    let v1 = later_build.by_name(RELEASED, 1).expect("there");
    let v2 = later_build.by_name(RELEASED, 2).expect("there");
    for (schema, whole) in [(v1, bytes_of(v1, &first())), (v2, bytes_of(v2, &second(Some("n"))))] {
        for end in 0..whole.len() {
            let cut = schema.read::<Second>(&whole[..end]);
            assert!(
                matches!(cut, Err(DecodeError::Malformed(_))),
                "v{} cut at {end}: {cut:?}",
                schema.version()
            );
        }
        let mut more = whole;
        more.push(0);
        assert!(matches!(schema.read::<Second>(&more), Err(DecodeError::Malformed(_))));
    }
}

/// The canonical forms are written out after the Avro specification's rules; their digests were compared
/// with Java's `SchemaNormalization` when they were committed.
#[test]
fn fingerprints_are_those_of_the_specification() {
    let text = r#"{"namespace": "n", "doc": "d", "fields": [
        {"name": "a", "type": {"type": "long", "logicalType": "timestamp-millis"}, "sensitivity": "none"},
        {"name": "b", "default": null, "type": ["null", {"size": 4, "type": "fixed", "name": "F"}]},
        {"name": "c", "type": "F"}
    ], "name": "R", "type": "record"}"#;
    let canonical = concat!(
        r#"{"name":"n.R","type":"record","fields":[{"name":"a","type":"long"},"#,
        r#"{"name":"b","type":["null",{"name":"n.F","type":"fixed","size":4}]},{"name":"c","type":"n.F"}]}"#
    );
    assert_eq!(fingerprint(text), Ok(Sha256::digest(canonical).into()));
}

#[test]
fn lengths_are_bounded() {
    let schema = Catalogue::committed().latest(RELEASED).expect("committed");
    // Nobody set another limit before: the library keeps the first.
    assert_eq!(apache_avro::util::max_allocation_bytes(usize::MAX), DECODED_LENGTH_MAX);
    // The id's length as zigzag varints: 2^62, 1 GiB, one byte above the limit, the limit.
    for (length, why) in [
        (1_u64 << 62, "above the record limit"),
        (1 << 30, "above the record limit"),
        (DECODED_LENGTH_MAX as u64 + 1, "above the record limit"),
        (DECODED_LENGTH_MAX as u64, "ends too early"),
    ] {
        let mut body = Vec::new();
        let mut zigzag = length << 1;
        while zigzag > 0x7f {
            body.push((zigzag & 0x7f) as u8 | 0x80);
            zigzag >>= 7;
        }
        body.push(zigzag as u8);
        body.extend_from_slice(b"short");
        let Err(DecodeError::Malformed(text)) = schema.read::<First>(&body) else {
            panic!("a length of {length} was taken");
        };
        assert!(text.contains(why), "{length}: {text}");
    }
}

#[test]
fn every_file_in_the_folder_is_committed() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../events");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .expect("the folder of the schemas")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".avsc"))
        .collect();
    files.sort();
    let mut committed: Vec<String> = COMMITTED
        .iter()
        .map(|file| format!("{}.v{}.avsc", file.name.trim_start_matches("identity."), file.version))
        .collect();
    committed.sort();
    assert_eq!(files, committed);
}
