//! The parts of a body: big-endian numbers, bytes after their length, an option after a byte that says whether it is
//! there. No row is named here.

use bytes::Bytes;
use domain::event::{Fingerprint, Offset, Partition, Source, TopicId};
use domain::ids::{CustomerRef, NotAnId};
use domain::sealed::Sealed;
use domain::time::Timestamp;

use crate::RowError;

/// Appends parts to a body.
pub(crate) struct BodyWriter<'o>(&'o mut Vec<u8>);

impl<'o> BodyWriter<'o> {
    /// Begins a body of that format.
    pub(crate) fn new(out: &'o mut Vec<u8>, format: u8) -> Self {
        out.push(format);
        Self(out)
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(crate) fn flag(&mut self, value: bool) {
        self.u8(u8::from(value));
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    pub(crate) fn i64(&mut self, value: i64) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    pub(crate) fn time(&mut self, value: Timestamp) {
        self.i64(value.millis());
    }

    /// What is kept in one body is far below 4 GiB: a log record is at most 4 MiB.
    pub(crate) fn bytes(&mut self, value: &[u8]) {
        self.u32(value.len() as u32);
        self.0.extend_from_slice(value);
    }

    pub(crate) fn text(&mut self, value: &str) {
        self.bytes(value.as_bytes());
    }

    pub(crate) fn sealed(&mut self, value: &Sealed) {
        self.bytes(value.as_bytes());
    }

    pub(crate) fn fingerprint(&mut self, value: &Fingerprint) {
        self.digest(&value.0);
    }

    pub(crate) fn digest(&mut self, value: &[u8; 32]) {
        self.0.extend_from_slice(value);
    }

    pub(crate) fn topic(&mut self, value: TopicId) {
        self.0.extend_from_slice(&value.0);
    }

    pub(crate) fn source(&mut self, value: Source) {
        let Source { topic_id, partition, offset } = value;
        self.topic(topic_id);
        self.u32(partition.0);
        self.u64(offset.0);
    }

    pub(crate) fn customer(&mut self, value: &CustomerRef) {
        let CustomerRef { org, customer } = value;
        self.text(org.as_str());
        self.text(customer.as_str());
    }

    pub(crate) fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.flag(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
    }
}

/// Takes the parts of a body.
pub(crate) struct BodyReader<'b> {
    row: &'static str,
    format: u8,
    rest: &'b [u8],
}

impl<'b> BodyReader<'b> {
    /// Of a format up to the one that this build knows.
    pub(crate) fn new(row: &'static str, known: u8, body: &'b [u8]) -> Result<Self, RowError> {
        match body.split_first() {
            None | Some((0, _)) => Err(RowError::Malformed { row }),
            Some((found, _)) if *found > known => Err(RowError::Newer { row, found: *found, known }),
            Some((format, rest)) => Ok(Self { row, format: *format, rest }),
        }
    }

    pub(crate) fn format(&self) -> u8 {
        self.format
    }

    pub(crate) fn malformed(&self) -> RowError {
        RowError::Malformed { row: self.row }
    }

    pub(crate) fn unknown(&self, part: &'static str) -> RowError {
        RowError::UnknownCode { row: self.row, part }
    }

    /// The row, when nothing is left over.
    pub(crate) fn end<T>(self, row: T) -> Result<T, RowError> {
        if self.rest.is_empty() { Ok(row) } else { Err(self.malformed()) }
    }

    fn take(&mut self, length: usize) -> Result<&'b [u8], RowError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(|| self.malformed())?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], RowError> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or_else(|| self.malformed())?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, RowError> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn flag(&mut self) -> Result<bool, RowError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.malformed()),
        }
    }

    pub(crate) fn u32(&mut self) -> Result<u32, RowError> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, RowError> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    pub(crate) fn i64(&mut self) -> Result<i64, RowError> {
        Ok(i64::from_be_bytes(self.array()?))
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp, RowError> {
        self.i64().map(Timestamp::from_millis)
    }

    pub(crate) fn bytes(&mut self) -> Result<&'b [u8], RowError> {
        let length = self.u32()? as usize;
        self.take(length)
    }

    pub(crate) fn text(&mut self) -> Result<&'b str, RowError> {
        let bytes = self.bytes()?;
        std::str::from_utf8(bytes).map_err(|_| self.malformed())
    }

    pub(crate) fn sealed(&mut self) -> Result<Sealed, RowError> {
        Ok(Sealed::from_envelope(Bytes::copy_from_slice(self.bytes()?)))
    }

    pub(crate) fn id<T>(&mut self, parse: impl FnOnce(&str) -> Result<T, NotAnId>) -> Result<T, RowError> {
        let text = self.text()?;
        parse(text).map_err(|_| self.malformed())
    }

    /// A word that has a meaning.
    pub(crate) fn word<T>(
        &mut self,
        part: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, RowError> {
        let text = self.text()?;
        parse(text).ok_or_else(|| self.unknown(part))
    }

    pub(crate) fn fingerprint(&mut self) -> Result<Fingerprint, RowError> {
        self.digest().map(Fingerprint)
    }

    pub(crate) fn digest(&mut self) -> Result<[u8; 32], RowError> {
        self.array()
    }

    pub(crate) fn topic(&mut self) -> Result<TopicId, RowError> {
        Ok(TopicId(self.array()?))
    }

    pub(crate) fn source(&mut self) -> Result<Source, RowError> {
        Ok(Source { topic_id: self.topic()?, partition: Partition(self.u32()?), offset: Offset(self.u64()?) })
    }

    pub(crate) fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, RowError>,
    ) -> Result<Option<T>, RowError> {
        if self.flag()? { read(self).map(Some) } else { Ok(None) }
    }
}
