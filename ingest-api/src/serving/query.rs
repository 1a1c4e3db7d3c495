//! Query strings: parsed strictly, because a misspelt filter that is ignored answers another question.

use std::borrow::Cow;

use domain::time::Timestamp;
use percent_encoding::percent_decode;

use crate::limits::{QUERY_PARAMS_MAX, UNKNOWN_NAME_BYTES_MAX};
use crate::serving::errors::{ApiError, FieldErrors};

/// Names of parameters in which people put API keys.
const KEY_NAMES: [&str; 8] =
    ["api_key", "apikey", "api-key", "key", "token", "access_token", "authorization", "bearer"];

/// What our keys look like.
const KEY_PREFIX: &str = "qe_sk_";

/// What a parameter that is a time must be.
const TIME_RULE: &str = "must be a time of the form 2026-11-23T04:05:06.007Z";

/// The same for whoever wrote the `+` of a time zone as it is: in a query it stands for a space.
const PLUS_RULE: &str =
    "must be a time of the form 2026-11-23T04:05:06.007Z; write the + of a time zone as %2B in a query";

/// A query string's parameters, decoded.
#[derive(Debug)]
pub struct QueryParameters {
    params: Vec<(String, String)>,
    errors: FieldErrors,
}

impl QueryParameters {
    /// Parses a query string and refuses parameters that are not among the known ones, that come twice, or
    /// that are not UTF-8. Values are taken out with [`QueryParameters::take`]; [`QueryParameters::finish`] says what was wrong.
    pub fn parse(text: &str, known: &[&str]) -> Self {
        let mut query = Self { params: Vec::new(), errors: FieldErrors::new() };
        let mut count = 0_usize;
        for (name, value) in pairs(text) {
            count += 1;
            if count > QUERY_PARAMS_MAX {
                query.errors.add("query", "has too many parameters");
                break;
            }
            let (Some(name), Some(value)) = (name, value) else {
                query.errors.add("query", "must be UTF-8");
                continue;
            };
            if !known.contains(&name.as_ref()) {
                query.errors.add(&shown(&name), "is not known here");
            } else if query.params.iter().any(|(n, _)| *n == name) {
                query.errors.add(&name, "must come once");
            } else {
                query.params.push((name.into_owned(), value.into_owned()));
            }
        }
        query
    }

    /// Takes a parameter's value out and parses it; a value that does not parse is a field error.
    pub fn take<T>(&mut self, name: &str, rule: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let at = self.params.iter().position(|(n, _)| n == name)?;
        let (_, value) = self.params.swap_remove(at);
        let parsed = parse(&value);
        if parsed.is_none() {
            self.errors.add(name, rule);
        }
        parsed
    }

    /// Takes a parameter out that is a time, by either way of rounding it.
    pub fn take_time(&mut self, name: &str, parse: fn(&str) -> Option<Timestamp>) -> Option<Timestamp> {
        let is_plus = |text: &str| text.contains(' ') && parse(&text.replace(' ', "+")).is_some();
        let lost_its_plus = self.params.iter().any(|(n, value)| n == name && is_plus(value));
        self.take(name, if lost_its_plus { PLUS_RULE } else { TIME_RULE }, parse)
    }

    /// Adds a field error.
    pub fn refuse(&mut self, name: &str, text: &str) {
        self.errors.add(name, text);
    }

    /// Whether something was wrong so far.
    pub fn is_refused(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Everything that was wrong.
    pub fn into_errors(self) -> FieldErrors {
        self.errors
    }

    /// Ends the parsing.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] with everything that was wrong.
    pub fn finish(self) -> Result<(), ApiError> {
        self.errors.or(())
    }
}

/// Whether somebody put a key into the query string: by the parameter's name, or by how a value looks.
pub fn carries_a_key(text: &str) -> bool {
    !text.is_empty()
        && pairs(text).any(|(name, value)| {
            let named = name.is_some_and(|name| {
                KEY_NAMES.iter().any(|k| k.eq_ignore_ascii_case(&name)) || name.contains(KEY_PREFIX)
            });
            named || value.is_some_and(|value| value.contains(KEY_PREFIX))
        })
}

/// Whether a name that we do not know may be shown at all (contract §1): people put values where names belong, and
/// the values that matter here, a NIK above all, begin with a digit.
pub fn begins_with_a_letter(name: &str) -> bool {
    name.chars().next().is_some_and(char::is_alphabetic)
}

/// A name as an error may show it: names we do not know are shown when they look like names.
pub fn shown(name: &str) -> String {
    let plain = begins_with_a_letter(name)
        && name.len() <= UNKNOWN_NAME_BYTES_MAX
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    if plain { name.to_owned() } else { "unknown".to_owned() }
}

/// A parameter's first value, whatever else there is: for what is no part of a page's question.
pub fn first(text: &str, name: &str) -> Option<String> {
    let mut found = pairs(text).take(QUERY_PARAMS_MAX).filter(|(key, _)| key.as_deref() == Some(name));
    found.next().and_then(|(_, value)| value).map(Cow::into_owned)
}

/// Names and values of a form or a query, decoded; none for a pair that is not UTF-8.
pub fn decoded_pairs(text: &str) -> impl Iterator<Item = Option<(String, String)>> {
    pairs(text).map(|(name, value)| Some((name?.into_owned(), value?.into_owned())))
}

type Decoded<'a> = Option<Cow<'a, str>>;

fn pairs(text: &str) -> impl Iterator<Item = (Decoded<'_>, Decoded<'_>)> {
    text.split('&').filter(|part| !part.is_empty()).map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (decode(name), decode(value))
    })
}

fn decode(part: &str) -> Decoded<'_> {
    if part.contains('+') {
        let spaced = part.replace('+', " ");
        percent_decode(spaced.as_bytes()).decode_utf8().ok().map(|t| Cow::Owned(t.into_owned()))
    } else {
        percent_decode(part.as_bytes()).decode_utf8().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_parameters_are_decoded() {
        let mut query = QueryParameters::parse("externalId=a%20b%2Fc&limit=5", &["externalId", "limit"]);
        assert_eq!(query.take("externalId", "", |v| Some(v.to_owned())).as_deref(), Some("a b/c"));
        assert_eq!(query.take("limit", "", |v| v.parse::<u8>().ok()), Some(5));
        assert!(query.finish().is_ok());
    }

    #[test]
    fn unknown_repeated_and_unparsable_parameters_are_all_named_at_once() {
        let mut query = QueryParameters::parse("metod=x&limit=5&limit=6&page=x&%ff=1", &["limit", "page"]);
        assert_eq!(query.take("page", "must be a number", |v| v.parse::<u8>().ok()), None);
        let Err(ApiError::Invalid(errors)) = query.finish() else { panic!("refused") };
        for name in ["metod", "limit", "page", "query"] {
            assert!(errors.field(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_plus_that_became_a_space_gets_a_hint() {
        let text = |value: &str| {
            let mut query = QueryParameters::parse(&format!("from={value}"), &["from"]);
            assert_eq!(query.take_time("from", Timestamp::parse), None, "{value}");
            let errors = query.into_errors();
            errors.field("from").map(|texts| texts.join(" ")).unwrap_or_default()
        };
        assert!(text("2026-11-23T04:05:06+07:00").contains("%2B"));
        for plain in ["yesterday", "2026-11-23T04:05:06%2B99:00", "a+b", "", "+"] {
            assert_eq!(text(plain), TIME_RULE, "{plain}");
        }
        let mut query = QueryParameters::parse("from=2026-11-23T04:05:06%2B07:00", &["from"]);
        assert!(query.take_time("from", Timestamp::parse).is_some());
    }

    #[test]
    fn a_name_that_could_be_a_value_is_not_shown() {
        for hidden in ["3171234567890001", "_3171234567890001", "-a", ".a", "", "a b", "a=b", &"n".repeat(65)]
        {
            assert_eq!(shown(hidden), "unknown", "{hidden}");
        }
        for name in ["metod", "a", "page2", "X-y_z.1", &"n".repeat(64)] {
            assert_eq!(shown(name), name);
        }
    }

    #[test]
    fn a_key_in_the_query_is_seen_however_it_is_spelt() {
        for text in ["api_key=x", "a=1&TOKEN=x", "x=qe_sk_live_A", "x=qe%5Fsk_live_A", "qe_sk_live_A"] {
            assert!(carries_a_key(text), "{text}");
        }
        for text in ["", "externalId=1", "cursor=abc&keys=1"] {
            assert!(!carries_a_key(text), "{text}");
        }
    }
}
