//! Tables of state rows: customers, tallies, books, positions.

use domain::classify::ReasonCategory;
use domain::event::Partition;
use domain::ids::OrgId;
use domain::policy::Method;
use domain::rows::{BooksKey, BooksRow, CountedStatus, CustomerState, PositionRow, TallyKey, TallyRow};
use row_codec::{RowBody as _, parse_span, span_word};

use super::{StoredRow, Table, TableStatements, statements};
use crate::columns::{ColumnReader, ParameterBinder};
use crate::pool::Failure;

impl StoredRow for CustomerState {
    const TABLE: Table = Table {
        name: "state",
        key: &["org", "customer"],
        rest: &["quarantined", "body"],
        read: &["org", "customer", "body"],
    };

    statements!(CustomerState, of);

    fn put(&self, out: &mut ParameterBinder<'_>) -> Result<(), Failure> {
        out.customer(&self.customer)?;
        out.put(self.quarantine.is_some())?;
        out.put(self.body())
    }

    fn take(columns: &mut ColumnReader<'_>) -> Result<Self, Failure> {
        Ok(Self::read_body(columns.customer()?, columns.blob()?)?)
    }
}

impl StoredRow for TallyRow {
    const TABLE: Table = Table {
        name: "tally",
        key: &["org", "span", "start", "method", "status", "category", "log_partition"],
        rest: &["n", "body"],
        read: &["org", "span", "start", "method", "status", "category", "log_partition", "n", "body"],
    };

    statements!(TallyRow, of);

    fn put(&self, out: &mut ParameterBinder<'_>) -> Result<(), Failure> {
        put_tally_key(&self.key, out)?;
        out.number(self.count)?;
        out.put(self.body())
    }

    fn take(columns: &mut ColumnReader<'_>) -> Result<Self, Failure> {
        let key = TallyKey {
            org: columns.id(OrgId::parse)?,
            span: columns.word(parse_span)?,
            start: columns.time()?,
            method: columns.word(Method::parse)?,
            status: columns.word(CountedStatus::parse)?,
            category: take_category(columns)?,
            partition: Partition(columns.small()?),
        };
        let count = columns.number()?;
        Ok(Self::read_body((key, count), columns.blob()?)?)
    }
}

/// The columns of a tally's key.
pub(in crate::views) fn put_tally_key(key: &TallyKey, out: &mut ParameterBinder<'_>) -> Result<(), Failure> {
    let TallyKey { org, span, start, method, status, category, partition } = key;
    out.put(org.as_str())?;
    out.put(span_word(*span))?;
    out.put(start.millis())?;
    out.put(method.as_str())?;
    out.put(status.as_str())?;
    out.put(category.map_or(NO_CATEGORY, ReasonCategory::as_str))?;
    out.put(partition.0)
}

/// What stands in the place of a category where there is none: a null would make no key.
const NO_CATEGORY: &str = "";

/// A category, or none.
pub(in crate::views) fn take_category(
    columns: &mut ColumnReader<'_>,
) -> Result<Option<ReasonCategory>, Failure> {
    columns.word(|word| match word {
        NO_CATEGORY => Some(None),
        word => ReasonCategory::parse(word).map(Some),
    })
}

impl StoredRow for BooksRow {
    const TABLE: Table = Table {
        name: "books",
        key: &["org", "log_partition"],
        rest: &["body"],
        read: &["org", "log_partition", "body"],
    };

    statements!(BooksRow, of);

    fn put(&self, out: &mut ParameterBinder<'_>) -> Result<(), Failure> {
        let BooksKey { org, partition } = &self.key;
        out.put(org.as_str())?;
        out.put(partition.0)?;
        out.put(self.body())
    }

    fn take(columns: &mut ColumnReader<'_>) -> Result<Self, Failure> {
        let key = BooksKey { org: columns.id(OrgId::parse)?, partition: Partition(columns.small()?) };
        Ok(Self::read_body(key, columns.blob()?)?)
    }
}

impl StoredRow for PositionRow {
    const TABLE: Table = Table {
        name: "position",
        key: &["topic_id", "log_partition"],
        rest: &["body"],
        read: &["topic_id", "log_partition", "body"],
    };

    statements!(PositionRow, of);

    fn put(&self, out: &mut ParameterBinder<'_>) -> Result<(), Failure> {
        out.put(self.topic_id.0.as_slice())?;
        out.put(self.partition.0)?;
        out.put(self.body())
    }

    fn take(columns: &mut ColumnReader<'_>) -> Result<Self, Failure> {
        let key = (columns.topic()?, Partition(columns.small()?));
        Ok(Self::read_body(key, columns.blob()?)?)
    }
}
