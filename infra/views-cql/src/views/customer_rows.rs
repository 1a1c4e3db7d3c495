//! A customer's rows: the ids of its verifications, its face references, and what its tier follows from.

use std::ops::ControlFlow;

use domain::ids::{CustomerRef, EnrolmentId, VerificationId};
use domain::limits::KYC_ROWS_MAX;
use domain::ports::{EnrolmentsPage, EnrolmentsPicker, KycRows, PageRequest, StoreError};
use domain::rows::{EnrolmentRow, ReviewRow, TierEventRow, VoidRow};
use domain::time::Timestamp;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use row_codec::RowBody as _;

use super::read::{broken, key, views};
use super::statements::Statements;
use super::times;
use crate::error::{Kind, failed};
use crate::session::CqlSession;
use crate::statement::Cell;

/// The ids in each customer's list, unless it is longer than `limit`: at most so many requests at once as the
/// session allows.
pub(super) async fn verification_ids(
    session: &CqlSession,
    tables: &Statements,
    customers: &[CustomerRef],
    limit: usize,
) -> Result<Vec<Option<Vec<VerificationId>>>, StoreError> {
    // The first one too many says that there are more.
    let rows_max = Cell::Int(i32::try_from(limit.saturating_add(1)).unwrap_or(i32::MAX));
    let asks: Vec<[Cell; 4]> = customers
        .iter()
        .map(|customer| {
            let [org, id] = key(customer);
            [org, id, Cell::Big(times::END), rows_max.clone()]
        })
        .collect();
    stream::iter(asks)
        .map(|cells| async move {
            let _permit = session.bulk.acquire().await.map_err(|_| failed("load", Kind::Connection))?;
            let ids = ids_of_customer(session, tables, &cells).await?;
            Ok((ids.len() <= limit).then_some(ids))
        })
        .buffered(session.options.concurrency)
        .try_collect()
        .await
}

async fn ids_of_customer(
    session: &CqlSession,
    tables: &Statements,
    cells: &[Cell],
) -> Result<Vec<VerificationId>, StoreError> {
    let mut ids = Vec::new();
    session
        .each::<(String,)>(&tables.newest_of_customer, cells, |(id,)| {
            ids.push(VerificationId::parse(&id).map_err(|_| broken("verification id"))?);
            Ok(ControlFlow::Continue(()))
        })
        .await?;
    Ok(ids)
}

/// A customer's verifications, their reviews, voids and tier changes up to a time, newest first.
pub(super) async fn kyc_rows(
    session: &CqlSession,
    tables: &Statements,
    customer: &CustomerRef,
    as_of: Option<Timestamp>,
) -> Result<KycRows, StoreError> {
    let [org, id] = key(customer);
    let below = Cell::Big(as_of.map_or(times::END, |as_of| as_of.millis().saturating_add(1)));
    let cells = [org, id, below, Cell::Int(KYC_ROWS_MAX as i32)];
    let verifications = async {
        let ids = ids_of_customer(session, tables, &cells).await?;
        let views = views(session, tables, &customer.org, ids).await?;
        Ok::<_, StoreError>(views.into_iter().map(|view| view.row).collect())
    };
    let (verifications, history, reviews, voids) = futures::try_join!(
        verifications,
        tier_events(session, tables, customer, &cells),
        reviews(session, tables, customer, &cells),
        voids(session, tables, customer, &cells)
    )?;
    Ok(KycRows { verifications, history, reviews, voids })
}

/// A page of a customer's face references: one pass over its partition, whose order is that of their ids.
pub(super) async fn enrolments(
    session: &CqlSession,
    tables: &Statements,
    customer: &CustomerRef,
    page: &PageRequest,
) -> Result<EnrolmentsPage, StoreError> {
    let mut picker = EnrolmentsPicker::new(page);
    session
        .each::<(String, Vec<u8>)>(&tables.enrolments, &key(customer), |(id, body)| {
            let id = EnrolmentId::parse(&id).map_err(|_| broken("enrolment id"))?;
            picker.take(EnrolmentRow::read_body((customer.clone(), id), &body)?);
            Ok(ControlFlow::Continue(()))
        })
        .await?;
    Ok(picker.page())
}

async fn tier_events(
    session: &CqlSession,
    tables: &Statements,
    customer: &CustomerRef,
    cells: &[Cell],
) -> Result<Vec<TierEventRow>, StoreError> {
    let mut history = Vec::new();
    session
        .each::<(Vec<u8>,)>(&tables.tier_events, cells, |(body,)| {
            history.push(TierEventRow::read_body(customer.clone(), &body)?);
            Ok(ControlFlow::Continue(()))
        })
        .await?;
    Ok(history)
}

async fn reviews(
    session: &CqlSession,
    tables: &Statements,
    customer: &CustomerRef,
    cells: &[Cell],
) -> Result<Vec<ReviewRow>, StoreError> {
    let mut reviews = Vec::new();
    session
        .each::<(String, Vec<u8>)>(&tables.reviews, cells, |(id, body)| {
            let id = VerificationId::parse(&id).map_err(|_| broken("verification id"))?;
            reviews.push(ReviewRow::read_body((customer.org.clone(), id), &body)?);
            Ok(ControlFlow::Continue(()))
        })
        .await?;
    Ok(reviews)
}

async fn voids(
    session: &CqlSession,
    tables: &Statements,
    customer: &CustomerRef,
    cells: &[Cell],
) -> Result<Vec<VoidRow>, StoreError> {
    let mut voids = Vec::new();
    session
        .each::<(String, Vec<u8>)>(&tables.voids, cells, |(id, body)| {
            let id = VerificationId::parse(&id).map_err(|_| broken("verification id"))?;
            voids.push(VoidRow::read_body((customer.org.clone(), id), &body)?);
            Ok(ControlFlow::Continue(()))
        })
        .await?;
    Ok(voids)
}
