//! Our check of what may follow a schema beside Avro for Java's (`SchemaCompatibility`, by Maven): whatever ours
//! lets through, Java must call compatible in both directions, or subscribers written in Java could not read what
//! we write. The pairs: every two committed versions of a name, changes that are allowed to every committed
//! schema, and changes that are not, which ours must refuse whatever Java says.
//!
//! Without a JDK and Maven the test says so on the error stream and passes; under `CI=true` it fails instead.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use event_codec::compat::check_successor;
use event_codec::registry;
use serde_json::{Map, Value, json};

/// What ours must say of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Allowed,
    Forbidden,
}

struct Pair {
    name: String,
    old: String,
    new: String,
    wanted: Wanted,
}

/// The committed versions of each name, oldest first, each once.
fn committed() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut names: BTreeMap<_, BTreeMap<u32, &str>> = BTreeMap::new();
    for entry in registry::entries() {
        names.entry(entry.schema.name()).or_default().insert(entry.version, entry.schema.text());
    }
    names.into_iter().map(|(name, versions)| (name, versions.into_values().collect())).collect()
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn fields(schema: &mut Value) -> &mut Vec<Value> {
    schema["fields"].as_array_mut().expect("a record's fields")
}

fn new_field(kind: &Value) -> Value {
    json!({"name": "later", "type": ["null", kind], "default": null, "sensitivity": "none", "doc": "d"})
}

/// Every type that a new field of ours may have.
fn types() -> Vec<(&'static str, Value)> {
    vec![
        ("a text", json!("string")),
        ("a number", json!("long")),
        ("a small number", json!("int")),
        ("a boolean", json!("boolean")),
        ("bytes", json!("bytes")),
        ("a moment", json!({"type": "long", "logicalType": "timestamp-millis"})),
        ("a list", json!({"type": "array", "items": "string"})),
        ("a digest", json!({"type": "fixed", "name": "identity.Later", "doc": "d", "size": 32})),
        (
            "a record",
            json!({"type": "record", "name": "identity.Later", "doc": "d", "fields": [
                {"name": "a", "type": "string", "sensitivity": "none", "doc": "d"}]}),
        ),
    ]
}

/// Appends an optional field to every record inside a schema (not to itself); none when there is no such record.
fn with_inner_fields(schema: &Value) -> Option<Value> {
    fn walk(json: &mut Value, is_outer: bool) -> bool {
        let mut found = false;
        match json {
            Value::Array(items) => items.iter_mut().for_each(|item| found |= walk(item, false)),
            Value::Object(map) => {
                map.values_mut().for_each(|value| found |= walk(value, false));
                if !is_outer && map.get("type") == Some(&json!("record")) {
                    map["fields"].as_array_mut().expect("fields").push(new_field(&json!("string")));
                    found = true;
                }
            }
            _ => {}
        }
        found
    }
    let mut new = schema.clone();
    walk(&mut new, true).then_some(new)
}

fn allowed(name: &str, text: &str, pairs: &mut Vec<Pair>) {
    let old = parsed(text);
    let mut push = |what: &str, new: Value| {
        let name = format!("{name} with {what} appended");
        pairs.push(Pair { name, old: text.to_owned(), new: new.to_string(), wanted: Wanted::Allowed });
    };
    for (what, kind) in types() {
        let mut new = old.clone();
        fields(&mut new).push(new_field(&kind));
        push(what, new);
    }
    if let Some(new) = with_inner_fields(&old) {
        push("a text in every inner record", new);
    }
}

/// One change that is not allowed; none where the schema has nothing that it could happen to.
type Change = fn(&mut Vec<Value>) -> Option<()>;

fn field_of_type<'a>(fields: &'a mut [Value], kind: &Value) -> Option<&'a mut Map<String, Value>> {
    fields.iter_mut().filter_map(Value::as_object_mut).find(|field| field["type"] == *kind)
}

fn optional(fields: &mut [Value]) -> Option<&mut Map<String, Value>> {
    fields.iter_mut().filter_map(Value::as_object_mut).find(|field| field["type"].is_array())
}

const CHANGES: [(&str, Change); 9] = [
    ("its last field removed", |fields| fields.pop().map(drop)),
    ("a field without default appended", |fields| {
        fields.push(json!({"name": "later", "type": "long", "sensitivity": "none", "doc": "d"}));
        Some(())
    }),
    ("a field put first", |fields| {
        fields.insert(0, new_field(&json!("long")));
        Some(())
    }),
    ("a text made a number", |fields| {
        field_of_type(fields, &json!("string"))?.insert("type".to_owned(), json!("long"));
        Some(())
    }),
    ("a field renamed", |fields| {
        field_of_type(fields, &json!("string"))?.insert("name".to_owned(), json!("renamed"));
        Some(())
    }),
    ("a field renamed with an alias", |fields| {
        let field = field_of_type(fields, &json!("string"))?;
        let old = field.insert("name".to_owned(), json!("renamed"))?;
        field.insert("aliases".to_owned(), json!([old]));
        Some(())
    }),
    ("an optional field made required", |fields| {
        let field = optional(fields)?;
        field["type"] = field["type"][1].clone();
        field.remove("default");
        Some(())
    }),
    ("an optional field of three types", |fields| {
        optional(fields)?["type"].as_array_mut()?.push(json!("boolean"));
        Some(())
    }),
    ("a required text made optional", |fields| {
        let field = field_of_type(fields, &json!("string"))?;
        field.insert("type".to_owned(), json!(["null", "string"]));
        field.insert("default".to_owned(), Value::Null);
        Some(())
    }),
];

fn forbidden(name: &str, text: &str, pairs: &mut Vec<Pair>) {
    for (what, change) in CHANGES {
        let mut new = parsed(text);
        if change(fields(&mut new)).is_some() {
            let name = format!("{name} with {what}");
            pairs.push(Pair { name, old: text.to_owned(), new: new.to_string(), wanted: Wanted::Forbidden });
        }
    }
}

/// What no committed schema has, and what apache-avro was seen to let through (design §6).
fn by_hand(pairs: &mut Vec<Pair>) {
    let schema = |kind: &str| {
        format!(
            r#"{{"type":"record","name":"identity.T","doc":"d","fields":[
                {{"name":"f","type":{kind},"sensitivity":"none","doc":"d"}}]}}"#
        )
    };
    let symbols = |symbols: &str| format!(r#"{{"type":"enum","name":"identity.E","symbols":[{symbols}]}}"#);
    let fixed = |size: u32| format!(r#"{{"type":"fixed","name":"identity.F","doc":"d","size":{size}}}"#);
    for (name, old, new) in [
        ("a removed enum symbol", symbols(r#""X","Y""#), symbols(r#""X""#)),
        ("an added enum symbol", symbols(r#""X""#), symbols(r#""X","Y""#)),
        ("a narrowed union", r#"["null","string","long"]"#.to_owned(), r#"["null","string"]"#.to_owned()),
        ("an optional long made required", r#"["null","long"]"#.to_owned(), r#""long""#.to_owned()),
        ("a promoted number", r#""int""#.to_owned(), r#""long""#.to_owned()),
        ("another fixed size", fixed(16), fixed(32)),
    ] {
        let (old, new) = (schema(&old), schema(&new));
        pairs.push(Pair { name: name.to_owned(), old, new, wanted: Wanted::Forbidden });
    }
}

fn pairs() -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (name, versions) in committed() {
        for (index, old) in versions.iter().enumerate() {
            for (later, new) in versions.iter().enumerate().skip(index) {
                let name = format!("{name} v{} and v{}", index + 1, later + 1);
                let (old, new) = ((*old).to_owned(), (*new).to_owned());
                pairs.push(Pair { name, old, new, wanted: Wanted::Allowed });
            }
        }
        let latest = versions.last().expect("a version");
        allowed(name, latest, &mut pairs);
        forbidden(name, latest, &mut pairs);
    }
    by_hand(&mut pairs);
    pairs
}

/// Java's word on each, in their order.
fn java(pairs: &[Pair]) -> Vec<String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (asked, answered) = (folder.join("schema-pairs.json"), folder.join("schema-pairs.txt"));
    let list: Vec<Value> =
        pairs.iter().map(|pair| json!({"name": pair.name, "old": pair.old, "new": pair.new})).collect();
    std::fs::write(&asked, Value::from(list).to_string()).expect("written");
    let mut maven = Command::new("mvn");
    maven.args(["--quiet", "--batch-mode", "compile", "exec:java", "--file"]);
    maven.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/java/pom.xml"));
    maven.arg(format!("-Dbuilt={}", folder.join("schema-compatibility").display()));
    maven.arg(format!("-Dexec.args={} {}", asked.display(), answered.display()));
    let output = maven.output().expect("Maven starts");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
    let text = std::fs::read_to_string(&answered).expect("answered");
    let words = text.lines().zip(pairs).map(|(line, pair)| {
        let (name, word) = line.split_once('\t').expect("a name and a word");
        assert_eq!(name, pair.name);
        word.to_owned()
    });
    words.collect()
}

#[test]
fn ours_allows_and_forbids_what_the_table_says() {
    let pairs = pairs();
    assert!(pairs.len() > 200, "{}", pairs.len());
    for pair in &pairs {
        let ours = check_successor(&pair.old, &pair.new);
        assert_eq!(ours.is_ok(), pair.wanted == Wanted::Allowed, "{}: {ours:?}", pair.name);
    }
}

#[test]
fn whatever_ours_allows_java_calls_fully_compatible() {
    if let Err(why) = local_cluster::InstalledTools::available() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "under CI Maven must be there: {why}");
        eprintln!("SKIPPED, NOTHING WAS TESTED: {why}");
        return;
    }
    let pairs = pairs();
    let words = java(&pairs);
    assert_eq!(words.len(), pairs.len());
    let mut narrower: BTreeMap<&str, usize> = BTreeMap::new();
    for (pair, word) in pairs.iter().zip(&words) {
        if check_successor(&pair.old, &pair.new).is_ok() {
            assert_eq!(word, "full", "{}: ours lets it through", pair.name);
        } else {
            *narrower.entry(word).or_default() += 1;
        }
    }
    // The table tests something only if Java sees breaks in it too.
    let broken = narrower.iter().filter(|(word, _)| **word != "full").map(|(_, n)| n).sum::<usize>();
    assert!(broken > 50, "{narrower:?}");
    println!("{} pairs, {} of them allowed; what ours refuses Java calls {narrower:?}", pairs.len(), {
        pairs.iter().filter(|pair| pair.wanted == Wanted::Allowed).count()
    });
}
