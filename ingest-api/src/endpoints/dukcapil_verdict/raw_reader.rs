//! Looks into a raw answer for what it says beside the verdict (sequence §5.1): once, in the request that brings it, while
//! it is in clear. Bounded, and total: a raw answer of whatever form never costs its verdict anything.
//!
//! Of a name that stands twice in one object the last counts, as it does for most readers of JSON, and so for whoever read
//! the verdict out of it. Not here: which signals follow (`domain::raw_answer`).

use std::borrow::Cow;
use std::fmt;

use domain::classify::{self, ReasonCategory};
use domain::limits::{RAW_PHOTO_BYTES_MIN, RAW_READ_BYTES_MAX, RAW_READ_KEYS_MAX, RAW_READ_NESTING_MAX};
use domain::raw_answer::{AnsweredElement, ElementAgreement, RawAnswer, RawFinding, RawShape};
use domain::verdict::RawDocument;
use serde::de::{Deserializer as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::limits::RAW_MESSAGE_BYTES_MAX;
use crate::serving::json::string;

/// What the base64 of a picture begins with: JPEG, PNG, GIF, WebP.
const PICTURES: [&str; 4] = ["/9j/", "iVBORw0KGgo", "R0lGOD", "UklGR"];

/// How names of texts begin that say what became of a request.
const MESSAGES: [&str; 7] = ["RESPON", "MESSAGE", "ERROR", "STATUS", "PESAN", "KETERANGAN", "DETAIL"];

/// Looks into a verdict's raw answer.
pub fn read(raw: Option<&RawDocument>) -> RawFinding {
    let Some(raw) = raw else { return RawFinding::Missing };
    let bytes = raw.as_bytes();
    if bytes.len() > RAW_READ_BYTES_MAX || raw.is_nested_deeper_than(RAW_READ_NESTING_MAX) {
        return RawFinding::Unreadable;
    }
    let whole = std::str::from_utf8(bytes).ok().and_then(|text| members(text.trim_ascii(), usize::MAX));
    whole.and_then(|whole| answer(&whole)).map_or(RawFinding::Unreadable, RawFinding::Read)
}

/// A name and its value in an object.
type Member<'a> = (Cow<'a, str>, &'a str);

/// The answer of an object; none where its record is beyond the bounds.
fn answer(whole: &[Member<'_>]) -> Option<RawAnswer> {
    let mut answer = RawAnswer {
        shape: RawShape::Other,
        agreements: Vec::new(),
        response_code: None,
        said: None,
        is_interface_error: false,
        has_photo: false,
        quota_counter: last(whole, "quotaLimiter").and_then(number),
    };
    let content = last(whole, "content").map(|content| match content.as_bytes().first() {
        Some(b'[') => items(content).unwrap_or_default(),
        _ => vec![content],
    });
    let record = match content.as_deref() {
        Some([record, ..]) if record.starts_with('{') => members(record, RAW_READ_KEYS_MAX)?,
        Some(_) => Vec::new(),
        // The record alone, without what it came in.
        None if whole.len() > RAW_READ_KEYS_MAX => return None,
        None => whole.to_vec(),
    };
    answer.agreements = agreements(&record);
    let code = |of: &[Member<'_>]| last(of, "RESPONSE_CODE").and_then(number);
    answer.response_code = code(&record).or_else(|| code(whole));
    for (name, value) in whole.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("content")) {
        look_at(&mut answer, name, value);
    }
    for (at, value) in content.unwrap_or_default().into_iter().enumerate() {
        if at == 0 && value.starts_with('{') {
            record.iter().for_each(|(name, value)| look_at(&mut answer, name, value));
        } else {
            look_at(&mut answer, "content", value);
        }
    }
    answer.said = said(&record).or_else(|| said(whole));
    answer.shape = shape(&answer, &record, whole);
    Some(answer)
}

/// What kind of answer it is.
fn shape(answer: &RawAnswer, record: &[Member<'_>], whole: &[Member<'_>]) -> RawShape {
    let has = |name: &str| last(record, name).is_some() || last(whole, name).is_some();
    if !answer.agreements.is_empty() {
        RawShape::Elements
    } else if answer.response_code.is_some() || has("RESPON") {
        RawShape::Message
    } else if has("NIK") || has("NAMA_LGKP") {
        RawShape::Record
    } else {
        RawShape::Other
    }
}

/// Each element once: where a name stands twice, the last, be it an agreement or not.
fn agreements(record: &[Member<'_>]) -> Vec<(AnsweredElement, ElementAgreement)> {
    let is_last = |at: usize| record[at + 1..].iter().all(|(name, _)| *name != record[at].0);
    let mut found = Vec::new();
    for (at, (name, value)) in record.iter().enumerate() {
        let text = value.starts_with('"').then(|| text(value)).flatten();
        if let Some(agreement) = text.and_then(|text| ElementAgreement::parse(&text))
            && is_last(at)
        {
            found.push((AnsweredElement::of_name(name), agreement));
        }
    }
    found
}

/// What the text of an answer says of the person, where it has one.
fn said(of: &[Member<'_>]) -> Option<ReasonCategory> {
    let text = last(of, "RESPON").and_then(text).filter(|text| text.len() <= RAW_MESSAGE_BYTES_MAX)?;
    Some(classify::classify(&text))
}

/// Looks at a value for a picture and for an error of the interface, and at what is in it. It is [`RAW_READ_NESTING_MAX`]
/// deep at most.
fn look_at(answer: &mut RawAnswer, name: &str, value: &str) {
    match value.as_bytes().first() {
        Some(b'"') => {
            let Some(text) = text(value) else { return };
            answer.has_photo |= is_picture(&text);
            answer.is_interface_error |= is_interface_error(name, &text);
        }
        Some(b'{') => {
            for (name, value) in members(value, usize::MAX).unwrap_or_default() {
                look_at(answer, &name, value);
            }
        }
        Some(b'[') => {
            for value in items(value).unwrap_or_default() {
                look_at(answer, name, value);
            }
        }
        _ => {}
    }
}

/// A text that says what became of the request is read as a reason is; any other is not, but for the two errors that are
/// known to come anywhere.
fn is_interface_error(name: &str, text: &str) -> bool {
    if text.len() > RAW_MESSAGE_BYTES_MAX {
        return false;
    }
    let is_message = MESSAGES.iter().any(|begin| begins(name, begin));
    let is_known = contains(text, "login gagal") || contains(text, "kuota akses");
    (is_message || is_known) && classify::is_interface_error(text)
}

fn is_picture(text: &str) -> bool {
    let data = match text.split_once(";base64,") {
        Some((kind, data)) if begins(kind, "data:image/") => data,
        _ if PICTURES.iter().any(|begin| text.starts_with(begin)) => text,
        _ => return false,
    };
    data.len() / 4 * 3 > RAW_PHOTO_BYTES_MIN
}

fn begins(text: &str, with: &str) -> bool {
    text.as_bytes().get(..with.len()).is_some_and(|head| head.eq_ignore_ascii_case(with.as_bytes()))
}

fn contains(text: &str, phrase: &str) -> bool {
    let (bytes, phrase) = (text.as_bytes(), phrase.as_bytes());
    let begins = |byte: &u8| phrase.first().is_some_and(|first| byte.eq_ignore_ascii_case(first));
    let is_there =
        |at: usize| bytes.get(at..at + phrase.len()).is_some_and(|found| found.eq_ignore_ascii_case(phrase));
    bytes.iter().enumerate().any(|(at, byte)| begins(byte) && is_there(at))
}

/// The value of that name, whatever the case of its letters; of several, the last.
fn last<'a>(of: &[Member<'a>], name: &str) -> Option<&'a str> {
    of.iter().rev().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
}

/// A number, written as one or as a text.
fn number(value: &str) -> Option<u32> {
    let text = if value.starts_with('"') { text(value)? } else { Cow::Borrowed(value) };
    text.trim_ascii().parse().ok()
}

/// The text of a string; none where half of a surrogate pair stands in it.
fn text(value: &str) -> Option<Cow<'_, str>> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str::<String>(value).ok().map(Cow::Owned)
}

/// The members of an object; none where it has more of them, or a name is no Unicode.
fn members(object: &str, members_max: usize) -> Option<Vec<Member<'_>>> {
    serde_json::Deserializer::from_str(object).deserialize_map(Members(members_max)).ok()?
}

/// The values of a list.
fn items(list: &str) -> Option<Vec<&str>> {
    serde_json::Deserializer::from_str(list).deserialize_seq(Items).ok()
}

struct Members(usize);

impl<'de> Visitor<'de> for Members {
    type Value = Option<Vec<Member<'de>>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = Vec::new();
        let mut is_beyond = false;
        while let Some(name) = map.next_key::<&'de RawValue>()? {
            let value = map.next_value::<&'de RawValue>()?;
            is_beyond |= found.len() >= self.0;
            match string(name) {
                Ok(name) if !is_beyond => found.push((name, value.get())),
                // Nobody here asks for a name that is no Unicode.
                _ => {}
            }
        }
        Ok((!is_beyond).then_some(found))
    }
}

struct Items;

impl<'de> Visitor<'de> for Items {
    type Value = Vec<&'de str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut found = Vec::new();
        while let Some(value) = list.next_element::<&'de RawValue>()? {
            found.push(value.get());
        }
        Ok(found)
    }
}

#[cfg(test)]
#[path = "raw_reader_tests.rs"]
mod tests;
