//! Golden files: what was written once is read for ever, and the same value still gives the same bytes. Of a version
//! that a later one has followed, only the first can hold: a value is written by the latest version.

mod samples;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use bytes::Bytes;
use domain::ports::{NewRecord, StoredRecord};
use event_codec::{Codec, registry};
use samples::{Any, meta, samples, stored};
use sha2::{Digest as _, Sha256};

const HOW: &str = "a golden file that is committed never changes; a missing one is written by \
                   UPDATE_GOLDEN=1 cargo test -p event-codec --test golden";

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../events/golden"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = |i| u8::from_str_radix(&text[i..i + 2], 16).expect("hex digits");
    (0..text.len()).step_by(2).map(digits).collect()
}

/// Key and headers as JSON; the fingerprint is the only header that is not a text.
fn headers_json(record: &NewRecord) -> String {
    let headers: Vec<_> = record
        .headers
        .iter()
        .map(|(name, value)| match std::str::from_utf8(value) {
            Ok(text) if name != "schema-fingerprint" => serde_json::json!([name, text]),
            _ => serde_json::json!([name, { "hex": hex(value) }]),
        })
        .collect();
    let key = std::str::from_utf8(&record.key).expect("keys are texts");
    let json = serde_json::json!({ "key": key, "headers": headers });
    serde_json::to_string_pretty(&json).expect("JSON") + "\n"
}

fn headers_of(json: &str) -> Vec<(String, Bytes)> {
    let json: serde_json::Value = serde_json::from_str(json).expect("JSON");
    let value = |value: &serde_json::Value| match value.as_str() {
        Some(text) => Bytes::copy_from_slice(text.as_bytes()),
        None => unhex(value["hex"].as_str().expect("hex")).into(),
    };
    json["headers"]
        .as_array()
        .expect("headers")
        .iter()
        .map(|pair| (pair[0].as_str().expect("a name").to_owned(), value(&pair[1])))
        .collect()
}

/// Writes a file that is not there yet, if asked to.
fn committed(name: &str, content: &[u8]) -> Vec<u8> {
    let path = folder().join(name);
    if !path.exists() && std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, content).expect("the golden folder can be written");
    }
    std::fs::read(&path).unwrap_or_else(|error| panic!("{name}: {error}; {HOW}"))
}

/// A file that must be there.
fn present(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}; {HOW}"))
}

/// The schema that a sample is of: its full name and version, which the sample's own name begins with.
fn schema_of(sample: &str) -> (String, u32) {
    let (name, rest) = sample.split_once(".v").expect("Name.vN or Name.vN.more");
    let version = rest.split('.').next().unwrap_or_default().parse().expect("a version");
    (format!("identity.{name}"), version)
}

/// Whether values are still written by the version that a sample is of.
fn is_written(sample: &str) -> bool {
    let (name, version) = schema_of(sample);
    let versions = registry::entries().filter(|entry| entry.schema.name() == name).map(|entry| entry.version);
    versions.max() == Some(version)
}

fn golden_record(record: &NewRecord, value: Vec<u8>, headers: &str) -> StoredRecord {
    let mut golden = stored(record);
    golden.value = Some(value.into());
    golden.headers = headers_of(headers);
    golden
}

#[test]
fn every_golden_file_is_written_and_read_as_ever() {
    let codec = Codec::committed();
    for (name, value) in samples().into_iter().filter(|(name, _)| is_written(name)) {
        let record = value.encode(&codec, &meta()).expect("fits");
        let json = headers_json(&record);
        let golden_value = committed(&format!("{name}.bin"), &record.value);
        let golden_headers = committed(&format!("{name}.json"), json.as_bytes());
        assert_eq!(hex(&golden_value), hex(&record.value), "{name}: other bytes; {HOW}");
        let golden_headers = String::from_utf8(golden_headers).expect("JSON");
        assert_eq!(golden_headers, json, "{name}: other headers; {HOW}");
        let golden = golden_record(&record, golden_value, &golden_headers);
        assert_eq!(Any::decode(&codec, value.topic(), &golden), Ok(value), "{name}");
    }
}

/// A file of an older version is of that version by its fingerprint and by its id, and is read as the value that it
/// was written from, with nothing in the fields that came later.
#[test]
fn every_golden_file_of_an_older_version_is_read_as_ever() {
    let codec = Codec::committed();
    let older: Vec<_> = samples().into_iter().filter(|(name, _)| !is_written(name)).collect();
    assert!(older.iter().any(|(name, _)| *name == "Org.v1"));
    for (name, value) in older {
        let (full_name, version) = schema_of(name);
        let entry = registry::entries()
            .find(|entry| entry.schema.name() == full_name && entry.version == version)
            .expect("a committed version");
        let golden_value = present(&format!("{name}.bin"));
        let golden_headers = String::from_utf8(present(&format!("{name}.json"))).expect("JSON");
        assert_eq!(golden_value[1..5], entry.id.to_be_bytes(), "{name}");
        let record = value.encode(&codec, &meta()).expect("fits");
        let mut golden = golden_record(&record, golden_value, &golden_headers);
        assert_eq!(
            golden.header("schema-fingerprint"),
            Some(entry.schema.fingerprint().as_slice()),
            "{name}"
        );
        assert_eq!(Any::decode(&codec, value.topic(), &golden).as_ref(), Ok(&value), "{name}");
        golden.headers.retain(|(header, _)| header != "schema-fingerprint");
        assert_eq!(Any::decode(&codec, value.topic(), &golden), Ok(value), "{name} by its id");
    }
}

#[test]
fn every_version_of_every_schema_has_a_golden_file() {
    let sampled: BTreeSet<(String, u32)> = samples().iter().map(|(name, _)| schema_of(name)).collect();
    for entry in registry::entries() {
        let schema = (entry.schema.name().to_owned(), entry.version);
        assert!(sampled.contains(&schema), "{schema:?} has no sample");
    }
}

/// The lock says what every committed file was; `check_committed` compares the schemas with it too.
#[test]
fn the_lock_holds_every_file() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    if update {
        // The other tests write beside this one; what it locks must be there first.
        every_golden_file_is_written_and_read_as_ever();
    }
    let events = folder().join("..");
    let mut lock: BTreeMap<String, String> = std::fs::read_to_string(folder().join("SHA256SUMS"))
        .expect("the lock")
        .lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(digest, name)| (name.to_owned(), digest.to_owned()))
        .collect();
    let mut names: BTreeSet<String> = lock.keys().cloned().collect();
    for (sub, ends) in [("", [".avsc", ".avsc"]), ("golden/", [".bin", ".json"])] {
        for entry in std::fs::read_dir(events.join(sub)).expect("a folder") {
            let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
            if ends.iter().any(|end| name.ends_with(end)) {
                names.insert(format!("{sub}{name}"));
            }
        }
    }
    for name in names {
        let content = std::fs::read(events.join(&name)).unwrap_or_else(|e| panic!("{name}: {e}; {HOW}"));
        let digest = hex(&Sha256::digest(content));
        if update {
            lock.entry(name.clone()).or_insert_with(|| digest.clone());
        }
        assert_eq!(lock.get(&name), Some(&digest), "{name} is not what the lock says; {HOW}");
    }
    if update {
        let text: String = lock.iter().map(|(name, digest)| format!("{digest}  {name}\n")).collect();
        std::fs::write(folder().join("SHA256SUMS"), text).expect("the lock can be written");
    }
}
