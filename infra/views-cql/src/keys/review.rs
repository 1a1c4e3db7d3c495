//! The keys of review copies: the ReviewKeys port. A key's row is written by lightweight transactions only. The rows by
//! which it is found are plain, written before it and deleted after it is destroyed; one that is left over finds nothing.

use std::ops::ControlFlow;

use async_trait::async_trait;
use domain::ids::{CustomerId, CustomerRef, OrgId, VerificationId};
use domain::ports::{DataKey, ExpiredReviewKey, ReviewKeyCreated, ReviewKeyRow, ReviewKeys, StoreError};
use domain::time::Timestamp;

use super::CqlKeys;
use crate::session::{CqlSession, Use};
use crate::statement::{Cell, Statement};
use crate::views::init;

const ACTIVE: &str = "active";
const DESTROYED: &str = "destroyed";
const HOUR_MS: i64 = 60 * 60 * 1_000;

/// The only partition of the table of hours.
const ONLY: Cell = Cell::Int(0);

/// All statements of this port.
pub(super) struct ReviewStatements {
    create: Statement,
    settled: Statement,
    destroy: Statement,
    add_of_customer: Statement,
    of_customer: Statement,
    remove_of_customer: Statement,
    add_of_hour: Statement,
    of_hour: Statement,
    remove_of_hour: Statement,
    add_hour: Statement,
    hours: Statement,
    remove_hour: Statement,
}

impl ReviewStatements {
    async fn prepare(session: &CqlSession) -> Result<Self, StoreError> {
        let prepare =
            async |name, text: &str, used| session.prepare(name, &session.names().fill(text), used).await;
        let create = "INSERT INTO {keys}.review_keys (org, verification, customer, state, key_id, version, wrapped, \
                      expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) IF NOT EXISTS";
        let settled = "SELECT customer, state, key_id, version, wrapped, expires_at FROM {keys}.review_keys \
                       WHERE org = ? AND verification = ?";
        let destroy = "UPDATE {keys}.review_keys SET state = 'destroyed', version = null, wrapped = null \
                       WHERE org = ? AND verification = ? IF EXISTS";
        let add_of_customer =
            "INSERT INTO {keys}.review_keys_of_customer (org, customer, verification) VALUES (?, ?, ?)";
        let of_customer =
            "SELECT verification FROM {keys}.review_keys_of_customer WHERE org = ? AND customer = ?";
        let remove_of_customer = "DELETE FROM {keys}.review_keys_of_customer \
                                  WHERE org = ? AND customer = ? AND verification = ?";
        let add_of_hour = "INSERT INTO {keys}.review_keys_of_hour (hour, expires_at, org, verification) \
                           VALUES (?, ?, ?, ?)";
        let of_hour = "SELECT expires_at, org, verification FROM {keys}.review_keys_of_hour \
                       WHERE hour = ? AND expires_at <= ?";
        let remove_of_hour = "DELETE FROM {keys}.review_keys_of_hour \
                              WHERE hour = ? AND expires_at = ? AND org = ? AND verification = ?";
        let add_hour = "INSERT INTO {keys}.review_key_hours (only, hour) VALUES (?, ?)";
        let hours = "SELECT hour FROM {keys}.review_key_hours WHERE only = ? AND hour <= ?";
        let remove_hour = "DELETE FROM {keys}.review_key_hours WHERE only = ? AND hour = ?";
        Ok(Self {
            create: prepare("review_create", create, Use::Conditional).await?,
            settled: prepare("review_settled", settled, Use::SerialRead).await?,
            destroy: prepare("review_destroy", destroy, Use::Conditional).await?,
            add_of_customer: prepare("review_add_of_customer", add_of_customer, Use::Idempotent).await?,
            of_customer: prepare("review_of_customer", of_customer, Use::Idempotent).await?,
            remove_of_customer: prepare("review_remove_of_customer", remove_of_customer, Use::Idempotent)
                .await?,
            add_of_hour: prepare("review_add_of_hour", add_of_hour, Use::Idempotent).await?,
            of_hour: prepare("review_of_hour", of_hour, Use::Idempotent).await?,
            remove_of_hour: prepare("review_remove_of_hour", remove_of_hour, Use::Idempotent).await?,
            add_hour: prepare("review_add_hour", add_hour, Use::Idempotent).await?,
            hours: prepare("review_hours", hours, Use::Idempotent).await?,
            remove_hour: prepare("review_remove_hour", remove_hour, Use::Idempotent).await?,
        })
    }
}

type ReviewCells = (String, String, String, Option<i64>, Option<Vec<u8>>, i64);

fn decode(
    org: &OrgId,
    verification: &VerificationId,
    cells: ReviewCells,
) -> Result<ReviewKeyRow, StoreError> {
    let (customer, state, key_id, version, wrapped, expires_at) = cells;
    let key = match (state.as_str(), version, wrapped) {
        (ACTIVE, Some(version), Some(wrapped)) => DataKey::Active {
            key_id,
            kms_version: u32::try_from(version).map_err(|_| broken())?,
            wrapped: wrapped.into(),
        },
        (DESTROYED, _, _) => DataKey::Destroyed { key_id },
        _ => return Err(broken()),
    };
    let customer = CustomerId::parse(&customer).map_err(|_| broken())?;
    Ok(ReviewKeyRow {
        customer: CustomerRef::new(org.clone(), customer),
        verification: verification.clone(),
        key,
        expires_at: Timestamp::from_millis(expires_at),
    })
}

fn broken() -> StoreError {
    StoreError::Corrupt("a review key that cannot be one".to_owned())
}

fn place(org: &OrgId, verification: &VerificationId) -> [Cell; 2] {
    [Cell::Org(org.clone()), Cell::Verification(verification.clone())]
}

fn of_customer(customer: &CustomerRef) -> [Cell; 2] {
    [Cell::Org(customer.org.clone()), Cell::Customer(customer.customer.clone())]
}

fn hour_of(time: Timestamp) -> i64 {
    time.millis().div_euclid(HOUR_MS)
}

/// Where a key stands in the table by hour.
fn of_hour(row: &ReviewKeyRow) -> [Cell; 4] {
    let [org, verification] = place(&row.customer.org, &row.verification);
    [Cell::Big(hour_of(row.expires_at)), Cell::time(row.expires_at), org, verification]
}

/// The key, then the columns.
fn cells(row: &ReviewKeyRow) -> Vec<Cell> {
    let [org, verification] = place(&row.customer.org, &row.verification);
    let customer = Cell::Customer(row.customer.customer.clone());
    let mut cells = vec![org, verification, customer];
    cells.extend(match &row.key {
        DataKey::Active { key_id, kms_version, wrapped } => [
            Cell::Word(ACTIVE),
            Cell::Text(key_id.clone()),
            Cell::Big(i64::from(*kms_version)),
            Cell::Blob(wrapped.clone()),
        ],
        DataKey::Destroyed { key_id } => {
            [Cell::Word(DESTROYED), Cell::Text(key_id.clone()), Cell::Null, Cell::Null]
        }
    });
    cells.push(Cell::time(row.expires_at));
    cells
}

impl CqlKeys {
    async fn reviews(&self) -> Result<&ReviewStatements, StoreError> {
        init(&self.review_statements, Box::pin(ReviewStatements::prepare(&self.session))).await
    }

    /// The verifications that are found by that customer, whatever became of their keys.
    async fn reviews_of(&self, customer: &CustomerRef) -> Result<Vec<VerificationId>, StoreError> {
        let mut found = Vec::new();
        let statement = &self.reviews().await?.of_customer;
        self.session
            .each::<(String,)>(statement, &of_customer(customer), |(verification,)| {
                found.push(VerificationId::parse(&verification).map_err(|_| broken())?);
                Ok(ControlFlow::Continue(()))
            })
            .await?;
        Ok(found)
    }

    /// Destroys the key, then forgets where it is found. Whether it was still there; none where there is no row.
    async fn destroy_review(
        &self,
        org: &OrgId,
        verification: &VerificationId,
    ) -> Result<Option<bool>, StoreError> {
        let statements = self.reviews().await?;
        let Some(row) = self.review_key(org, verification).await? else { return Ok(None) };
        let was_active = matches!(row.key, DataKey::Active { .. });
        if was_active {
            self.session.decide(&statements.destroy, &place(org, verification)).await?;
        }
        let [org, customer] = of_customer(&row.customer);
        let found_by = [org, customer, Cell::Verification(verification.clone())];
        self.session.run(&statements.remove_of_customer, &found_by).await?;
        self.session.run(&statements.remove_of_hour, &of_hour(&row)).await?;
        Ok(Some(was_active))
    }

    /// So many at most of an hour's keys that are to be destroyed; what else is found there is forgotten. None where the
    /// hour has nothing of before that time.
    async fn expired_of_hour(
        &self,
        hour: i64,
        by: Timestamp,
        limit: usize,
    ) -> Result<Option<Vec<ExpiredReviewKey>>, StoreError> {
        let statements = self.reviews().await?;
        let mut found = Vec::new();
        let cells = [Cell::Big(hour), Cell::time(by)];
        self.session
            .each::<(i64, String, String)>(&statements.of_hour, &cells, |(expires_at, org, verification)| {
                if found.len() >= limit {
                    return Ok(ControlFlow::Break(()));
                }
                let org = OrgId::parse(&org).map_err(|_| broken())?;
                let verification = VerificationId::parse(&verification).map_err(|_| broken())?;
                found.push((expires_at, ExpiredReviewKey { org, verification }));
                Ok(ControlFlow::Continue(()))
            })
            .await?;
        if found.is_empty() {
            return Ok(None);
        }
        let mut expired = Vec::with_capacity(found.len());
        for (expires_at, key) in found {
            match self.review_key(&key.org, &key.verification).await? {
                Some(row) if matches!(row.key, DataKey::Active { .. }) => expired.push(key),
                // Left over by a try that broke off.
                Some(_) | None => {
                    let [org, verification] = place(&key.org, &key.verification);
                    let left_over = [Cell::Big(hour), Cell::Big(expires_at), org, verification];
                    self.session.run(&statements.remove_of_hour, &left_over).await?;
                }
            }
        }
        Ok(Some(expired))
    }
}

#[async_trait]
impl ReviewKeys for CqlKeys {
    async fn create_review_key(&self, row: ReviewKeyRow) -> Result<ReviewKeyCreated, StoreError> {
        let statements = self.reviews().await?;
        // First, so that a key that stands is found by its customer and by its end.
        let [org, customer] = of_customer(&row.customer);
        let found_by = [org, customer, Cell::Verification(row.verification.clone())];
        self.session.run(&statements.add_of_customer, &found_by).await?;
        self.session.run(&statements.add_hour, &[ONLY, Cell::Big(hour_of(row.expires_at))]).await?;
        self.session.run(&statements.add_of_hour, &of_hour(&row)).await?;
        if self.session.decide(&statements.create, &cells(&row)).await?.applied {
            return Ok(ReviewKeyCreated::New);
        }
        // Keys' rows are never deleted, and wrapped keys are random: one that equals ours is ours, of an earlier try.
        let Some(there) = self.review_key(&row.customer.org, &row.verification).await? else {
            return Err(StoreError::Unavailable("review_create: the row could not be read back".to_owned()));
        };
        if there == row {
            return Ok(ReviewKeyCreated::New);
        }
        if there.expires_at != row.expires_at {
            self.session.run(&statements.remove_of_hour, &of_hour(&row)).await?;
        }
        Ok(ReviewKeyCreated::Existing(Box::new(there)))
    }

    async fn review_key(
        &self,
        org: &OrgId,
        verification: &VerificationId,
    ) -> Result<Option<ReviewKeyRow>, StoreError> {
        let statement = &self.reviews().await?.settled;
        let row = self.session.first::<ReviewCells>(statement, &place(org, verification)).await?;
        row.map(|cells| decode(org, verification, cells)).transpose()
    }

    async fn destroy_review_key(
        &self,
        org: &OrgId,
        verification: &VerificationId,
    ) -> Result<bool, StoreError> {
        Ok(self.destroy_review(org, verification).await?.is_some())
    }

    async fn expired_review_keys(
        &self,
        by: Timestamp,
        limit: usize,
    ) -> Result<Vec<ExpiredReviewKey>, StoreError> {
        let statements = self.reviews().await?;
        let mut hours = Vec::new();
        self.session
            .each::<(i64,)>(&statements.hours, &[ONLY, Cell::Big(hour_of(by))], |(hour,)| {
                hours.push(hour);
                Ok(ControlFlow::Continue(()))
            })
            .await?;
        let mut expired = Vec::new();
        for hour in hours {
            match self.expired_of_hour(hour, by, limit - expired.len()).await? {
                Some(found) => expired.extend(found),
                // An hour that is over gets no key any more: a key's end is days away when it is made.
                None if hour < hour_of(by) => {
                    self.session.run(&statements.remove_hour, &[ONLY, Cell::Big(hour)]).await?;
                }
                None => {}
            }
            if expired.len() >= limit {
                break;
            }
        }
        Ok(expired)
    }

    async fn destroy_review_keys_of(&self, customer: &CustomerRef) -> Result<u64, StoreError> {
        let mut destroyed = 0;
        for verification in self.reviews_of(customer).await? {
            let was_active = self.destroy_review(&customer.org, &verification).await?;
            destroyed += u64::from(was_active == Some(true));
        }
        Ok(destroyed)
    }
}
