//! The port of the access index: where the records in `identity.audit` stand that say who was shown personal data of whom, so
//! that a page can list them by customer, by whoever looked and by time. The record is the proof; a row only says where it
//! stands, and is written once that is known.

use async_trait::async_trait;

use super::{AccessLook, RowPlace, StoreError};
use crate::event::{ActKind, ComplianceAct, PersonalDataRead, PersonalDataViewed, Source};
use crate::ids::{ApiKeyId, CustomerId, EventId, OrgId};
use crate::signers::SignerName;
use crate::staff::StaffUserName;
use crate::time::Timestamp;

/// Whose data a row is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessCustomers {
    /// This customer's.
    One(CustomerId),
    /// So many customers': a record of reads in a list that is not one customer's.
    Several(u32),
    /// Every customer's of the org: a signer was shown the facts of all.
    All,
}

impl AccessCustomers {
    /// The customer, where it is one.
    pub fn one(&self) -> Option<&CustomerId> {
        match self {
            Self::One(customer) => Some(customer),
            Self::Several(_) | Self::All => None,
        }
    }
}

/// An access record as the index lists it. In a customer's list a row is about that customer alone; in the others each
/// record has one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRow {
    /// The record.
    pub event_id: EventId,
    /// Where it stands in `identity.audit`.
    pub source: Source,
    /// The tenant.
    pub org: OrgId,
    /// Whose data.
    pub customers: AccessCustomers,
    /// Who, as what, and what was seen.
    pub look: AccessLook,
    /// The record's time; of reads with a key the minute's first millisecond.
    pub viewed_at: Timestamp,
}

impl AccessRow {
    /// Of a view in the console whose record stands there.
    pub fn of_view(record: &PersonalDataViewed, source: Source) -> Self {
        Self {
            event_id: record.event_id.clone(),
            source,
            org: record.customer.org.clone(),
            customers: AccessCustomers::One(record.customer.customer.clone()),
            look: AccessLook::ConsoleView {
                user: record.staff_user.clone(),
                role: record.staff_role,
                page: record.page,
                fields: record.fields.clone(),
            },
            viewed_at: record.viewed_at,
        }
    }

    /// Of a record of reads that stands there, in the lists that are not a customer's.
    pub fn of_reads(record: &PersonalDataRead, source: Source) -> Self {
        let customers = match record.customers.as_slice() {
            [only] => AccessCustomers::One(only.clone()),
            all => AccessCustomers::Several(u32::try_from(all.len()).unwrap_or(u32::MAX)),
        };
        Self {
            event_id: record.event_id.clone(),
            source,
            org: record.org.clone(),
            customers,
            look: AccessLook::ApiRead { key: record.key.clone() },
            viewed_at: record.minute,
        }
    }

    /// Of a signer's act that stands there; none where it shows nothing of anybody or was refused.
    pub fn of_act(act: &ComplianceAct, source: Source) -> Option<Self> {
        let customers = match &act.customer {
            _ if act.refusal.is_some() => return None,
            Some(customer) => AccessCustomers::One(customer.customer.clone()),
            None if act.kind == ActKind::ReplayReveal => AccessCustomers::All,
            None => return None,
        };
        Some(Self {
            event_id: act.event_id.clone(),
            source,
            org: act.org.clone(),
            customers,
            look: AccessLook::SignerAct { signer: act.signer.clone(), kind: act.kind },
            viewed_at: act.acted_at,
        })
    }

    /// Its place in the list: by time, then by where its record stands.
    pub fn place(&self) -> RowPlace {
        RowPlace { created_at: self.viewed_at, partition: self.source.partition, offset: self.source.offset }
    }
}

/// Whose looks are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessActor {
    /// A member of staff.
    Staff(StaffUserName),
    /// A key.
    ApiKey(ApiKeyId),
    /// A signer whose name no member of staff can have.
    Signer(SignerName),
}

impl AccessActor {
    /// A user name, a key's public name or a signer's, whichever it can be. The rows of a member of staff and of a signer of
    /// one name are found together: that is one person, as a rule.
    pub fn parse(text: &str) -> Option<Self> {
        let key = ApiKeyId::parse(text).ok().map(Self::ApiKey);
        let staff = || StaffUserName::parse(text).map(Self::Staff);
        key.or_else(staff).or_else(|| SignerName::parse(text).ok().map(Self::Signer))
    }

    /// As rows have it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Staff(user) => user.as_str(),
            Self::ApiKey(key) => key.as_str(),
            Self::Signer(signer) => signer.as_str(),
        }
    }
}

/// Which rows to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessQuery {
    /// The tenant.
    pub org: OrgId,
    /// Only looks at this customer.
    pub customer: Option<CustomerId>,
    /// Only looks by this one.
    pub actor: Option<AccessActor>,
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
    /// Whether the row, of the customer's list where one is asked for, is one of those that are asked for, wherever the page
    /// ends.
    pub fn matches(&self, row: &AccessRow) -> bool {
        row.org == self.org
            && self.customer.as_ref().is_none_or(|only| row.customers.one() == Some(only))
            && self.actor.as_ref().is_none_or(|only| row.look.actor() == only.as_str())
            && self.from.is_none_or(|from| row.viewed_at >= from)
            && self.to.is_none_or(|to| row.viewed_at < to)
            && self.after.is_none_or(|after| row.place() < after)
    }

    /// Whether reads with keys may be among the rows.
    pub fn has_reads(&self) -> bool {
        self.actor.as_ref().is_none_or(|actor| matches!(actor, AccessActor::ApiKey(_)))
    }

    /// Whether views in the console and signers' acts may be among the rows.
    pub fn has_people(&self) -> bool {
        !matches!(self.actor, Some(AccessActor::ApiKey(_)))
    }

    /// The page of those rows, of which there is one more than the page has where there are more.
    pub fn page(&self, mut rows: Vec<AccessRow>) -> AccessPage {
        rows.sort_by_key(|row| std::cmp::Reverse(row.place()));
        let more = rows.len() > self.limit;
        rows.truncate(self.limit);
        AccessPage { rows, more }
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
///
/// What is added is durable before the call returns, and seen by every later page, of any instance; the same again comes to
/// the same. After `Unavailable` it may be there, for some queries or for all.
#[async_trait]
pub trait AccessIndex: Send + Sync {
    /// Adds the row of a view or an act, about one customer or all, whose record was acknowledged.
    async fn add_access(&self, row: &AccessRow) -> Result<(), StoreError>;

    /// Adds a record of reads that was acknowledged: one row to the lists of the org and of the key, and one to the list of
    /// each of its customers.
    async fn add_reads(&self, record: &PersonalDataRead, source: Source) -> Result<(), StoreError>;

    /// A page of an org's rows.
    async fn access_page(&self, query: &AccessQuery) -> Result<AccessPage, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Offset, Partition, TopicId};

    fn read(customers: &[u8]) -> PersonalDataRead {
        PersonalDataRead {
            event_id: EventId::from_bytes([1; 16]),
            org: OrgId::from_bytes([2; 16]),
            key: ApiKeyId::from_bytes([3; 16]),
            minute: Timestamp::from_millis(60_000),
            customers: customers.iter().map(|n| CustomerId::from_bytes([*n; 16])).collect(),
        }
    }

    #[test]
    fn a_record_of_reads_is_one_row_of_its_minute() {
        let source = Source { topic_id: TopicId([2; 16]), partition: Partition(3), offset: Offset(4) };
        let several = AccessRow::of_reads(&read(&[4, 5, 6]), source);
        assert_eq!((&several.customers, several.viewed_at.millis()), (&AccessCustomers::Several(3), 60_000));
        let one = AccessRow::of_reads(&read(&[4]), source);
        assert_eq!(one.customers.one(), Some(&CustomerId::from_bytes([4; 16])));
        assert_eq!(one.look, AccessLook::ApiRead { key: ApiKeyId::from_bytes([3; 16]) });
    }

    #[test]
    fn an_actor_says_which_rows_may_be_its_own() {
        let org = OrgId::from_bytes([2; 16]);
        for (actor, people, reads) in [
            (None, true, true),
            (Some("ana"), true, false),
            (Some("Rina.K"), true, false),
            (Some("key_00000000000000000000000001"), false, true),
        ] {
            let actor = actor.map(|text| AccessActor::parse(text).expect("an actor"));
            let org = org.clone();
            let query =
                AccessQuery { org, customer: None, actor, from: None, to: None, after: None, limit: 1 };
            assert_eq!((query.has_people(), query.has_reads()), (people, reads), "{query:?}");
        }
        assert_eq!(AccessActor::parse("two words"), None);
    }
}
