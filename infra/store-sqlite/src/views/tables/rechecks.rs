//! Tables of rechecks, of declared failures, and of closings.

use domain::ids::{FallbackId, OrgId, RecheckId};
use domain::rows::{FallbackRow, RecheckClosureRow, RecheckRow};
use row_codec::RowBody as _;

use super::{StoredRow, Table, TableStatements, statements};
use crate::columns::{ColumnReader, ParameterBinder};
use crate::pool::Failure;

impl StoredRow for RecheckRow {
    const TABLE: Table = Table {
        name: "recheck",
        key: &["org", "id"],
        rest: &["customer", "status", "opened_at", "log_partition", "log_offset", "body"],
        read: &["org", "id", "body"],
    };

    statements!(RecheckRow, of);

    fn put(&self, out: &mut ParameterBinder<'_>) -> Result<(), Failure> {
        out.put(self.customer.org.as_str())?;
        out.put(self.id.as_str())?;
        out.put(self.customer.customer.as_str())?;
        out.put(self.status.as_str())?;
        out.put(self.opened_at.millis())?;
        out.put(self.source.partition.0)?;
        out.number(self.source.offset.0)?;
        out.put(self.body())
    }

    fn take(columns: &mut ColumnReader<'_>) -> Result<Self, Failure> {
        let key = (columns.id(OrgId::parse)?, columns.id(RecheckId::parse)?);
        Ok(Self::read_body(key, columns.blob()?)?)
    }
}

impl StoredRow for FallbackRow {
    const TABLE: Table = Table {
        name: "fallback",
        key: &["org", "id"],
        rest: &["customer", "attempted_at", "log_partition", "log_offset", "cause", "opens", "body"],
        read: &["org", "id", "body"],
    };

    statements!(FallbackRow, of);

    fn put(&self, out: &mut ParameterBinder<'_>) -> Result<(), Failure> {
        out.put(self.customer.org.as_str())?;
        out.put(self.id.as_str())?;
        out.put(self.customer.customer.as_str())?;
        out.put(self.attempt.attempted_at.millis())?;
        out.put(self.source.partition.0)?;
        out.number(self.source.offset.0)?;
        out.put(self.attempt.cause.as_str())?;
        out.put(self.recheck.as_ref().filter(|_| self.opened).map(RecheckId::as_str))?;
        out.put(self.body())
    }

    fn take(columns: &mut ColumnReader<'_>) -> Result<Self, Failure> {
        let key = (columns.id(OrgId::parse)?, columns.id(FallbackId::parse)?);
        Ok(Self::read_body(key, columns.blob()?)?)
    }
}

impl StoredRow for RecheckClosureRow {
    const TABLE: Table = Table {
        name: "recheck_closure",
        key: &["org", "id"],
        rest: &["customer", "body"],
        read: &["org", "id", "body"],
    };

    statements!(RecheckClosureRow, of);

    fn put(&self, out: &mut ParameterBinder<'_>) -> Result<(), Failure> {
        out.put(self.customer.org.as_str())?;
        out.put(self.recheck.as_str())?;
        out.put(self.customer.customer.as_str())?;
        out.put(self.body())
    }

    fn take(columns: &mut ColumnReader<'_>) -> Result<Self, Failure> {
        let key = (columns.id(OrgId::parse)?, columns.id(RecheckId::parse)?);
        Ok(Self::read_body(key, columns.blob()?)?)
    }
}
