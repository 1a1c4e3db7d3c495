//! The port of the access index: one row for each record in `identity.audit` that says who was shown personal data of
//! whom, so that a page can list them by customer, by member of staff and by time. The record is the proof; a row only
//! says where it stands, and is written once that is known.

use async_trait::async_trait;

use super::{RowPlace, StoreError};
use crate::event::{PersonalDataPage, PersonalDataViewed, Source};
use crate::ids::{CustomerId, CustomerRef, EventId, OrgId};
use crate::sealed::Field;
use crate::staff::{StaffRole, StaffUserName};
use crate::time::Timestamp;

/// Between names of fields: in none of them.
const SEPARATOR: &str = ",";

/// An access record as the index has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRow {
    /// The record.
    pub event_id: EventId,
    /// Where it stands in `identity.audit`.
    pub source: Source,
    /// Whose data.
    pub customer: CustomerRef,
    /// Who looked.
    pub staff_user: StaffUserName,
    /// As what.
    pub staff_role: StaffRole,
    /// Where.
    pub page: PersonalDataPage,
    /// What was shown, in the record's order.
    pub fields: Vec<Field>,
    /// The record's time.
    pub viewed_at: Timestamp,
}

impl AccessRow {
    /// Of a record that stands there.
    pub fn of(record: &PersonalDataViewed, source: Source) -> Self {
        Self {
            event_id: record.event_id.clone(),
            source,
            customer: record.customer.clone(),
            staff_user: record.staff_user.clone(),
            staff_role: record.staff_role,
            page: record.page,
            fields: record.fields.clone(),
            viewed_at: record.viewed_at,
        }
    }

    /// The names of its fields as one text, for stores.
    pub fn field_names(&self) -> String {
        self.fields.iter().map(|field| field.as_str()).collect::<Vec<_>>().join(SEPARATOR)
    }

    /// The fields of a text that [`AccessRow::field_names`] gave.
    pub fn parse_field_names(text: &str) -> Option<Vec<Field>> {
        text.split(SEPARATOR).filter(|name| !name.is_empty()).map(Field::parse).collect()
    }

    /// Its place in the list: by time, then by where its record stands.
    pub fn place(&self) -> RowPlace {
        RowPlace { created_at: self.viewed_at, partition: self.source.partition, offset: self.source.offset }
    }
}

/// Which rows to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessQuery {
    /// The tenant.
    pub org: OrgId,
    /// Only looks at this customer.
    pub customer: Option<CustomerId>,
    /// Only looks by this account.
    pub staff_user: Option<StaffUserName>,
    /// From here, inclusive.
    pub from: Option<Timestamp>,
    /// To here, exclusive.
    pub to: Option<Timestamp>,
    /// Only rows that come after this place in the list: older ones.
    pub after: Option<RowPlace>,
    /// Rows at most.
    pub limit: usize,
}

impl AccessQuery {
    /// Whether the row is one of those that are asked for, wherever the page ends.
    pub fn matches(&self, row: &AccessRow) -> bool {
        row.customer.org == self.org
            && self.customer.as_ref().is_none_or(|only| row.customer.customer == *only)
            && self.staff_user.as_ref().is_none_or(|only| row.staff_user == *only)
            && self.from.is_none_or(|from| row.viewed_at >= from)
            && self.to.is_none_or(|to| row.viewed_at < to)
            && self.after.is_none_or(|after| row.place() < after)
    }
}

/// A page of the index.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccessPage {
    /// Newest first: by [`AccessRow::place`], descending.
    pub rows: Vec<AccessRow>,
    /// Whether rows follow.
    pub more: bool,
}

/// The access index. It stands beside staff accounts in the key store's database.
#[async_trait]
pub trait AccessIndex: Send + Sync {
    /// Adds the row of a record that was acknowledged. Durable before it returns, and seen by every later page, of any
    /// instance; the same row again comes to the same. After `Unavailable` it may be there, for some queries or for all.
    async fn add_access(&self, row: &AccessRow) -> Result<(), StoreError>;

    /// A page of an org's rows.
    async fn access_page(&self, query: &AccessQuery) -> Result<AccessPage, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Offset, Partition, TopicId};

    #[test]
    fn names_of_fields_come_back_as_they_were() {
        let row = |fields: &[Field]| AccessRow {
            event_id: EventId::from_bytes([1; 16]),
            source: Source { topic_id: TopicId([2; 16]), partition: Partition(3), offset: Offset(4) },
            customer: CustomerRef::new(OrgId::from_bytes([5; 16]), CustomerId::from_bytes([6; 16])),
            staff_user: StaffUserName::parse("ana").expect("a name"),
            staff_role: StaffRole::Analyst,
            page: PersonalDataPage::Customer,
            fields: fields.to_vec(),
            viewed_at: Timestamp::from_millis(7),
        };
        for fields in [&Field::ALL[..], &[Field::Reason], &[]] {
            let text = row(fields).field_names();
            assert_eq!(AccessRow::parse_field_names(&text).as_deref(), Some(fields), "{text}");
        }
        assert_eq!(AccessRow::parse_field_names("full_name,shoe_size"), None, "a later build's");
    }
}
