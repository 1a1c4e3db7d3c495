//! The schemas this build knows, parsed once, and the reading and writing of bodies with them. Which topic a
//! schema belongs to and which id it has is not here ([`crate::ids`]), nor what a body means ([`crate::wire`]).

use std::collections::HashMap;
use std::io::{self, Read};
use std::sync::LazyLock;

use apache_avro::Schema;
use apache_avro::error::Details;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::writer::datum::GenericDatumWriter;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use crate::error::{DecodeError, EncodeError};
use crate::limits::DECODED_LENGTH_MAX;
use crate::records::COMMITTED;

/// A schema as it is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaFile {
    /// Full name: `identity.CustomerErased`.
    pub name: &'static str,
    /// Version, from 1.
    pub version: u32,
    /// The file's text.
    pub text: &'static str,
}

/// A committed schema with what follows from its text.
pub struct CommittedSchema {
    file: SchemaFile,
    fingerprint: [u8; 32],
    reader: GenericDatumReader<'static>,
    writer: GenericDatumWriter<'static>,
    /// Whether the types in `wire` are of this version; an older one is resolved to it first.
    latest: bool,
}

impl CommittedSchema {
    /// Full name.
    pub fn name(&self) -> &'static str {
        self.file.name
    }

    /// Version, from 1.
    pub fn version(&self) -> u32 {
        self.file.version
    }

    /// The text as committed.
    pub fn text(&self) -> &'static str {
        self.file.text
    }

    /// SHA-256 of the Parsing Canonical Form.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// Appends the body of a value of the latest version.
    pub(crate) fn write<T: Serialize>(&self, body: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self.writer.write_ser(out, body) {
            Ok(_) => Ok(()),
            Err(_) => Err(EncodeError::DoesNotFit { schema: self.file.name }),
        }
    }

    /// Reads a whole body of this version into a type of the latest: fields that were appended since are none.
    pub(crate) fn read<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, DecodeError> {
        let mut rest = Rest(body);
        let value = if self.latest {
            self.reader.read_deser(&mut rest)
        } else {
            self.reader.read_value(&mut rest).and_then(|value| apache_avro::from_value(&value))
        };
        match value {
            Err(error) => Err(self.malformed(why(&error))),
            Ok(_) if !rest.0.is_empty() => Err(self.malformed("bytes follow the body")),
            Ok(value) => Ok(value),
        }
    }

    fn malformed(&self, why: &str) -> DecodeError {
        DecodeError::Malformed(format!("a body of {} v{}: {why}", self.file.name, self.file.version))
    }
}

/// The library's own texts may show values, so none of them is passed on.
fn why(error: &apache_avro::Error) -> &'static str {
    match error.details() {
        Details::MemoryAllocation { .. } => "a length is above the record limit",
        Details::ConvertToUtf8(_) | Details::ConvertToUtf8Error(_) => "a text is not UTF-8",
        Details::ReadVariableIntegerBytes(_)
        | Details::ReadBytes(_)
        | Details::ReadBoolean(_)
        | Details::ReadString(_)
        | Details::ReadFixed(_, _) => "it ends too early",
        _ => "it does not follow its schema",
    }
}

/// What is left of a body. At its end it fails with another kind than `UnexpectedEof`, which the library
/// would take for a null in some places when it resolves an older version.
struct Rest<'a>(&'a [u8]);

impl Read for Rest<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }

    fn read_exact(&mut self, buf: &mut [u8]) -> io::Result<()> {
        self.0.read_exact(buf).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))
    }
}

/// Why texts make no catalogue.
#[derive(Debug, thiserror::Error)]
#[error("{name} v{version} is not a usable schema: {why}")]
pub(crate) struct NotASchema {
    name: &'static str,
    version: u32,
    why: String,
}

/// Schemas by fingerprint and by name.
pub(crate) struct Catalogue {
    schemas: Vec<CommittedSchema>,
    by_fingerprint: HashMap<[u8; 32], usize>,
    by_name: HashMap<(&'static str, u32), usize>,
    latest: HashMap<&'static str, usize>,
}

impl Catalogue {
    /// The committed schemas.
    pub(crate) fn committed() -> &'static Self {
        static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
            Catalogue::of(COMMITTED).expect("the committed schemas are parsed by the tests")
        });
        &CATALOGUE
    }

    /// Parses schemas; of a name, the last is the latest. They live as long as the program: readers and
    /// writers hold on to the parsed schema, and there is one catalogue in a program.
    pub(crate) fn of(files: &[SchemaFile]) -> Result<Self, NotASchema> {
        // The library keeps the first limit it is given; nobody else in the house uses it.
        apache_avro::util::max_allocation_bytes(DECODED_LENGTH_MAX);
        let mut parsed = Vec::with_capacity(files.len());
        let mut latest = HashMap::new();
        for (index, file) in files.iter().enumerate() {
            let refuse = |why: String| NotASchema { name: file.name, version: file.version, why };
            let schema = Schema::parse_str(file.text).map_err(|e| refuse(e.to_string()))?;
            parsed.push((*file, fingerprint(file.text).map_err(refuse)?, &*Box::leak(Box::new(schema))));
            latest.insert(file.name, index);
        }
        let mut schemas = Vec::with_capacity(parsed.len());
        for (index, (file, fingerprint, schema)) in parsed.iter().copied().enumerate() {
            let refuse = |e: apache_avro::Error| NotASchema {
                name: file.name,
                version: file.version,
                why: e.to_string(),
            };
            let newest = latest[file.name];
            let reader = GenericDatumReader::builder(schema)
                .maybe_reader_schema((newest != index).then_some(parsed[newest].2))
                .human_readable(false)
                .build()
                .map_err(refuse)?;
            let writer = GenericDatumWriter::builder(schema).human_readable(false).build().map_err(refuse)?;
            schemas.push(CommittedSchema { file, fingerprint, reader, writer, latest: newest == index });
        }
        let by_fingerprint = schemas.iter().enumerate().map(|(i, s)| (s.fingerprint, i)).collect();
        let by_name = schemas.iter().enumerate().map(|(i, s)| ((s.name(), s.version()), i)).collect();
        Ok(Self { schemas, by_fingerprint, by_name, latest })
    }

    /// All of them, in their committed order.
    pub(crate) fn schemas(&self) -> &[CommittedSchema] {
        &self.schemas
    }

    /// The schema of that fingerprint.
    pub(crate) fn by_fingerprint(&self, fingerprint: &[u8; 32]) -> Option<&CommittedSchema> {
        self.by_fingerprint.get(fingerprint).map(|index| &self.schemas[*index])
    }

    /// A version of a name.
    pub(crate) fn by_name(&self, name: &str, version: u32) -> Option<&CommittedSchema> {
        // The map's key is 'static, so a borrowed name is first exchanged for the catalogue's own.
        let (name, _) = self.latest.get_key_value(name)?;
        self.by_name.get(&(*name, version)).map(|index| &self.schemas[*index])
    }

    /// The latest version of a name: the one that is written.
    pub(crate) fn latest(&self, name: &str) -> Option<&CommittedSchema> {
        self.latest.get(name).map(|index| &self.schemas[*index])
    }
}

/// SHA-256 of the Parsing Canonical Form. The library (0.22) writes `{"type":"long"}` where the specification
/// has `"long"` when a logical type was there, so logical types are taken out before it is asked.
pub(crate) fn fingerprint(text: &str) -> Result<[u8; 32], String> {
    let mut json = serde_json::from_str(text).map_err(|e| e.to_string())?;
    strip_logical_types(&mut json);
    let bare = Schema::parse(&json).map_err(|e| e.to_string())?;
    Ok(Sha256::digest(bare.canonical_form()).into())
}

fn strip_logical_types(json: &mut serde_json::Value) {
    match json {
        serde_json::Value::Object(map) => {
            map.remove("logicalType");
            map.values_mut().for_each(strip_logical_types);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(strip_logical_types),
        _ => {}
    }
}

#[cfg(test)]
#[path = "catalogue_tests.rs"]
mod tests;
