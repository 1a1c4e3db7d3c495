//! Negative cases of the compatibility check, among them each that the library's own check lets through.

use super::*;

fn schema(fields: &str) -> String {
    format!(r#"{{"type":"record","name":"identity.T","doc":"d","fields":[{fields}]}}"#)
}

const A: &str = r#"{"name":"a","type":"string","sensitivity":"none","doc":"d"}"#;
const B: &str = r#"{"name":"b","type":["null","long"],"default":null,"sensitivity":"none","doc":"d"}"#;

fn nested(fields: &str) -> String {
    format!(
        r#"{{"name":"n","type":{{"type":"record","name":"identity.N","doc":"d","fields":[{fields}]}},"sensitivity":"none","doc":"d"}}"#
    )
}

#[test]
fn the_committed_schemas_pass() {
    assert_eq!(check_committed(), Ok(()));
}

#[test]
fn an_appended_optional_field_may_follow() {
    let (a, with_b) = (schema(A), schema(&format!("{A},{B}")));
    assert_eq!(check_successor(&a, &with_b), Ok(()));
    assert_eq!(check_successor(&a, &a.replace("\"d\"", "\"other words\"")), Ok(()));
    let (old, new) = (schema(&nested(A)), schema(&nested(&format!("{A},{B}"))));
    assert_eq!(check_successor(&old, &new), Ok(()), "in an inner record too");
}

#[test]
fn nothing_else_may_follow() {
    let field = |name: &str, kind: &str| {
        format!(r#"{{"name":"{name}","type":{kind},"sensitivity":"none","doc":"d"}}"#)
    };
    let optional = |name: &str, kind: &str| {
        format!(r#"{{"name":"{name}","type":["null",{kind}],"default":null,"sensitivity":"none","doc":"d"}}"#)
    };
    let symbols = |symbols: &str| {
        field("e", &format!(r#"{{"type":"enum","name":"identity.E","doc":"d","symbols":[{symbols}]}}"#))
    };
    let fixed =
        |size: u32| field("f", &format!(r#"{{"type":"fixed","name":"identity.F","doc":"d","size":{size}}}"#));
    let aliased = r#"{"name":"z","type":"string","aliases":["a"],"sensitivity":"none","doc":"d"}"#;
    let sealed = A.replace("none", "sealed");
    for (case, old, new) in [
        // What apache-avro's can_read was seen to let through (design §6).
        ("a removed enum symbol", symbols(r#""X","Y""#), symbols(r#""X""#)),
        ("a narrowed union", field("u", r#"["null","string","long"]"#), optional("u", r#""string""#)),
        ("an optional long made required", optional("b", r#""long""#), field("b", r#""long""#)),
        ("a rename with an alias", A.to_owned(), aliased.to_owned()),
        // And what it would refuse, or not look at.
        ("an added enum symbol", symbols(r#""X""#), symbols(r#""X","Y""#)),
        ("a widened union", optional("u", r#""string""#), field("u", r#"["null","string","long"]"#)),
        ("a required long made optional", field("b", r#""long""#), optional("b", r#""long""#)),
        ("a promoted type", field("i", r#""int""#), field("i", r#""long""#)),
        ("a removed field", format!("{A},{B}"), A.to_owned()),
        ("a renamed field", A.to_owned(), A.replace("\"a\"", "\"z\"")),
        ("a field put first", A.to_owned(), format!("{B},{A}")),
        ("a required new field", A.to_owned(), format!("{A},{}", field("c", r#""long""#))),
        ("a new field without default", A.to_owned(), format!("{A},{}", B.replace(r#""default":null,"#, ""))),
        (
            "a new field of three types",
            A.to_owned(),
            format!("{A},{}", field("c", r#"["null","string","long"]"#)),
        ),
        ("a changed fixed size", fixed(16), fixed(32)),
        ("a lower sensitivity", sealed, A.to_owned()),
        ("an inner field removed", nested(&format!("{A},{B}")), nested(A)),
        ("an inner field required", nested(A), nested(&format!("{A},{}", field("c", r#""long""#)))),
    ] {
        let (old, new) = (schema(&old), schema(&new));
        assert!(check_successor(&old, &new).is_err(), "{case}");
        // By its structure alone, whatever the shapes of one schema say.
        let json = |text: &str| serde_json::from_str(text).expect("JSON");
        let mut wrong = Vec::new();
        follows(&json(&old), &json(&new), "", &mut wrong);
        assert!(!wrong.is_empty(), "{case}");
    }
}

#[test]
fn a_changed_file_is_noticed() {
    let mut wrong = Vec::new();
    let changed = SchemaFile { text: "{}", ..COMMITTED[0] };
    check_lock(&[changed], LOCK, &mut wrong);
    assert!(wrong.iter().any(|text| text.contains("CustomerRegistered.v1.avsc has changed")), "{wrong:?}");
    assert!(wrong.iter().any(|text| text.contains("is locked and gone")), "{wrong:?}");
    wrong.clear();
    check_lock(&[SchemaFile { version: 9, ..COMMITTED[0] }], "", &mut wrong);
    assert_eq!(wrong, ["CustomerRegistered.v9.avsc is not in golden/SHA256SUMS"]);
}

#[test]
fn an_incompatible_version_is_noticed() {
    let leaked = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let file =
        |version, fields: &str| SchemaFile { name: "identity.T", version, text: leaked(schema(fields)) };
    let check = |files: &[SchemaFile]| {
        let mut wrong = Vec::new();
        check_schemas(files, &mut wrong);
        wrong
    };
    assert_eq!(check(&[file(1, A), file(2, &format!("{A},{B}"))]), Vec::<String>::new());
    assert!(!check(&[file(1, A), file(2, B)]).is_empty());
    assert!(!check(&[file(1, A), file(3, A)]).is_empty());
    let other = SchemaFile {
        name: "identity.U",
        version: 1,
        text: leaked(schema(&nested(B)).replace("identity.T", "identity.U")),
    };
    let wrong = check(&[file(1, &nested(A)), other]);
    assert!(wrong.iter().any(|text| text.contains("identity.N means something else")), "{wrong:?}");
}

#[test]
fn ids_are_unique_and_without_gaps() {
    let check = |json: &str| {
        let mut wrong = Vec::new();
        check_ids(COMMITTED, &SchemaIds::parse(json).expect("a list"), &mut wrong);
        wrong.into_iter().filter(|text| !text.contains("has no id")).collect::<Vec<_>>()
    };
    let (released, erased) =
        ("identity.events-identity.CustomerReleased", "identity.events-identity.CustomerErased");
    assert!(check(&format!(r#"{{"{released}":{{"1":1}},"{erased}":{{"1":2}}}}"#)).is_empty());
    assert_eq!(check(&format!(r#"{{"{released}":{{"1":1}},"{erased}":{{"1":1}}}}"#)).len(), 1);
    assert_eq!(check(&format!(r#"{{"{released}":{{"1":2}}}}"#)).len(), 1);
    assert_eq!(check(&format!(r#"{{"{released}":{{"2":1}}}}"#)).len(), 1);
    assert!(!check(r#"{"identity.outcomes-identity.CustomerRegistered":{"1":1}}"#).is_empty());
}
