//! The parts of a verdict and of a registration: what is taken, what is refused, what is never shown.

use std::fmt::Debug;

use bytes::Bytes;
use domain::classify::ReasonCategory;
use domain::limits::{RAW_BYTES_MAX, RAW_NESTING_MAX};
use domain::photo::Photo;
use domain::verdict::{
    ExternalId, ExternalIdError, FullName, FullNameError, PhotoMissing, RawDocument, RawError, Reason,
    ReasonError, Verdict,
};
use proptest::prelude::*;

fn photo() -> Photo {
    Photo::parse(Bytes::from_static(include_bytes!("../testdata/baseline-16x24.jpg"))).expect("a photo")
}

#[test]
fn a_reason_is_trimmed_and_bounded() {
    let parsed = |text: &str| Reason::parse(text).map(|r| r.map(|r| r.as_str().to_owned()));
    let some = |text: &str| Ok(Some(text.to_owned()));
    for empty in ["", " ", "\t\n", "\u{3000}\r\n"] {
        assert_eq!(parsed(empty), Ok(None));
    }
    assert_eq!(parsed(" tidak\tditemukan\nhari ini \r\n"), some("tidak\tditemukan\nhari ini"));
    for control in ["a\rb", "a\r\nb", "a\0b", "a\u{7f}b", "a\u{85}b", "\u{1b}[31mred"] {
        assert_eq!(parsed(control), Err(ReasonError::ControlCharacter), "{control:?}");
    }
    for character in ["x", "é", "界", "🙂"] {
        assert_eq!(parsed(&format!("  {}  ", character.repeat(500))), some(&character.repeat(500)));
        assert_eq!(parsed(&character.repeat(501)), Err(ReasonError::TooLong));
    }
    assert_eq!(parsed(&"x".repeat(4_000_000)), Err(ReasonError::TooLong));
}

#[test]
fn a_raw_document_is_an_object_kept_byte_for_byte() {
    for json in [
        "{}",
        " \t\r\n{ } ",
        r#"{"a":1e400,"a":12345678901234567890123456789012345678901,"\u0041" : "\ud800"}"#,
        r#"{"quotes":"\"}]\\","more":"\\\""}"#,
    ] {
        assert_eq!(RawDocument::parse(json).expect("an object").as_bytes(), json.as_bytes());
    }
    for json in ["[]", "\"{}\"", "null", "1", "", "  ", "[{}]"] {
        assert_eq!(RawDocument::parse(json).expect_err("no object"), RawError::NotAnObject, "{json}");
    }
}

#[test]
fn a_raw_document_has_its_size() {
    let filled = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
    assert_eq!(RawDocument::parse(&filled(RAW_BYTES_MAX)).expect("fits").as_bytes().len(), RAW_BYTES_MAX);
    assert_eq!(RawDocument::parse(&filled(RAW_BYTES_MAX + 1)).err(), Some(RawError::TooManyBytes));
}

#[test]
fn a_raw_document_has_its_depth() {
    let objects = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
    let arrays = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    for nested in [objects, arrays] {
        assert!(RawDocument::parse(&nested(RAW_NESTING_MAX)).is_ok());
        assert_eq!(RawDocument::parse(&nested(RAW_NESTING_MAX + 1)).err(), Some(RawError::TooDeep));
        assert_eq!(RawDocument::parse(&nested(10_000)).err(), Some(RawError::TooDeep));
    }
    // Side by side is not within each other, and brackets in strings are none.
    let wide = format!("{{\"a\":[{}[]]}}", "[],{},".repeat(1000).replace("{}", "{\"b\":{}}"));
    assert!(RawDocument::parse(&wide).is_ok());
    let quoted = format!("{{\"{0}\":\"\\\"{0}\\\\\"}}", "[{".repeat(1000));
    assert!(RawDocument::parse(&quoted).is_ok());
    let behind_strings = format!("{{\"\\\\\":\"\\\"\",\"b\":{}}}", objects(RAW_NESTING_MAX));
    assert_eq!(RawDocument::parse(&behind_strings).err(), Some(RawError::TooDeep));
}

#[test]
fn a_full_name_is_one_line() {
    let parsed = |text: &str| FullName::parse(text).map(|n| n.as_str().to_owned());
    assert_eq!(parsed("  Contoh Nasabah binti Contoh "), Ok("Contoh Nasabah binti Contoh".to_owned()));
    assert_eq!(parsed(&"é".repeat(200)), Ok("é".repeat(200)));
    for (text, wanted) in [
        ("", FullNameError::Empty),
        (" \n ", FullNameError::Empty),
        ("Contoh\nNasabah", FullNameError::ControlCharacter),
        ("Contoh\tNasabah", FullNameError::ControlCharacter),
        (&"x".repeat(201), FullNameError::TooLong),
        (&"界".repeat(201), FullNameError::TooLong),
    ] {
        assert_eq!(parsed(text), Err(wanted));
    }
}

#[test]
fn an_external_id_is_kept_as_sent() {
    let parsed = |text: &str| ExternalId::parse(text).map(|id| id.as_str().to_owned());
    for text in ["1", "cif/00 42", "b2c7…é", &"é".repeat(128)] {
        assert_eq!(parsed(text), Ok(text.to_owned()));
    }
    for (text, wanted) in [
        ("", ExternalIdError::Empty),
        (" ", ExternalIdError::SurroundingWhiteSpace),
        (" 42", ExternalIdError::SurroundingWhiteSpace),
        ("42\u{a0}", ExternalIdError::SurroundingWhiteSpace),
        ("42\n", ExternalIdError::ControlCharacter),
        (&"x".repeat(129), ExternalIdError::TooLong),
    ] {
        assert_eq!(parsed(text), Err(wanted), "{text:?}");
    }
}

#[test]
fn a_valid_verdict_has_a_photo_to_enrol() {
    assert_eq!(Verdict::new(true, None, None, None).err(), Some(PhotoMissing));
    let valid = Verdict::new(true, Some(photo()), None, None).expect("complete");
    assert_eq!((valid.enrolled_photo(), valid.declined_photo()), (Some(&photo()), None));
    assert_eq!(valid.reason_category(), None);

    let reason = Reason::parse("data tidak ditemukan").expect("a reason");
    let declined = Verdict::new(false, Some(photo()), None, reason).expect("complete");
    assert_eq!((declined.enrolled_photo(), declined.declined_photo()), (None, Some(&photo())));
    assert_eq!(declined.reason_category(), Some(ReasonCategory::NotFound));
    let reason = Reason::parse("data tidak ditemukan").expect("a reason");
    let explained = Verdict::new(true, Some(photo()), None, reason).expect("complete");
    assert!(explained.reason().is_some(), "kept whatever valid says");
    assert_eq!(explained.reason_category(), None, "a match needs no explanation");
    assert!(Verdict::new(false, None, None, None).is_ok());
}

#[test]
fn nothing_shows_content() {
    fn shows_nothing(value: &dyn Debug) {
        for shown in [format!("{value:?}"), format!("{value:#?}")] {
            assert!(!shown.contains("sekret") && !shown.contains("255, 216"), "{shown}");
        }
    }
    let reason = Reason::parse("sekret").expect("a reason");
    let raw = RawDocument::parse("{\"sekret\":1}").expect("an object");
    shows_nothing(&FullName::parse("sekret"));
    shows_nothing(&ExternalId::parse("sekret"));
    shows_nothing(&Verdict::new(true, Some(photo()), Some(raw), reason));
}

#[test]
fn texts_of_field_errors() {
    let texts = [
        (ReasonError::TooLong.to_string(), "must be at most 500 characters"),
        (
            ReasonError::ControlCharacter.to_string(),
            r"must have no control characters except tab and newline (\t and \n)",
        ),
        (RawError::NotAnObject.to_string(), "must be a JSON object"),
        (RawError::TooManyBytes.to_string(), "must be at most 1572864 bytes of JSON"),
        (RawError::TooDeep.to_string(), "must be nested at most 128 levels deep"),
        (FullNameError::TooLong.to_string(), "must be at most 200 characters"),
        (ExternalIdError::TooLong.to_string(), "must be at most 128 characters"),
        (PhotoMissing.to_string(), "is required when valid is true"),
    ];
    for (shown, wanted) in texts {
        assert_eq!(shown, wanted);
    }
}

proptest! {
    #[test]
    fn any_text_is_answered(text in ".{0,200}|[{}\\[\\]\"\\\\ a]{0,200}") {
        if let Ok(raw) = RawDocument::parse(&text) {
            prop_assert_eq!(raw.as_bytes(), text.as_bytes());
        }
        if let Ok(Some(reason)) = Reason::parse(&text) {
            prop_assert!((1..=500).contains(&reason.as_str().chars().count()));
        }
        let _answers = (FullName::parse(&text).is_ok(), ExternalId::parse(&text).is_ok());
    }
}
