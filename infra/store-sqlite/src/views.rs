//! The read model on SQLite: the Projection and Views ports; beneath, in `generations` and `inspect`, the
//! operator's two. Not the log, not the keys.

mod attempts;
mod batch_thread;
mod generations;
mod inspect;
mod limits;
#[cfg(test)]
mod migration_tests;
mod read;
mod rechecks;
mod series;
mod tables;
#[cfg(test)]
mod tests;
mod write;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use domain::event::{Offset, TopicId};
use domain::ids::{CustomerRef, FallbackId, OrgId, RecheckId, VerificationId};
use domain::ports::{
    AttemptsPage, AttemptsQuery, EnrolmentsPage, KycRows, PageRequest, Projection, RecheckSummary, Rechecks,
    RechecksPage, RechecksQuery, SeriesQuery, StoreError, VerificationCounts, VerificationSeries,
    VerificationView, Views,
};
use domain::recheck::OutageFailure;
use domain::rows::{
    BooksRow, CustomerState, EnrolmentRow, Epoch, EventNote, FallbackRow, Generation, RecheckRow, RowKey,
    ViewRow, ViewWrite,
};
use domain::time::Timestamp;

use self::batch_thread::BatchThread;
use crate::migrate::{self, Durability};
use crate::pool::Pool;
use crate::{OlderFormat, SqliteOpenError};

/// Format 1 upwards; a released one never changes.
const MIGRATIONS: &[&str] = &[
    include_str!("views/schema.sql"),
    include_str!("views/generations.sql"),
    include_str!("installation.sql"),
    include_str!("views/held.sql"),
    include_str!("views/bodies.sql"),
    include_str!("views/references.sql"),
    include_str!("views/categories.sql"),
    include_str!("views/reviews.sql"),
    include_str!("views/rechecks.sql"),
];

/// The read model of the embedded engine: one file, every generation in it.
///
/// A call of [`Projection::write`] or [`Projection::write_in_order`] is in one transaction, together with others
/// that come at the same moment. Commits are not fsynced one by one: a power cut may
/// lose the latest, in order, and with them the position that would have skipped their events.
pub struct SqliteViews {
    // First, so that its thread has ended when the pool closes the file.
    batches: BatchThread,
    pool: Pool,
}

impl SqliteViews {
    /// The file in the store's folder.
    pub const FILE: &str = "views.sqlite";

    /// Opens or makes the read model in that folder, which must exist, and brings an older one up.
    ///
    /// # Errors
    /// As for [`SqliteViews::open_with`].
    pub fn open(folder: &Path) -> Result<Arc<Self>, SqliteOpenError> {
        Self::open_with(folder, OlderFormat::Migrate)
    }

    /// The same, with a choice what becomes of an older one.
    ///
    /// # Errors
    /// [`SqliteOpenError`] when the file cannot be opened, is another program's, was written by a newer build, or by an
    /// older one and may not be brought up.
    pub fn open_with(folder: &Path, older: OlderFormat) -> Result<Arc<Self>, SqliteOpenError> {
        let path = folder.join(Self::FILE);
        let writer = migrate::open(&path, "views", MIGRATIONS, Durability::Normal, older)?;
        writer.wal_hook(Some(batch_thread::after_commit));
        let pool = Pool::new(writer, &path, limits::CACHE_KIB)?;
        let batches = BatchThread::start(pool.writer(), &path)?;
        Ok(Arc::new(Self { batches, pool }))
    }
}

#[async_trait]
impl Projection for SqliteViews {
    async fn claim_epoch(&self, topic_id: TopicId) -> Result<Epoch, StoreError> {
        self.pool.write(move |transaction| write::claim_epoch(transaction, topic_id)).await
    }

    async fn load(
        &self,
        generation: Generation,
        keys: &[RowKey],
    ) -> Result<Vec<Option<ViewRow>>, StoreError> {
        self.batches.load(generation, keys.to_vec()).await
    }

    async fn verification_ids(
        &self,
        generation: Generation,
        customers: &[CustomerRef],
        limit: usize,
    ) -> Result<Vec<Option<Vec<VerificationId>>>, StoreError> {
        self.batches.verification_ids(generation, customers.to_vec(), limit).await
    }

    async fn waiting(
        &self,
        generation: Generation,
        customer: &CustomerRef,
        from: Offset,
        limit: usize,
    ) -> Result<Vec<EventNote>, StoreError> {
        let customer = customer.clone();
        self.pool
            .read(move |transaction| read::waiting(transaction, generation, &customer, from, limit))
            .await
    }

    async fn write(&self, generation: Generation, writes: Vec<ViewWrite>) -> Result<(), StoreError> {
        if writes.is_empty() {
            return Ok(());
        }
        self.batches.write(generation, vec![writes]).await
    }

    async fn write_in_order(
        &self,
        generation: Generation,
        stages: Vec<Vec<ViewWrite>>,
    ) -> Result<(), StoreError> {
        if stages.iter().all(Vec::is_empty) {
            return Ok(());
        }
        self.batches.write(generation, stages).await
    }

    async fn books(&self, generation: Generation) -> Result<Vec<BooksRow>, StoreError> {
        self.pool.read(move |transaction| read::books(transaction, generation)).await
    }
}

#[async_trait]
impl Views for SqliteViews {
    async fn customer(
        &self,
        generation: Generation,
        customer: &CustomerRef,
    ) -> Result<Option<CustomerState>, StoreError> {
        let customer = customer.clone();
        self.pool.read(move |transaction| read::customer(transaction, generation, &customer)).await
    }

    async fn verification(
        &self,
        generation: Generation,
        org: &OrgId,
        id: &VerificationId,
    ) -> Result<Option<(VerificationView, Option<EnrolmentRow>)>, StoreError> {
        let (org, id) = (org.clone(), id.clone());
        self.pool.read(move |transaction| read::verification(transaction, generation, &org, &id)).await
    }

    async fn attempts(
        &self,
        generation: Generation,
        query: &AttemptsQuery,
    ) -> Result<AttemptsPage, StoreError> {
        let query = query.clone();
        self.pool.read(move |transaction| attempts::page(transaction, generation, &query)).await
    }

    async fn kyc_rows(
        &self,
        generation: Generation,
        customer: &CustomerRef,
        as_of: Option<Timestamp>,
    ) -> Result<KycRows, StoreError> {
        let customer = customer.clone();
        self.pool.read(move |transaction| read::kyc_rows(transaction, generation, &customer, as_of)).await
    }

    async fn enrolments(
        &self,
        generation: Generation,
        customer: &CustomerRef,
        page: &PageRequest,
    ) -> Result<EnrolmentsPage, StoreError> {
        let (customer, page) = (customer.clone(), page.clone());
        self.pool.read(move |transaction| read::enrolments(transaction, generation, &customer, &page)).await
    }

    async fn generation(&self) -> Result<Generation, StoreError> {
        self.pool.read(read::generation).await
    }
}

#[async_trait]
impl VerificationCounts for SqliteViews {
    async fn series(
        &self,
        generation: Generation,
        query: &SeriesQuery,
    ) -> Result<VerificationSeries, StoreError> {
        let query = query.clone();
        self.pool.read(move |transaction| series::of(transaction, generation, &query)).await
    }
}

#[async_trait]
impl Rechecks for SqliteViews {
    async fn recheck(
        &self,
        generation: Generation,
        org: &OrgId,
        id: &RecheckId,
    ) -> Result<Option<RecheckRow>, StoreError> {
        let (org, id) = (org.clone(), id.clone());
        self.pool.read(move |transaction| rechecks::recheck(transaction, generation, &org, &id)).await
    }

    async fn fallback(
        &self,
        generation: Generation,
        org: &OrgId,
        id: &FallbackId,
    ) -> Result<Option<FallbackRow>, StoreError> {
        let (org, id) = (org.clone(), id.clone());
        self.pool.read(move |transaction| rechecks::fallback(transaction, generation, &org, &id)).await
    }

    async fn rechecks(
        &self,
        generation: Generation,
        query: &RechecksQuery,
    ) -> Result<RechecksPage, StoreError> {
        let query = query.clone();
        self.pool.read(move |transaction| rechecks::page(transaction, generation, &query)).await
    }

    async fn failures(
        &self,
        generation: Generation,
        org: &OrgId,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<OutageFailure>, StoreError> {
        let org = org.clone();
        self.pool
            .read(move |transaction| rechecks::failures(transaction, generation, &org, (from, to), limit))
            .await
    }

    async fn verdict_after(
        &self,
        generation: Generation,
        org: &OrgId,
        after: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let org = org.clone();
        self.pool.read(move |transaction| rechecks::verdict_after(transaction, generation, &org, after)).await
    }

    async fn recheck_summary(
        &self,
        generation: Generation,
        org: &OrgId,
        now: Timestamp,
    ) -> Result<RecheckSummary, StoreError> {
        let org = org.clone();
        self.pool.read(move |transaction| rechecks::summary(transaction, generation, &org, now)).await
    }
}
