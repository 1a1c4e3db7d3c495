//! Records of reads with keys in the access index. A record has a row in the org's list and in its key's, and each of its
//! customers one in theirs. A list lies by day, and which days it has stands in a table of its own: a key that is used
//! without a pause has a row or some each minute, and so has a customer whom somebody asks for again and again.

use domain::event::{PersonalDataRead, Source};
use domain::ids::{ApiKeyId, CustomerId, EventId, OrgId};
use domain::ports::{AccessCustomers, AccessLook, AccessQuery, AccessRow, StoreError};
use domain::rows::Span;
use domain::time::Timestamp;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use super::page::PageRows;
use super::{broken, insert, record_cells, select, written_at};
use crate::limits::{BATCH_PARTITIONS_MAX, READ_BATCHES_AT_ONCE};
use crate::session::{CqlSession, Use};
use crate::statement::{Cell, Statement, source};

/// The list that has all of an org's records. No key and no customer is called so.
const WHOLE_ORG: &str = "";

const DAY_KEY: &str = "org, list, day";

/// A row's columns behind the key of its partition, in the order of [`cells`].
const COLUMNS: &str =
    "viewed_at, log_partition, log_offset, topic_id, event_id, api_key, customers, customer";

type ReadColumns = (i64, i32, i64, Vec<u8>, String, String, i32, Option<String>);

/// The statements of records of reads.
pub(super) struct ReadStatements {
    add_day: Statement,
    add_of_day: Statement,
    days: Statement,
    of_day: Statement,
}

fn day_of(millis: i64) -> i64 {
    Span::Day.start_of(Timestamp::from_millis(millis)).millis()
}

fn cells(row: &AccessRow, key: &ApiKeyId) -> Result<Vec<Cell>, StoreError> {
    let (customers, customer) = match &row.customers {
        AccessCustomers::One(customer) => (1, Cell::Customer(customer.clone())),
        AccessCustomers::Several(count) => (i32::try_from(*count).map_err(|_| broken())?, Cell::Null),
        AccessCustomers::All => return Err(broken()),
    };
    let own = [Cell::Text(key.as_str().to_owned()), Cell::Int(customers), customer];
    Ok(record_cells(row)?.into_iter().chain(own).collect())
}

fn decode(org: &OrgId, columns: ReadColumns) -> Result<AccessRow, StoreError> {
    let (viewed_at, partition, offset, topic, event_id, key, customers, customer) = columns;
    let customers = match customer {
        Some(customer) => AccessCustomers::One(CustomerId::parse(&customer).map_err(|_| broken())?),
        None => AccessCustomers::Several(u32::try_from(customers).map_err(|_| broken())?),
    };
    Ok(AccessRow {
        event_id: EventId::parse(&event_id).map_err(|_| broken())?,
        source: source(&topic, partition, offset)?,
        org: org.clone(),
        customers,
        look: AccessLook::ApiRead { key: ApiKeyId::parse(&key).map_err(|_| broken())? },
        viewed_at: Timestamp::from_millis(viewed_at),
    })
}

impl ReadStatements {
    pub(super) async fn prepare(session: &CqlSession) -> Result<Self, StoreError> {
        let names = session.names();
        let prepare =
            async |name, text: &str| session.prepare(name, &names.fill(text), Use::Idempotent).await;
        let add_day = "INSERT INTO {keys}.read_days (org, list, day) VALUES (?, ?, ?) USING TIMESTAMP ?";
        let days = "SELECT day FROM {keys}.read_days WHERE org = ? AND list = ? AND day >= ? AND day <= ?";
        Ok(Self {
            add_day: prepare("access_add_day", add_day).await?,
            add_of_day: prepare("access_add_reads", &insert("reads_of_day", DAY_KEY, COLUMNS)).await?,
            days: prepare("access_days", days).await?,
            of_day: prepare("access_reads", &select("reads_of_day", DAY_KEY, COLUMNS)).await?,
        })
    }

    /// Adds the record's rows, those of customers first: while a record is in no list of the org's, nobody takes it for
    /// whole.
    pub(super) async fn add(
        &self,
        session: &CqlSession,
        record: &PersonalDataRead,
        source: Source,
    ) -> Result<(), StoreError> {
        let row = AccessRow::of_reads(record, source);
        let mut lists = Vec::with_capacity(record.customers.len());
        for customer in &record.customers {
            let customers = AccessCustomers::One(customer.clone());
            lists.push(self.list(customer.as_str(), &AccessRow { customers, ..row.clone() }, &record.key)?);
        }
        // A list has two rows, in two partitions.
        let batches = lists.chunks(BATCH_PARTITIONS_MAX / 2).map(<[_]>::concat);
        let writes: Vec<_> = batches.map(|rows| self.write(session, rows)).collect();
        stream::iter(writes).buffer_unordered(READ_BATCHES_AT_ONCE).try_collect::<()>().await?;
        let of_key = self.list(record.key.as_str(), &row, &record.key)?;
        let of_org = self.list(WHOLE_ORG, &row, &record.key)?;
        self.write(session, [of_key, of_org].concat()).await
    }

    /// The row in that list, and the day's.
    fn list<'s>(
        &'s self,
        list: &str,
        row: &AccessRow,
        key: &ApiKeyId,
    ) -> Result<Vec<(&'s Statement, Vec<Cell>)>, StoreError> {
        let day = Cell::Big(day_of(row.viewed_at.millis()));
        let place = [Cell::Org(row.org.clone()), Cell::Text(list.to_owned()), day];
        let of_day = place.iter().cloned().chain(cells(row, key)?).chain([written_at(row)]).collect();
        let day = place.into_iter().chain([written_at(row)]).collect();
        Ok(vec![(&self.add_day, day), (&self.add_of_day, of_day)])
    }

    async fn write(
        &self,
        session: &CqlSession,
        rows: Vec<(&Statement, Vec<Cell>)>,
    ) -> Result<(), StoreError> {
        let (statements, values): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        session.batch(&statements, values).await
    }

    /// The rows of reads on the page.
    pub(super) async fn rows(
        &self,
        session: &CqlSession,
        query: &AccessQuery,
    ) -> Result<Vec<AccessRow>, StoreError> {
        let mut page = PageRows::new(session, query);
        if page.is_empty_range() {
            return Ok(Vec::new());
        }
        let list = match (&query.customer, &query.actor) {
            (Some(customer), _) => customer.as_str(),
            (None, Some(actor)) => actor.as_str(),
            (None, None) => WHOLE_ORG,
        };
        let key = || vec![Cell::Org(query.org.clone()), Cell::Text(list.to_owned())];
        // Of a customer's reads those with one key are told row by row.
        let is_filtered = query.customer.is_some() && query.actor.is_some();
        for day in page.spans(&self.days, key(), day_of).await? {
            let missing = page.missing();
            if missing == 0 {
                break;
            }
            let limit = if is_filtered { usize::MAX } else { missing };
            let key = key().into_iter().chain([Cell::Big(day)]).collect();
            page.take(&self.of_day, key, limit, |columns| decode(&query.org, columns)).await?;
        }
        Ok(page.into_rows())
    }
}
