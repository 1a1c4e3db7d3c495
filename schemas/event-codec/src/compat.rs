//! The check that committed schemas stay what they are and that versions follow each other: what the gate
//! asks. Stricter than the library's own check, which calls compatible what does not decode (design §6): a
//! new version may only append `["null", T]` fields with default null, in any of its records.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::catalogue::SchemaFile;
use crate::ids::{SchemaIds, subject};
use crate::lint::{is_optional, lint, text};
use crate::records::COMMITTED;
use crate::sensitivity::leaks;

/// Digest and name of every committed file, as `sha256sum` writes them; names are relative to
/// `schemas/events`.
const LOCK: &str = include_str!("../../events/golden/SHA256SUMS");

/// Checks everything that is committed: no file has changed, every schema is of our shapes, versions follow
/// each other, a name means one thing everywhere, every schema has an id, and nothing personal can reach
/// `identity.outcomes`.
///
/// # Errors
/// Everything that is wrong, in words.
pub fn check_committed() -> Result<(), Vec<String>> {
    let mut wrong = Vec::new();
    check_lock(COMMITTED, LOCK, &mut wrong);
    check_schemas(COMMITTED, &mut wrong);
    check_ids(COMMITTED, &SchemaIds::committed(), &mut wrong);
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// Checks that a new version of a schema may follow an old one.
///
/// # Errors
/// Everything that is wrong, in words.
pub fn check_successor(old: &str, new: &str) -> Result<(), Vec<String>> {
    let mut wrong = lint(new);
    match (serde_json::from_str(old), serde_json::from_str(new)) {
        (Ok(old), Ok(new)) => follows(&old, &new, "", &mut wrong),
        _ => wrong.push("not JSON".to_owned()),
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

fn check_lock(files: &[SchemaFile], lock: &str, wrong: &mut Vec<String>) {
    let locked: BTreeMap<&str, &str> =
        lock.lines().filter_map(|line| line.split_once("  ")).map(|(digest, name)| (name, digest)).collect();
    for file in files {
        let name = file_name(file);
        let digest: String =
            Sha256::digest(file.text).as_slice().iter().map(|byte| format!("{byte:02x}")).collect();
        match locked.get(name.as_str()) {
            Some(locked) if *locked == digest => {}
            Some(_) => wrong.push(format!("{name} has changed; a change is a new version in a new file")),
            None => wrong.push(format!("{name} is not in golden/SHA256SUMS")),
        }
    }
    let known: BTreeSet<String> = files.iter().map(file_name).collect();
    for name in locked.keys().filter(|name| name.ends_with(".avsc") && !known.contains(**name)) {
        wrong.push(format!("{name} is locked and gone"));
    }
}

/// `CustomerErased.v1.avsc`.
fn file_name(file: &SchemaFile) -> String {
    format!("{}.v{}.avsc", file.name.trim_start_matches("identity."), file.version)
}

fn check_schemas(files: &[SchemaFile], wrong: &mut Vec<String>) {
    let mut previous: BTreeMap<&str, &SchemaFile> = BTreeMap::new();
    let mut meanings = BTreeMap::new();
    for file in files {
        let name = file_name(file);
        let add = |texts: Vec<String>, wrong: &mut Vec<String>| {
            wrong.extend(texts.into_iter().map(|text| format!("{name}: {text}")));
        };
        add(lint(file.text), wrong);
        let json: Value = serde_json::from_str(file.text).unwrap_or_default();
        if json.get("name").and_then(Value::as_str) != Some(file.name) {
            add(vec![format!("its name is not {}", file.name)], wrong);
        }
        match previous.insert(file.name, file) {
            Some(old) if old.version + 1 == file.version => {
                add(check_successor(old.text, file.text).err().unwrap_or_default(), wrong);
            }
            None if file.version == 1 => {}
            _ => add(vec!["versions count up from 1".to_owned()], wrong),
        }
        let mut conflicts = Vec::new();
        collect_meanings(&json, &mut meanings, &mut conflicts);
        add(conflicts, wrong);
    }
}

/// Named types that several schemas share must be the same in all of them, or code generated from two
/// schemas clashes.
fn collect_meanings(json: &Value, meanings: &mut BTreeMap<String, Value>, conflicts: &mut Vec<String>) {
    match json {
        Value::Array(items) => items.iter().for_each(|item| collect_meanings(item, meanings, conflicts)),
        Value::Object(map) => {
            if matches!(text(map, "type"), "record" | "fixed") && map.contains_key("name") {
                let name = text(map, "name").to_owned();
                let meaning = with_names_only(json);
                let first = meanings.entry(name.clone()).or_insert_with(|| meaning.clone());
                // A later version may have more fields; that is what `follows` is for.
                let mut differences = Vec::new();
                follows(first, &meaning, "", &mut differences);
                if !differences.is_empty() {
                    conflicts.push(format!("{name} means something else than elsewhere"));
                }
            }
            map.values().for_each(|value| collect_meanings(value, meanings, conflicts));
        }
        _ => {}
    }
}

/// A definition whose inner named types are only named, wherever they happen to be defined.
fn with_names_only(definition: &Value) -> Value {
    fn inner(json: &Value) -> Value {
        match json {
            Value::Object(map) if matches!(text(map, "type"), "record" | "fixed") => {
                map.get("name").cloned().unwrap_or_default()
            }
            other => outer(other),
        }
    }
    fn outer(json: &Value) -> Value {
        match json {
            Value::Array(items) => Value::Array(items.iter().map(inner).collect()),
            Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), inner(value))).collect(),
            other => other.clone(),
        }
    }
    outer(definition)
}

fn check_ids(files: &[SchemaFile], ids: &SchemaIds, wrong: &mut Vec<String>) {
    let mut by_id: BTreeMap<u32, (String, u32)> = BTreeMap::new();
    let mut used = BTreeSet::new();
    for (topic, name, version, id) in ids.entries() {
        let subject = subject(topic, name);
        used.insert((name.to_owned(), version));
        match files.iter().find(|file| file.name == name && file.version == version) {
            None => wrong.push(format!("{subject} v{version} has an id and no schema")),
            Some(file) => {
                let json: Value = serde_json::from_str(file.text).unwrap_or_default();
                let found = leaks(topic, &json);
                wrong.extend(found.iter().map(|field| format!("{field} must not stand in {subject}")));
            }
        }
        let first = by_id.entry(id).or_insert_with(|| (name.to_owned(), version));
        if *first != (name.to_owned(), version) {
            wrong.push(format!("the id {id} is that of two schemas"));
        }
    }
    if by_id.keys().copied().ne((1..).take(by_id.len())) {
        wrong.push("schema ids count up from 1 without a gap".to_owned());
    }
    for file in files.iter().filter(|file| !used.contains(&(file.name.to_owned(), file.version))) {
        wrong.push(format!("{} has no id in ids.json", file_name(file)));
    }
}

/// Whether `new` is `old` with nothing but appended optional fields and other docs.
fn follows(old: &Value, new: &Value, path: &str, wrong: &mut Vec<String>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys {
                match (key.as_str(), old.get(key), new.get(key)) {
                    ("doc", _, _) => {}
                    ("fields", Some(Value::Array(old)), Some(Value::Array(new))) => {
                        fields_follow(old, new, path, wrong);
                    }
                    (_, Some(old), Some(new)) => follows(old, new, path, wrong),
                    (key, _, _) => wrong.push(format!("{path}: {key:?} came or went")),
                }
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            old.iter().zip(new).for_each(|(old, new)| follows(old, new, path, wrong));
        }
        (old, new) if old == new => {}
        _ => wrong.push(format!("{path}: it has changed")),
    }
}

fn fields_follow(old: &[Value], new: &[Value], path: &str, wrong: &mut Vec<String>) {
    let empty = Map::new();
    if new.len() < old.len() {
        wrong.push(format!("{path}: a field is gone"));
    }
    for (old, new) in old.iter().zip(new) {
        let name = old.as_object().map_or("", |field| text(field, "name"));
        follows(old, new, &format!("{path}.{name}"), wrong);
    }
    for field in new.iter().skip(old.len()).map(|field| field.as_object().unwrap_or(&empty)) {
        if !is_optional(field) {
            wrong.push(format!(
                "{path}.{}: a new field is [\"null\", T] with default null",
                text(field, "name")
            ));
        }
    }
}

#[cfg(test)]
#[path = "compat_tests.rs"]
mod tests;
