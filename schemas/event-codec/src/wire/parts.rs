//! What bodies are made of: texts, bytes, fixed bytes, bounded lists, and the records several bodies share.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use domain::event::{AuditRef, Fingerprint, Offset, Partition, TopicId};
use domain::ids::{CustomerId, CustomerRef, NotAnId, OrgId};
use domain::sealed::{Purpose, Purposes, Sealed};
use domain::time::Timestamp;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::DecodeError;
use crate::limits::LIST_ITEMS_MAX;

/// A text: borrowed when it is written, owned when it was read.
pub(super) type Text<'a> = Cow<'a, str>;

/// An id that was written down before.
pub(super) fn id<T>(
    field: &str,
    text: &str,
    parse: impl Fn(&str) -> Result<T, NotAnId>,
) -> Result<T, DecodeError> {
    parse(text).map_err(|_| DecodeError::Malformed(format!("{field} is not an id of its kind")))
}

/// A customer within its org.
pub(super) fn customer(org: &str, customer: &str) -> Result<CustomerRef, DecodeError> {
    Ok(CustomerRef::new(id("orgId", org, OrgId::parse)?, id("customerId", customer, CustomerId::parse)?))
}

/// A category's word. Categories grow without a new schema, so an unknown word is a later build's.
pub(super) fn word<T>(field: &str, text: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, DecodeError> {
    parse(text).ok_or_else(|| DecodeError::UnknownSchema { what: format!("a word in {field}") })
}

/// A point in time, which must be one that the domain can write.
pub(super) fn time(field: &str, millis: i64) -> Result<Timestamp, DecodeError> {
    let time = Timestamp::from_millis(millis);
    if time.millis() == millis {
        Ok(time)
    } else {
        Err(DecodeError::Malformed(format!("{field} is out of range")))
    }
}

/// The words of a set of purposes.
pub(super) fn purposes_out(purposes: Purposes) -> List<Text<'static>> {
    List(purposes.iter().map(|purpose| Text::Borrowed(purpose.as_str())).collect())
}

/// A set of purposes.
pub(super) fn purposes_in(words: &List<Text<'_>>) -> Result<Purposes, DecodeError> {
    words.0.iter().map(|text| word("purposes", text, Purpose::parse)).collect()
}

/// Bytes of any length; shared, never copied but into and out of the record.
#[derive(Clone)]
pub(super) struct Blob(pub(super) Bytes);

impl Blob {
    pub(super) fn of(sealed: &Sealed) -> Self {
        Self(sealed.bytes())
    }

    pub(super) fn sealed(self) -> Sealed {
        Sealed::from_envelope(self.0)
    }

    pub(super) fn size(blob: Option<&Self>) -> usize {
        blob.map_or(0, |blob| blob.0.len())
    }
}

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_byte_buf(BytesVisitor).map(|bytes| Self(bytes.into()))
    }
}

/// A fixed number of bytes.
#[derive(Clone, Copy)]
pub(super) struct Fixed<const N: usize>(pub(super) [u8; N]);

impl<const N: usize> Serialize for Fixed<N> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(&self.0)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Fixed<N> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let bytes = from.deserialize_byte_buf(BytesVisitor)?;
        let length = bytes.len();
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| serde::de::Error::invalid_length(length, &"the fixed number of bytes"))
    }
}

struct BytesVisitor;

impl Visitor<'_> for BytesVisitor {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
        Ok(bytes)
    }
}

/// A list of at most [`LIST_ITEMS_MAX`] items, written or read.
pub(super) struct List<T>(pub(super) Vec<T>);

impl<T: Serialize> Serialize for List<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.0.len() > LIST_ITEMS_MAX {
            return Err(serde::ser::Error::custom("a list above its bound"));
        }
        to.collect_seq(&self.0)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(ListVisitor(PhantomData))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            if items.len() == LIST_ITEMS_MAX {
                return Err(serde::de::Error::custom("a list above its bound"));
            }
            items.push(item);
        }
        Ok(List(items))
    }
}

/// Unsigned numbers as Avro's signed ones: a number without room is an error on either side.
pub(super) mod long {
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(number: &u64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(i64::try_from(*number).map_err(serde::ser::Error::custom)?)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
        u64::try_from(i64::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}

/// The same for an Avro int.
pub(super) mod int {
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(number: &u32, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i32(i32::try_from(*number).map_err(serde::ser::Error::custom)?)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
        u32::try_from(i32::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Source {
    topic_id: Fixed<16>,
    #[serde(with = "int")]
    partition: u32,
    #[serde(with = "long")]
    offset: u64,
}

impl From<domain::event::Source> for Source {
    fn from(source: domain::event::Source) -> Self {
        Self { topic_id: Fixed(source.topic_id.0), partition: source.partition.0, offset: source.offset.0 }
    }
}

impl From<Source> for domain::event::Source {
    fn from(source: Source) -> Self {
        Self {
            topic_id: TopicId(source.topic_id.0),
            partition: Partition(source.partition),
            offset: Offset(source.offset),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename = "AuditRef", rename_all = "camelCase")]
pub(super) struct Audit {
    source: Source,
    value_sha256: Fixed<32>,
}

impl From<AuditRef> for Audit {
    fn from(audit: AuditRef) -> Self {
        Self { source: audit.source.into(), value_sha256: Fixed(audit.value_sha256) }
    }
}

impl From<Audit> for AuditRef {
    fn from(audit: Audit) -> Self {
        Self { source: audit.source.into(), value_sha256: audit.value_sha256.0 }
    }
}

impl From<Fingerprint> for Fixed<32> {
    fn from(fingerprint: Fingerprint) -> Self {
        Self(fingerprint.0)
    }
}

impl From<Fixed<32>> for Fingerprint {
    fn from(bytes: Fixed<32>) -> Self {
        Self(bytes.0)
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct MediaReference<'a> {
    sha256: Fixed<32>,
    #[serde(with = "long")]
    size: u64,
    location: Text<'a>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct SealedMedia<'a> {
    inline: Option<Blob>,
    reference: Option<MediaReference<'a>>,
}

impl SealedMedia<'_> {
    pub(super) fn size(media: Option<&Self>) -> usize {
        media.map_or(0, |media| Blob::size(media.inline.as_ref()))
    }
}

impl<'a> From<&'a domain::sealed::SealedMedia> for SealedMedia<'a> {
    fn from(media: &'a domain::sealed::SealedMedia) -> Self {
        match media {
            domain::sealed::SealedMedia::Inline(sealed) => {
                Self { inline: Some(Blob::of(sealed)), reference: None }
            }
            domain::sealed::SealedMedia::Reference { sha256, size, location } => Self {
                inline: None,
                reference: Some(MediaReference {
                    sha256: Fixed(*sha256),
                    size: *size,
                    location: location.into(),
                }),
            },
        }
    }
}

impl TryFrom<SealedMedia<'_>> for domain::sealed::SealedMedia {
    type Error = DecodeError;

    fn try_from(media: SealedMedia<'_>) -> Result<Self, DecodeError> {
        match (media.inline, media.reference) {
            (Some(blob), None) => Ok(Self::Inline(blob.sealed())),
            (None, Some(MediaReference { sha256, size, location })) => {
                Ok(Self::Reference { sha256: sha256.0, size, location: location.into_owned() })
            }
            _ => Err(DecodeError::malformed("sealed media is either inline or a reference")),
        }
    }
}
