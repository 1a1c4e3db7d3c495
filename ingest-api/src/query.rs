//! Query strings: parsed strictly, because a misspelt filter that is ignored answers another question.

use std::borrow::Cow;

use percent_encoding::percent_decode;

use crate::errors::{ApiError, FieldErrors};
use crate::limits::QUERY_PARAMS_MAX;

/// Names of parameters in which people put API keys.
const KEY_NAMES: [&str; 8] =
    ["api_key", "apikey", "api-key", "key", "token", "access_token", "authorization", "bearer"];

/// What our keys look like.
const KEY_PREFIX: &str = "qe_sk_";

/// A query string's parameters, decoded.
#[derive(Debug)]
pub struct Query {
    params: Vec<(String, String)>,
    errors: FieldErrors,
}

impl Query {
    /// Parses a query string and refuses parameters that are not among the known ones, that come twice, or
    /// that are not UTF-8. Values are taken out with [`Query::take`]; [`Query::finish`] says what was wrong.
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

/// A name as an error may show it: names we do not know are shown when they look like names.
pub fn shown(name: &str) -> String {
    let plain = (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    if plain { name.to_owned() } else { "unknown".to_owned() }
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
        let mut query = Query::parse("externalId=a%20b%2Fc&limit=5", &["externalId", "limit"]);
        assert_eq!(query.take("externalId", "", |v| Some(v.to_owned())).as_deref(), Some("a b/c"));
        assert_eq!(query.take("limit", "", |v| v.parse::<u8>().ok()), Some(5));
        assert!(query.finish().is_ok());
    }

    #[test]
    fn unknown_repeated_and_unparsable_parameters_are_all_named_at_once() {
        let mut query = Query::parse("metod=x&limit=5&limit=6&page=x&%ff=1", &["limit", "page"]);
        assert_eq!(query.take("page", "must be a number", |v| v.parse::<u8>().ok()), None);
        let Err(ApiError::Invalid(errors)) = query.finish() else { panic!("refused") };
        for name in ["metod", "limit", "page", "query"] {
            assert!(errors.field(name).is_some(), "{name}");
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
