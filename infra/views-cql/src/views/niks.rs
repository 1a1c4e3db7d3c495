//! Which customers brought which NIK, by tag alone: an erasure finds its rows by the tags that it names.

use bytes::Bytes;
use domain::ids::{CustomerId, OrgId};
use domain::nik::NikTag;
use domain::ports::StoreError;
use domain::rows::{NikErasure, NikHolderRow, WriteTimestamp};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use super::read::broken;
use super::statements::Statements;
use super::write::{Put, Stage};
use crate::error::{Kind, failed};
use crate::limits::PAGE_READS_AT_ONCE;
use crate::session::CqlSession;
use crate::statement::Cell;

fn key(org: &OrgId, tag: NikTag) -> [Cell; 2] {
    [Cell::Org(org.clone()), Cell::Blob(Bytes::copy_from_slice(&tag.0))]
}

pub(super) fn put_holder<'t>(tables: &'t Statements, row: &NikHolderRow, at: WriteTimestamp) -> Put<'t> {
    let [org, tag] = key(&row.customer.org, row.tag);
    let cells = vec![org, tag, Cell::Customer(row.customer.customer.clone()), Cell::Big(at.value())];
    Put { stage: Stage::EventRows, statement: &tables.hold_nik, cells, together: None }
}

pub(super) fn put_erasure<'t>(
    tables: &'t Statements,
    erasure: &NikErasure,
    at: WriteTimestamp,
) -> Vec<Put<'t>> {
    let NikErasure { customer, tags } = erasure;
    let of_tag = |tag: &NikTag| {
        let [org, tag] = key(&customer.org, *tag);
        let cells = vec![Cell::Big(at.value()), org, tag, Cell::Customer(customer.customer.clone())];
        Put { stage: Stage::EventRows, statement: &tables.erase_nik, cells, together: None }
    };
    tags.iter().map(of_tag).collect()
}

/// Who brought each of the NIKs.
pub(super) async fn holders(
    session: &CqlSession,
    tables: &Statements,
    org: &OrgId,
    tags: &[NikTag],
    limit: usize,
) -> Result<Vec<Vec<CustomerId>>, StoreError> {
    let rows_max = Cell::Int(i32::try_from(limit).unwrap_or(i32::MAX));
    let asks: Vec<[Cell; 3]> = tags
        .iter()
        .map(|tag| {
            let [org, tag] = key(org, *tag);
            [org, tag, rows_max.clone()]
        })
        .collect();
    stream::iter(asks)
        .map(|cells| async move {
            let rows = session.rows(&tables.nik_holders, &cells).await?;
            let decode = || failed(tables.nik_holders.name, Kind::Decode);
            let ids = rows.rows::<(String,)>().map_err(|_| decode())?;
            ids.map(|row| {
                let (id,) = row.map_err(|_| decode())?;
                CustomerId::parse(&id).map_err(|_| broken("customer"))
            })
            .collect()
        })
        .buffered(PAGE_READS_AT_ONCE)
        .try_collect()
        .await
}
