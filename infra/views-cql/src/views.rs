//! The read model on CQL: the ports Projection, Views, Generations and Inspection. Not the keys, not the schema.

mod customer_rows;
mod epochs;
mod generations;
mod global_statements;
mod inspect;
mod list_kinds;
mod lists;
mod niks;
mod read;
mod rechecks;
mod series;
mod statements;
mod times;
mod totals;
mod walk;
mod write;
mod write_batches;
mod write_rechecks;
mod write_reviews;
mod write_voids;

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use async_trait::async_trait;
use domain::event::{Offset, TopicId};
use domain::ids::{CustomerId, CustomerRef, OrgId, VerificationId};
use domain::nik::NikTag;
use domain::ports::{
    AttemptsPage, AttemptsQuery, EnrolmentsPage, Generations as _, KycRows, NikIndex, PageRequest,
    Projection, SeriesQuery, StoreError, VerificationCounts, VerificationSeries, VerificationView, Views,
};
use domain::rows::{
    BooksRow, CustomerState, EnrolmentRow, Epoch, EventNote, Generation, RowKey, ViewRow, ViewWrite,
};
use domain::time::Timestamp;
use tokio::sync::OnceCell;

pub(crate) use global_statements::init;

use crate::session::CqlSession;
use global_statements::GlobalStatements;
use statements::Statements;

/// The distributed engine's read model: every generation has its own tables, which must have been made
/// ([`CqlSession::ensure_generation`]); one that has none is `Corrupt`.
///
/// [`Projection::write`] writes event rows before states and counts, and positions last of all, whatever
/// their order in the call. It is not atomic. Rows of the same replicas travel together.
pub struct CqlViews {
    session: Arc<CqlSession>,
    global: OnceCell<GlobalStatements>,
    /// The latest timestamp of what an instance said through here.
    said_last: AtomicI64,
}

impl CqlViews {
    /// The read model of that session, whose schema was brought up to date ([`CqlSession::migrate`]).
    pub fn new(session: Arc<CqlSession>) -> Self {
        Self { session, global: OnceCell::new(), said_last: AtomicI64::new(0) }
    }
}

#[async_trait]
impl Projection for CqlViews {
    async fn claim_epoch(&self, topic_id: TopicId) -> Result<Epoch, StoreError> {
        epochs::claim_epoch(self, topic_id).await
    }

    async fn load(
        &self,
        generation: Generation,
        keys: &[RowKey],
    ) -> Result<Vec<Option<ViewRow>>, StoreError> {
        let tables = Statements::of(&self.session, generation).await?;
        read::load(&self.session, &tables, keys).await
    }

    async fn verification_ids(
        &self,
        generation: Generation,
        customers: &[CustomerRef],
        limit: usize,
    ) -> Result<Vec<Option<Vec<VerificationId>>>, StoreError> {
        let tables = Statements::of(&self.session, generation).await?;
        customer_rows::verification_ids(&self.session, &tables, customers, limit).await
    }

    async fn waiting(
        &self,
        generation: Generation,
        customer: &CustomerRef,
        from: Offset,
        limit: usize,
    ) -> Result<Vec<EventNote>, StoreError> {
        let tables = Statements::of(&self.session, generation).await?;
        read::waiting(&self.session, &tables, customer, from, limit).await
    }

    async fn write(&self, generation: Generation, writes: Vec<ViewWrite>) -> Result<(), StoreError> {
        if writes.is_empty() {
            return Ok(());
        }
        let tables = Statements::of(&self.session, generation).await?;
        write::write(&self.session, &tables, writes).await
    }

    async fn books(&self, generation: Generation) -> Result<Vec<BooksRow>, StoreError> {
        let tables = Statements::of(&self.session, generation).await?;
        read::books(&self.session, &tables).await
    }
}

#[async_trait]
impl Views for CqlViews {
    async fn customer(
        &self,
        generation: Generation,
        customer: &CustomerRef,
    ) -> Result<Option<CustomerState>, StoreError> {
        let tables = Statements::of(&self.session, generation).await?;
        read::customer(&self.session, &tables, customer).await
    }

    async fn verification(
        &self,
        generation: Generation,
        org: &OrgId,
        id: &VerificationId,
    ) -> Result<Option<(VerificationView, Option<EnrolmentRow>)>, StoreError> {
        let tables = Statements::of(&self.session, generation).await?;
        read::verification(&self.session, &tables, org, id).await
    }

    async fn attempts(
        &self,
        generation: Generation,
        query: &AttemptsQuery,
    ) -> Result<AttemptsPage, StoreError> {
        let tables = Statements::of(&self.session, generation).await?;
        if query.category.is_some() {
            series::categories_are_counted(&self.session, generation).await?;
        }
        lists::page(&self.session, &tables, query).await
    }

    async fn kyc_rows(
        &self,
        generation: Generation,
        customer: &CustomerRef,
        as_of: Option<Timestamp>,
    ) -> Result<KycRows, StoreError> {
        let tables = Statements::of(&self.session, generation).await?;
        Box::pin(customer_rows::kyc_rows(&self.session, &tables, customer, as_of)).await
    }

    async fn enrolments(
        &self,
        generation: Generation,
        customer: &CustomerRef,
        page: &PageRequest,
    ) -> Result<EnrolmentsPage, StoreError> {
        let tables = Statements::of(&self.session, generation).await?;
        customer_rows::enrolments(&self.session, &tables, customer, page).await
    }

    async fn generation(&self) -> Result<Generation, StoreError> {
        Ok(self.pointer().await?.live)
    }
}

#[async_trait]
impl VerificationCounts for CqlViews {
    async fn series(
        &self,
        generation: Generation,
        query: &SeriesQuery,
    ) -> Result<VerificationSeries, StoreError> {
        let tables = Statements::of(&self.session, generation).await?;
        series::of(&self.session, &tables, generation, query).await
    }
}

#[async_trait]
impl NikIndex for CqlViews {
    async fn holders(
        &self,
        generation: Generation,
        org: &OrgId,
        tags: &[NikTag],
        limit: usize,
    ) -> Result<Vec<Vec<CustomerId>>, StoreError> {
        if tags.is_empty() {
            return Ok(Vec::new());
        }
        let tables = Statements::of(&self.session, generation).await?;
        niks::holders(&self.session, &tables, org, tags, limit).await
    }
}
