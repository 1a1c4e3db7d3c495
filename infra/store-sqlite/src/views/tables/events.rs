//! Tables of event rows: verifications, enrolments, references, reviews, voids, tier changes, signals, notes.

use domain::classify::ReasonCategory;
use domain::ids::{CustomerId, CustomerRef, EnrolmentId, OrgId, VerificationId};
use domain::outcome::UnappliedCause;
use domain::rows::{
    EnrolmentRow, EventNote, ReferenceRow, ReviewRow, SignalRow, TierEventRow, VerificationRow, VoidRow,
};
use row_codec::RowBody as _;

use super::{StoredRow, Table, TableStatements, statements};
use crate::columns::{ColumnReader, ParameterBinder};
use crate::pool::Failure;

impl StoredRow for VerificationRow {
    const TABLE: Table = Table {
        name: "verification",
        key: &["org", "id"],
        rest: &[
            "customer",
            "log_partition",
            "log_offset",
            "method",
            "status",
            "reason_category",
            "created_at",
            "body",
        ],
        read: &["org", "id", "body"],
    };

    statements!(VerificationRow, of);

    fn put(&self, out: &mut ParameterBinder<'_>) -> Result<(), Failure> {
        out.put(self.customer.org.as_str())?;
        out.put(self.id.as_str())?;
        out.put(self.customer.customer.as_str())?;
        out.put(self.source.partition.0)?;
        out.number(self.source.offset.0)?;
        out.put(self.method.as_str())?;
        out.put(self.status.as_str())?;
        out.put(self.reason_category.map(ReasonCategory::as_str))?;
        out.put(self.created_at.millis())?;
        out.put(self.body())
    }

    fn take(columns: &mut ColumnReader<'_>) -> Result<Self, Failure> {
        let key = (columns.id(OrgId::parse)?, columns.id(VerificationId::parse)?);
        Ok(Self::read_body(key, columns.blob()?)?)
    }
}

impl StoredRow for EnrolmentRow {
    const TABLE: Table = Table {
        name: "enrolment",
        key: &["org", "customer", "id"],
        rest: &["body"],
        read: &["org", "customer", "id", "body"],
    };

    statements!(EnrolmentRow, erasable);

    fn put(&self, out: &mut ParameterBinder<'_>) -> Result<(), Failure> {
        out.customer(&self.customer)?;
        out.put(self.id.as_str())?;
        out.put(self.body())
    }

    fn take(columns: &mut ColumnReader<'_>) -> Result<Self, Failure> {
        let key = (columns.customer()?, columns.id(EnrolmentId::parse)?);
        Ok(Self::read_body(key, columns.blob()?)?)
    }
}

impl StoredRow for ReferenceRow {
    const TABLE: Table = Table {
        name: "face_reference",
        key: &["org", "customer", "id"],
        rest: &["body"],
        read: &["org", "customer", "id", "body"],
    };

    statements!(ReferenceRow, of);

    fn put(&self, out: &mut ParameterBinder<'_>) -> Result<(), Failure> {
        out.customer(&self.customer)?;
        out.put(self.id.as_str())?;
        out.put(self.body())
    }

    fn take(columns: &mut ColumnReader<'_>) -> Result<Self, Failure> {
        let key = (columns.customer()?, columns.id(EnrolmentId::parse)?);
        Ok(Self::read_body(key, columns.blob()?)?)
    }
}

/// Beside the key and the body it has what a customer's newest are found by, and what its verification is marked with.
impl StoredRow for ReviewRow {
    const TABLE: Table = Table {
        name: "review",
        key: &["org", "id"],
        rest: &["customer", "log_partition", "log_offset", "to_status", "created_at", "body"],
        read: &["org", "id", "body"],
    };

    statements!(ReviewRow, of);

    fn put(&self, out: &mut ParameterBinder<'_>) -> Result<(), Failure> {
        out.put(self.customer.org.as_str())?;
        out.put(self.verification_id.as_str())?;
        out.put(self.customer.customer.as_str())?;
        out.put(self.source.partition.0)?;
        out.number(self.source.offset.0)?;
        out.put(self.state().as_str())?;
        out.put(self.created_at.millis())?;
        out.put(self.body())
    }

    fn take(columns: &mut ColumnReader<'_>) -> Result<Self, Failure> {
        let key = (columns.id(OrgId::parse)?, columns.id(VerificationId::parse)?);
        Ok(Self::read_body(key, columns.blob()?)?)
    }
}

/// Beside the key and the body it has what a customer's newest are found by.
impl StoredRow for VoidRow {
    const TABLE: Table = Table {
        name: "voided",
        key: &["org", "id"],
        rest: &["customer", "log_partition", "log_offset", "created_at", "body"],
        read: &["org", "id", "body"],
    };

    statements!(VoidRow, of);

    fn put(&self, out: &mut ParameterBinder<'_>) -> Result<(), Failure> {
        out.put(self.customer.org.as_str())?;
        out.put(self.verification_id.as_str())?;
        out.put(self.customer.customer.as_str())?;
        out.put(self.source.partition.0)?;
        out.number(self.source.offset.0)?;
        out.put(self.created_at.millis())?;
        out.put(self.body())
    }

    fn take(columns: &mut ColumnReader<'_>) -> Result<Self, Failure> {
        let key = (columns.id(OrgId::parse)?, columns.id(VerificationId::parse)?);
        Ok(Self::read_body(key, columns.blob()?)?)
    }
}

impl StoredRow for TierEventRow {
    const TABLE: Table = Table {
        name: "tier_event",
        key: &["org", "customer", "id"],
        rest: &["log_partition", "log_offset", "created_at", "body"],
        read: &["org", "customer", "body"],
    };

    statements!(TierEventRow, of);

    fn put(&self, out: &mut ParameterBinder<'_>) -> Result<(), Failure> {
        out.customer(&self.customer)?;
        out.put(self.id.as_str())?;
        out.put(self.source.partition.0)?;
        out.number(self.source.offset.0)?;
        out.put(self.created_at.millis())?;
        out.put(self.body())
    }

    fn take(columns: &mut ColumnReader<'_>) -> Result<Self, Failure> {
        Ok(Self::read_body(columns.customer()?, columns.blob()?)?)
    }
}

/// All of a signal is its key or in an index: it has no body.
impl StoredRow for SignalRow {
    const TABLE: Table = Table {
        name: "signal",
        key: &["org", "verification_id", "topic_id", "log_partition", "log_offset", "kind"],
        rest: &["customer", "created_at"],
        read: &[
            "org",
            "verification_id",
            "topic_id",
            "log_partition",
            "log_offset",
            "kind",
            "customer",
            "created_at",
        ],
    };

    statements!(SignalRow, of);

    fn put(&self, out: &mut ParameterBinder<'_>) -> Result<(), Failure> {
        let Self { verification_id, customer: CustomerRef { org, customer }, source, kind, created_at } =
            self;
        out.put(org.as_str())?;
        out.put(verification_id.as_str())?;
        out.source(source)?;
        out.put(kind.as_str())?;
        out.put(customer.as_str())?;
        out.put(created_at.millis())
    }

    fn take(columns: &mut ColumnReader<'_>) -> Result<Self, Failure> {
        let org = columns.id(OrgId::parse)?;
        let verification_id = columns.id(VerificationId::parse)?;
        let source = columns.source()?;
        let kind = columns.text()?.to_owned();
        let customer = CustomerRef::new(org, columns.id(CustomerId::parse)?);
        Ok(Self { verification_id, customer, source, kind, created_at: columns.time()? })
    }
}

impl StoredRow for EventNote {
    const TABLE: Table = Table {
        name: "note",
        key: &["org", "customer", "topic_id", "log_partition", "log_offset"],
        rest: &["waits", "body"],
        read: &["org", "customer", "body"],
    };

    statements!(EventNote, of);

    fn put(&self, out: &mut ParameterBinder<'_>) -> Result<(), Failure> {
        let waits = matches!(self.unapplied(), Some(UnappliedCause::Parked | UnappliedCause::DeadLettered));
        out.customer(&self.customer)?;
        out.source(&self.source)?;
        out.put(waits)?;
        out.put(self.body())
    }

    fn take(columns: &mut ColumnReader<'_>) -> Result<Self, Failure> {
        Ok(Self::read_body(columns.customer()?, columns.blob()?)?)
    }
}
