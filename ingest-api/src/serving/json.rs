//! A request's JSON object, taken apart in one pass: the known top-level fields as the slices of the body
//! they are, what is sent twice, and what nobody here knows. Each field's own rule belongs to its endpoint.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::limits::{IGNORED_FIELDS_BYTES_MAX, IGNORED_FIELDS_MAX, UNKNOWN_FIELDS_MAX};
use crate::serving::errors::{ApiError, FieldErrors, JsonPosition};
use crate::serving::query::{begins_with_a_letter, shown};

/// What is not written as it is in `X-Ignored-Fields`: everything but RFC 3986's unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The top level of a body.
#[derive(Debug)]
pub struct JsonObject<'a> {
    known: Vec<(&'static str, &'a RawValue)>,
    unknown: Vec<Cow<'a, str>>,
    /// What is wrong with the top level itself: fields that were sent twice, and too many of them.
    pub errors: FieldErrors,
}

impl<'a> JsonObject<'a> {
    /// Takes a body apart.
    ///
    /// # Errors
    /// [`ApiError::MalformedJson`] when it is not UTF-8 or not one JSON value; [`ApiError::Invalid`] when it
    /// is one, but no object.
    pub fn parse(body: &'a [u8], known: &'static [&'static str]) -> Result<Self, ApiError> {
        let text = simdutf8::compat::from_utf8(body)
            .map_err(|error| ApiError::MalformedJson(position_of(body, error.valid_up_to())))?;
        let malformed = |error: serde_json::Error| ApiError::MalformedJson(position(body, &error));
        if !text.trim_ascii_start().starts_with('{') {
            serde_json::from_str::<IgnoredAny>(text).map_err(malformed)?;
            return Err(ApiError::Invalid(FieldErrors::of("body", "must be a JSON object")));
        }
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let object = deserializer.deserialize_map(TopLevel { known }).map_err(malformed)?;
        deserializer.end().map_err(malformed)?;
        Ok(object)
    }

    /// Takes an object within a body apart, which stands at that path.
    ///
    /// # Errors
    /// At that path, when it is no object.
    pub fn nested(
        value: &'a RawValue,
        path: &str,
        known: &'static [&'static str],
    ) -> Result<Self, FieldErrors> {
        let no_object = || FieldErrors::of(path, "must be an object, its names of valid Unicode");
        let mut object = Self::parse(value.get().as_bytes(), known).map_err(|_| no_object())?;
        object.errors = std::mem::take(&mut object.errors).within(path);
        Ok(object)
    }

    /// Names of a nested object that nobody knows either, for the header.
    pub fn also_ignores(&mut self, path: &str, nested: &Self) {
        self.unknown.extend(nested.unknown.iter().map(|name| Cow::Owned(format!("{path}.{name}"))));
    }

    /// A known field as it was sent; none when it was not, or was sent twice.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.known.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// A known field as it was sent, `null` counting as absent.
    pub fn present(&self, name: &str) -> Option<&'a RawValue> {
        self.get(name).filter(|value| value.get() != "null")
    }

    /// The header's value: the unknown names that begin with a letter, percent-encoded, as many as fit.
    pub fn ignored(&self) -> Option<String> {
        let mut header = String::new();
        let mut names = 0;
        for name in &self.unknown {
            let encoded = utf8_percent_encode(name, ENCODED).to_string();
            let comma = usize::from(names > 0);
            let fits = header.len() + comma + encoded.len() <= IGNORED_FIELDS_BYTES_MAX;
            if encoded.is_empty() || !fits {
                continue;
            }
            if comma > 0 {
                header.push(',');
            }
            header.push_str(&encoded);
            names += 1;
            if names == IGNORED_FIELDS_MAX {
                break;
            }
        }
        (names > 0).then_some(header)
    }
}

/// The text of a JSON string: the slice of the body itself where nothing is escaped.
///
/// # Errors
/// The words for a field error: not a string, or one with half of a surrogate pair in it.
pub fn string(value: &RawValue) -> Result<Cow<'_, str>, &'static str> {
    let inner =
        value.get().strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or("must be a string")?;
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Ok(Cow::Borrowed(inner));
    }
    serde_json::from_str::<String>(value.get())
        .map(Cow::Owned)
        .map_err(|_| "must be valid Unicode: an escape stands for half of a surrogate pair")
}

struct TopLevel {
    known: &'static [&'static str],
}

impl<'de> Visitor<'de> for TopLevel {
    type Value = JsonObject<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut object = JsonObject {
            known: Vec::with_capacity(self.known.len()),
            unknown: Vec::new(),
            errors: FieldErrors::new(),
        };
        let mut names: HashSet<Cow<'de, str>> = HashSet::new();
        let mut twice: Vec<&'static str> = Vec::new();
        while let Some(Name(name)) = map.next_key::<Name<'de>>()? {
            if let Some(known) = self.known.iter().find(|known| **known == name) {
                let value = map.next_value::<&'de RawValue>()?;
                if object.known.iter().any(|(seen, _)| seen == known) {
                    if !twice.contains(known) {
                        object.errors.add(known, "must be sent once");
                        twice.push(known);
                    }
                } else {
                    object.known.push((known, value));
                }
                continue;
            }
            map.next_value::<IgnoredAny>()?;
            if names.len() >= UNKNOWN_FIELDS_MAX {
                if object.errors.field("body").is_none() {
                    let text = format!("has more than {UNKNOWN_FIELDS_MAX} fields that are not known here");
                    object.errors.add("body", text);
                }
            } else if names.contains(&name) {
                let name = shown(&name);
                if object.errors.field(&name).is_none() {
                    object.errors.add(&name, "must be sent once");
                }
            } else {
                if object.unknown.len() < IGNORED_FIELDS_MAX * 2 && begins_with_a_letter(&name) {
                    object.unknown.push(name.clone());
                }
                names.insert(name);
            }
        }
        // The first of two is no more right than the second.
        object.known.retain(|(name, _)| !twice.contains(name));
        Ok(object)
    }
}

/// A field's name, borrowed from the body unless something in it is escaped.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// Where serde_json stopped: its column counts bytes from 1, and is 0 right after a line's end.
fn position(body: &[u8], error: &serde_json::Error) -> JsonPosition {
    let (line, column) = (error.line().max(1), error.column().max(1));
    let start = match line {
        1 => 0,
        _ => memchr::memchr_iter(b'\n', body).nth(line - 2).map_or(0, |at| at + 1),
    };
    let offset = if error.is_eof() { body.len() } else { (start + column - 1).min(body.len()) };
    JsonPosition { line, column, offset }
}

/// The position of a byte.
fn position_of(body: &[u8], offset: usize) -> JsonPosition {
    let before = &body[..offset.min(body.len())];
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
    JsonPosition { line, column: offset - start + 1, offset }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["a", "b"];

    fn errors(body: &str) -> FieldErrors {
        match JsonObject::parse(body.as_bytes(), KNOWN) {
            Ok(object) => object.errors,
            Err(ApiError::Invalid(errors)) => errors,
            Err(other) => panic!("{other}"),
        }
    }

    fn stopped_at(body: &[u8]) -> (usize, usize, usize) {
        match JsonObject::parse(body, KNOWN) {
            Err(ApiError::MalformedJson(at)) => (at.line, at.column, at.offset),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn known_fields_are_slices_of_the_body() {
        let body = br#" { "a" : { "x":1e400, "x" : [ ] } , "b":null , "c":1} "#;
        let object = JsonObject::parse(body, KNOWN).expect("JSON");
        assert_eq!(object.get("a").map(RawValue::get), Some(r#"{ "x":1e400, "x" : [ ] }"#));
        assert!(object.get("b").is_some() && object.present("b").is_none());
        assert_eq!(object.ignored().as_deref(), Some("c"));
        assert!(object.errors.is_empty());
    }

    #[test]
    fn a_field_sent_twice_is_refused_however_it_is_spelt() {
        assert!(errors(r#"{"a":1,"a":1}"#).field("a").is_some());
        assert!(errors(r#"{"a":1,"\u0061":1}"#).field("a").is_some());
        assert!(errors(r#"{"zz":1,"zz":1}"#).field("zz").is_some());
        assert!(errors(r#"{"z z":1,"z z":1}"#).field("unknown").is_some());
    }

    #[test]
    fn no_object_is_refused_and_no_json_says_where() {
        for body in ["[]", "\"a\"", "1", "null", "true"] {
            assert!(errors(body).field("body").is_some(), "{body}");
        }
        assert_eq!(stopped_at(b""), (1, 1, 0));
        assert_eq!(stopped_at(b"{\"a\":1"), (1, 6, 6));
        assert_eq!(stopped_at(b"{\"a\":1,\n \"b\" 2}"), (2, 6, 13));
        assert_eq!(stopped_at(b"{\"a\":NaN}"), (1, 6, 5));
        assert_eq!(stopped_at(b"{\"a\":1} x"), (1, 9, 8));
        assert_eq!(stopped_at(b"\xef\xbb\xbf{}"), (1, 1, 0));
        assert_eq!(stopped_at(b"{\"a\":\n\"\xff\"}"), (2, 2, 7));
        stopped_at(br#"{"\ud800":1}"#);
        stopped_at(b"[1,");
    }

    #[test]
    fn nesting_does_not_exhaust_the_stack() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(JsonObject::parse(deep.as_bytes(), KNOWN).is_ok());
        stopped_at("[".repeat(1_000_000).as_bytes());
    }

    #[test]
    fn ignored_names_are_encoded_and_bounded() {
        let object = JsonObject::parse(r#"{"Ré f,":1,"x":2}"#.as_bytes(), KNOWN).expect("JSON");
        assert_eq!(object.ignored().as_deref(), Some("R%C3%A9%20f%2C,x"));
        let many: String = (0..50).map(|n| format!("\"f{n}\":1,")).collect();
        let object = format!("{{{many}\"a\":1}}");
        let header = JsonObject::parse(object.as_bytes(), KNOWN).expect("JSON").ignored().expect("names");
        assert_eq!(header.split(',').count(), IGNORED_FIELDS_MAX);
        let long = format!("{{\"{}\":1,\"short\":1}}", "é".repeat(300));
        assert_eq!(
            JsonObject::parse(long.as_bytes(), KNOWN).expect("JSON").ignored().as_deref(),
            Some("short")
        );
    }

    #[test]
    fn a_name_that_could_be_a_value_is_neither_a_header_nor_an_error() {
        for name in ["3171234567890001", "_x", " x", "+62811", "", "#", "\u{0}x", "\u{200b}x"] {
            let name = serde_json::Value::from(name);
            let body = format!("{{{name}:1}}");
            assert_eq!(JsonObject::parse(body.as_bytes(), KNOWN).expect("JSON").ignored(), None, "{body}");
            let errors = errors(&format!("{{{name}:1,{name}:2}}"));
            assert!(errors.field("unknown").is_some(), "{body}: {errors:?}");
        }
        let after: String = (0..100).map(|n| format!("\"{n}\":1,")).collect();
        let object = format!("{{{after}\"rest\":1}}");
        assert_eq!(
            JsonObject::parse(object.as_bytes(), KNOWN).expect("JSON").ignored().as_deref(),
            Some("rest")
        );
    }

    #[test]
    fn a_thousand_unknown_fields_are_ignored_and_one_more_is_refused() {
        let body = |unknown: usize| {
            let names: String = (0..unknown).map(|n| format!("\"f{n}\":1,")).collect();
            format!("{{{names}\"a\":1,\"b\":2}}")
        };
        assert!(errors(&body(UNKNOWN_FIELDS_MAX)).is_empty());
        let refused = errors(&body(UNKNOWN_FIELDS_MAX + 1));
        assert!(refused.field("body").is_some_and(|texts| texts[0].contains("1000")), "{refused:?}");
    }

    #[test]
    fn strings_are_borrowed_unless_escaped() {
        let raw = |text: &str| RawValue::from_string(text.to_owned()).expect("JSON");
        assert!(matches!(string(&raw(r#""abc""#)), Ok(Cow::Borrowed("abc"))));
        assert_eq!(string(&raw(r#""a\/\u00e9""#)).as_deref(), Ok("a/é"));
        assert!(string(&raw(r#""\ud800""#)).is_err());
        assert!(string(&raw("1")).is_err());
    }
}
