//! Values of the domain to and from columns, one after the other: a row's columns are put in the order in
//! which they are taken. No table and no statement is named here; a row's body is the row codec's.

use domain::event::{Offset, Partition, Source, TopicId};
use domain::ids::{CustomerId, CustomerRef, NotAnId, OrgId};
use domain::time::Timestamp;
use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Row, ToSql};

use crate::pool::Failure;

/// Binds a statement's parameters from the first on.
pub(crate) struct ParameterBinder<'c> {
    statement: CachedStatement<'c>,
    next: usize,
}

impl<'c> ParameterBinder<'c> {
    pub(crate) fn new(statement: CachedStatement<'c>) -> Self {
        Self { statement, next: 1 }
    }

    pub(crate) fn put(&mut self, value: impl ToSql) -> Result<(), Failure> {
        self.statement.raw_bind_parameter(self.next, value)?;
        self.next += 1;
        Ok(())
    }

    pub(crate) fn number(&mut self, value: u64) -> Result<(), Failure> {
        self.put(i64::try_from(value).map_err(|_| Failure::Stored("a number above 2^63"))?)
    }

    pub(crate) fn customer(&mut self, customer: &CustomerRef) -> Result<(), Failure> {
        self.put(customer.org.as_str())?;
        self.put(customer.customer.as_str())
    }

    pub(crate) fn source(&mut self, source: &Source) -> Result<(), Failure> {
        self.put(source.topic_id.0.as_slice())?;
        self.put(source.partition.0)?;
        self.number(source.offset.0)
    }

    pub(crate) fn execute(mut self) -> Result<(), Failure> {
        self.statement.raw_execute()?;
        Ok(())
    }

    /// The first row, if there is one.
    pub(crate) fn first<T>(
        mut self,
        take: impl FnOnce(&mut ColumnReader<'_>) -> Result<T, Failure>,
    ) -> Result<Option<T>, Failure> {
        match self.statement.raw_query().next()? {
            Some(row) => take(&mut ColumnReader::new(row)).map(Some),
            None => Ok(None),
        }
    }

    /// Every row; statements that may have many bound them with a LIMIT.
    pub(crate) fn all<T>(
        mut self,
        mut take: impl FnMut(&mut ColumnReader<'_>) -> Result<T, Failure>,
    ) -> Result<Vec<T>, Failure> {
        let mut rows = self.statement.raw_query();
        let mut taken = Vec::new();
        while let Some(row) = rows.next()? {
            taken.push(take(&mut ColumnReader::new(row))?);
        }
        Ok(taken)
    }
}

/// Takes a row's columns from the first on.
pub(crate) struct ColumnReader<'r> {
    row: &'r Row<'r>,
    next: usize,
}

impl<'r> ColumnReader<'r> {
    fn new(row: &'r Row<'r>) -> Self {
        Self { row, next: 0 }
    }

    fn value(&mut self) -> Result<ValueRef<'r>, Failure> {
        let value = self.row.get_ref(self.next)?;
        self.next += 1;
        Ok(value)
    }

    pub(crate) fn maybe_int(&mut self) -> Result<Option<i64>, Failure> {
        match self.value()? {
            ValueRef::Null => Ok(None),
            ValueRef::Integer(value) => Ok(Some(value)),
            _ => Err(Failure::Stored("not an integer")),
        }
    }

    pub(crate) fn int(&mut self) -> Result<i64, Failure> {
        self.maybe_int()?.ok_or(Failure::Stored("an integer is missing"))
    }

    pub(crate) fn maybe_text(&mut self) -> Result<Option<&'r str>, Failure> {
        match self.value()? {
            ValueRef::Null => Ok(None),
            ValueRef::Text(value) => {
                std::str::from_utf8(value).map(Some).map_err(|_| Failure::Stored("not UTF-8"))
            }
            _ => Err(Failure::Stored("not a text")),
        }
    }

    pub(crate) fn text(&mut self) -> Result<&'r str, Failure> {
        self.maybe_text()?.ok_or(Failure::Stored("a text is missing"))
    }

    pub(crate) fn maybe_blob(&mut self) -> Result<Option<&'r [u8]>, Failure> {
        match self.value()? {
            ValueRef::Null => Ok(None),
            ValueRef::Blob(value) => Ok(Some(value)),
            _ => Err(Failure::Stored("not a blob")),
        }
    }

    pub(crate) fn blob(&mut self) -> Result<&'r [u8], Failure> {
        self.maybe_blob()?.ok_or(Failure::Stored("a blob is missing"))
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Failure> {
        self.blob()?.try_into().map_err(|_| Failure::Stored("a blob of another length"))
    }

    pub(crate) fn maybe_bytes<const N: usize>(&mut self) -> Result<Option<[u8; N]>, Failure> {
        let blob = self.maybe_blob()?;
        blob.map(TryInto::try_into).transpose().map_err(|_| Failure::Stored("a blob of another length"))
    }

    pub(crate) fn maybe_small(&mut self) -> Result<Option<u32>, Failure> {
        let number = self.maybe_int()?;
        number.map(TryInto::try_into).transpose().map_err(|_| Failure::Stored("a number out of range"))
    }

    pub(crate) fn number(&mut self) -> Result<u64, Failure> {
        u64::try_from(self.int()?).map_err(|_| Failure::Stored("a negative number"))
    }

    pub(crate) fn small(&mut self) -> Result<u32, Failure> {
        u32::try_from(self.int()?).map_err(|_| Failure::Stored("a number out of range"))
    }

    pub(crate) fn bits(&mut self) -> Result<u8, Failure> {
        u8::try_from(self.int()?).map_err(|_| Failure::Stored("bits out of range"))
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp, Failure> {
        self.int().map(Timestamp::from_millis)
    }

    pub(crate) fn id<T>(&mut self, parse: impl FnOnce(&str) -> Result<T, NotAnId>) -> Result<T, Failure> {
        parse(self.text()?).map_err(|_| Failure::Stored("not an id"))
    }

    pub(crate) fn word<T>(&mut self, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, Failure> {
        parse(self.text()?).ok_or(Failure::Stored("a word this build does not know"))
    }

    pub(crate) fn customer(&mut self) -> Result<CustomerRef, Failure> {
        Ok(CustomerRef::new(self.id(OrgId::parse)?, self.id(CustomerId::parse)?))
    }

    pub(crate) fn topic(&mut self) -> Result<TopicId, Failure> {
        self.bytes().map(TopicId)
    }

    pub(crate) fn source(&mut self) -> Result<Source, Failure> {
        let topic_id = self.topic()?;
        Ok(Source { topic_id, partition: Partition(self.small()?), offset: Offset(self.number()?) })
    }
}
