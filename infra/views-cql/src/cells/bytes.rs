//! Writing and reading the parts of a cell: big-endian numbers, length-prefixed bytes, options as a byte.

use bytes::Bytes;
use domain::event::{Fingerprint, Offset, Partition, Source, TopicId};
use domain::ids::NotAnId;
use domain::ports::StoreError;
use domain::time::Timestamp;

/// Writes a cell.
pub(super) struct Out(Vec<u8>);

impl Out {
    pub(super) fn new(version: u8) -> Self {
        let mut bytes = Vec::with_capacity(512);
        bytes.push(version);
        Self(bytes)
    }

    pub(super) fn done(self) -> Bytes {
        self.0.into()
    }

    pub(super) fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    pub(super) fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    pub(super) fn time(&mut self, value: Timestamp) {
        self.0.extend_from_slice(&value.millis().to_be_bytes());
    }

    /// What is kept in one cell is far below 4 GiB: a log record is at most 4 MiB.
    pub(super) fn bytes(&mut self, value: &[u8]) {
        self.u32(value.len() as u32);
        self.0.extend_from_slice(value);
    }

    pub(super) fn text(&mut self, value: &str) {
        self.bytes(value.as_bytes());
    }

    pub(super) fn fingerprint(&mut self, value: &Fingerprint) {
        self.0.extend_from_slice(&value.0);
    }

    pub(super) fn source(&mut self, value: Source) {
        self.0.extend_from_slice(&value.topic_id.0);
        self.u32(value.partition.0);
        self.u64(value.offset.0);
    }

    pub(super) fn topic(&mut self, value: TopicId) {
        self.0.extend_from_slice(&value.0);
    }

    pub(super) fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.u8(u8::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
    }
}

/// Reads a cell.
pub(super) struct In<'a> {
    what: &'static str,
    rest: &'a [u8],
}

impl<'a> In<'a> {
    /// Of that version; another one is a later build's.
    pub(super) fn new(what: &'static str, version: u8, bytes: &'a [u8]) -> Result<Self, StoreError> {
        match bytes.split_first() {
            Some((found, rest)) if *found == version => Ok(Self { what, rest }),
            Some((found, _)) => Err(StoreError::Corrupt(format!(
                "a stored {what} of format {found}, and this build reads {version}"
            ))),
            None => Err(StoreError::Corrupt(format!("a stored {what} of no bytes"))),
        }
    }

    pub(super) fn broken(&self) -> StoreError {
        StoreError::Corrupt(format!("a stored {} that cannot be read", self.what))
    }

    /// Nothing may be left over.
    pub(super) fn done<T>(self, value: T) -> Result<T, StoreError> {
        if self.rest.is_empty() { Ok(value) } else { Err(self.broken()) }
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8], StoreError> {
        let (taken, rest) = self.rest.split_at_checked(n).ok_or_else(|| self.broken())?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| self.broken())
    }

    pub(super) fn u8(&mut self) -> Result<u8, StoreError> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn u32(&mut self) -> Result<u32, StoreError> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64, StoreError> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    pub(super) fn time(&mut self) -> Result<Timestamp, StoreError> {
        Ok(Timestamp::from_millis(i64::from_be_bytes(self.array()?)))
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], StoreError> {
        let length = self.u32()? as usize;
        self.take(length)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, StoreError> {
        let bytes = self.bytes()?;
        std::str::from_utf8(bytes).map_err(|_| self.broken())
    }

    /// An id, or a word that has a meaning.
    pub(super) fn id<T>(&mut self, parse: impl FnOnce(&str) -> Result<T, NotAnId>) -> Result<T, StoreError> {
        let text = self.text()?;
        parse(text).map_err(|_| self.broken())
    }

    pub(super) fn word<T>(&mut self, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, StoreError> {
        let text = self.text()?;
        parse(text).ok_or_else(|| self.broken())
    }

    pub(super) fn fingerprint(&mut self) -> Result<Fingerprint, StoreError> {
        Ok(Fingerprint(self.array()?))
    }

    pub(super) fn topic(&mut self) -> Result<TopicId, StoreError> {
        Ok(TopicId(self.array()?))
    }

    pub(super) fn source(&mut self) -> Result<Source, StoreError> {
        Ok(Source { topic_id: self.topic()?, partition: Partition(self.u32()?), offset: Offset(self.u64()?) })
    }

    pub(super) fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        match self.u8()? {
            0 => Ok(None),
            1 => read(self).map(Some),
            _ => Err(self.broken()),
        }
    }
}
