//! Where settings come from: the tables of a TOML file and the variables of the environment, one section at
//! a time. A variable is parsed by the type of the field it sets, and a name that no field has is refused in
//! the words in which it was written.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Display;
use std::path::Path;
use std::time::Duration;

use serde::de::value::{Error as TextError, StrDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};

use super::error::ConfigError;
use crate::limits::CONFIG_FILE_BYTES_MAX;

/// Every variable that begins so is ours, and must be a setting.
const ENV_PREFIX: &str = "IDENTITY_";

/// One setting and the words it was written in.
struct Setting {
    origin: String,
    value: Value,
}

enum Value {
    File(toml::Value),
    Env(String),
}

/// What was written, by section and name. The environment comes after the file and wins.
#[derive(Default)]
pub(super) struct Source {
    sections: BTreeMap<String, BTreeMap<String, Setting>>,
    known: Vec<&'static str>,
}

impl Source {
    /// Takes up a file.
    pub(super) fn file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let unreadable = |error| ConfigError::Unreadable { path: path.to_path_buf(), error };
        if std::fs::metadata(path).map_err(unreadable)?.len() > CONFIG_FILE_BYTES_MAX {
            return Err(unreadable(std::io::Error::other("too large for a settings file")));
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        // The parser's own display quotes the line, which may hold a password.
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| ConfigError::NotToml {
            path: path.to_path_buf(),
            line: error.span().map_or(1, |span| 1 + text[..span.start.min(text.len())].matches('\n').count()),
            message: error.message().to_owned(),
        })?;
        for (section, value) in table {
            let toml::Value::Table(settings) = value else {
                return Err(ConfigError::Unknown {
                    setting: section,
                    hint: "it stands outside of a [section]".to_owned(),
                });
            };
            let into = self.sections.entry(section.clone()).or_default();
            for (name, value) in settings {
                let origin = format!("[{section}] {name}");
                into.insert(name, Setting { origin, value: Value::File(value) });
            }
        }
        Ok(())
    }

    /// Takes up the environment.
    pub(super) fn env(
        &mut self,
        vars: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<(), ConfigError> {
        for (name, value) in vars {
            let Some(rest) = name.to_str().and_then(|name| name.strip_prefix(ENV_PREFIX)) else { continue };
            let origin = format!("{ENV_PREFIX}{rest}");
            let upper = |text: &str| !text.is_empty() && !text.contains(|c: char| c.is_ascii_lowercase());
            let Some((section, setting)) = rest.split_once("__").filter(|(s, n)| upper(s) && upper(n)) else {
                return Err(ConfigError::Unknown {
                    setting: origin,
                    hint: "a variable of ours is IDENTITY_<SECTION>__<NAME>, in capitals".to_owned(),
                });
            };
            let Ok(value) = value.into_string() else {
                return Err(ConfigError::Invalid { setting: origin, message: "must be UTF-8".to_owned() });
            };
            self.sections
                .entry(section.to_ascii_lowercase())
                .or_default()
                .insert(setting.to_ascii_lowercase(), Setting { origin, value: Value::Env(value) });
        }
        Ok(())
    }

    /// Reads one section; what is not set is as its default says.
    pub(super) fn section<T: DeserializeOwned>(&mut self, name: &'static str) -> Result<T, ConfigError> {
        self.known.push(name);
        T::deserialize(Section { settings: self.sections.remove(name).unwrap_or_default() })
            .map_err(|error| error.0)
    }

    /// Refuses the sections that nobody read.
    pub(super) fn finish(self) -> Result<(), ConfigError> {
        let Some((section, settings)) = self.sections.into_iter().next() else { return Ok(()) };
        let setting = settings.into_values().next().map_or(format!("[{section}]"), |setting| setting.origin);
        Err(ConfigError::Unknown { setting, hint: format!("sections are {}", self.known.join(", ")) })
    }
}

/// [`ConfigError`] as serde wants it.
#[derive(Debug)]
struct SectionError(ConfigError);

impl Display for SectionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for SectionError {}

impl serde::de::Error for SectionError {
    fn custom<T: Display>(message: T) -> Self {
        Self(ConfigError::Invalid { setting: "(unnamed)".to_owned(), message: message.to_string() })
    }
}

struct Section {
    settings: BTreeMap<String, Setting>,
}

impl<'de> Deserializer<'de> for Section {
    type Error = SectionError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SectionError> {
        visitor.visit_map(Fields { rest: self.settings.into_iter(), next: None })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, SectionError> {
        for (name, setting) in &self.settings {
            if !fields.contains(&name.as_str()) {
                return Err(SectionError(ConfigError::Unknown {
                    setting: setting.origin.clone(),
                    hint: format!("the section has {}", fields.join(", ")),
                }));
            }
        }
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct Fields {
    rest: std::collections::btree_map::IntoIter<String, Setting>,
    next: Option<Setting>,
}

impl<'de> MapAccess<'de> for Fields {
    type Error = SectionError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, SectionError> {
        let Some((name, setting)) = self.rest.next() else { return Ok(None) };
        self.next = Some(setting);
        seed.deserialize(IntoDeserializer::<SectionError>::into_deserializer(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, SectionError> {
        let Setting { origin, value } =
            self.next.take().ok_or_else(|| SectionError::custom("a value was asked for before its name"))?;
        match value {
            Value::File(value) => seed.deserialize(value).map_err(|error| error.message().to_owned()),
            Value::Env(text) => seed.deserialize(EnvValue(&text)).map_err(|error| error.to_string()),
        }
        .map_err(|message| SectionError(ConfigError::Invalid { setting: origin, message }))
    }
}

/// A variable's text, read as whatever the field is.
struct EnvValue<'a>(&'a str);

macro_rules! parsed {
    ($($method:ident $visit:ident $type:ty, $words:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
            visitor.$visit(self.0.trim().parse::<$type>().map_err(|_| TextError::custom($words))?)
        }
    )*};
}

impl<'de> Deserializer<'de> for EnvValue<'_> {
    type Error = TextError;

    parsed! {
        deserialize_bool visit_bool bool, "must be true or false";
        deserialize_u8 visit_u64 u64, "must be a whole number";
        deserialize_u16 visit_u64 u64, "must be a whole number";
        deserialize_u32 visit_u64 u64, "must be a whole number";
        deserialize_u64 visit_u64 u64, "must be a whole number";
        deserialize_i8 visit_i64 i64, "must be a whole number";
        deserialize_i16 visit_i64 i64, "must be a whole number";
        deserialize_i32 visit_i64 i64, "must be a whole number";
        deserialize_i64 visit_i64 i64, "must be a whole number";
        deserialize_f32 visit_f64 f64, "must be a number";
        deserialize_f64 visit_f64 f64, "must be a number";
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        visitor.visit_str(self.0)
    }

    /// Set is set; leaving the variable out is how a setting is left out.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, TextError> {
        visitor.visit_newtype_struct(self)
    }

    /// A list is written with commas.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        let parts: Vec<&str> = self.0.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
        visitor.visit_seq(serde::de::value::SeqDeserializer::new(parts.into_iter()))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TextError> {
        let text: StrDeserializer<'_, TextError> = self.0.trim().into_deserializer();
        if !variants.contains(&self.0.trim()) {
            return Err(TextError::custom(format!("must be one of {}", variants.join(", "))));
        }
        text.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct tuple tuple_struct map struct identifier
        ignored_any
    }
}

/// A duration that is set in whole milliseconds (fields end in `_ms`).
pub(super) fn millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_millis)
}
