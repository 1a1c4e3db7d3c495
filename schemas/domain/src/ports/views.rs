//! The view store's two ports: the projector's, which writes, and the API's, which reads.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::StoreError;
use crate::classify::ReasonCategory;
use crate::event::{Offset, Partition, TopicId};
use crate::ids::{CustomerId, CustomerRef, EnrolmentId, OrgId, VerificationId};
use crate::policy::Method;
use crate::rows::{
    BooksRow, CustomerState, EnrolmentRow, Epoch, EventNote, Generation, Kyc, ReviewRow, ReviewState, RowKey,
    SignalRow, TierEventRow, VerificationRow, VerificationStatus, ViewRow, ViewWrite, VoidRow,
};
use crate::time::Timestamp;

/// The projector's side of the read model. Reads see every write that was confirmed before.
#[async_trait]
pub trait Projection: Send + Sync {
    /// The topic id's epoch: given once, conditionally, from 1 upwards.
    async fn claim_epoch(&self, topic_id: TopicId) -> Result<Epoch, StoreError>;

    /// Rows by name, in the order asked.
    async fn load(&self, generation: Generation, keys: &[RowKey])
    -> Result<Vec<Option<ViewRow>>, StoreError>;

    /// The ids of these customers' verifications, in the customers' order: all of a customer's, in any order,
    /// or none of them said where there are more than `limit`. Of a write that was not confirmed, an id may be
    /// there or not.
    async fn verification_ids(
        &self,
        generation: Generation,
        customers: &[CustomerRef],
        limit: usize,
    ) -> Result<Vec<Option<Vec<VerificationId>>>, StoreError>;

    /// The notes of a customer that are parked or dead-lettered, by offset, from `from` on.
    async fn waiting(
        &self,
        generation: Generation,
        customer: &CustomerRef,
        from: Offset,
        limit: usize,
    ) -> Result<Vec<EventNote>, StoreError>;

    /// Writes rows, durably enough that a crash loses them only together with a position that would have
    /// skipped them. Not atomic. A row with a lower timestamp than what stands there (a deletion included)
    /// has no effect; the same write again has none either.
    async fn write(&self, generation: Generation, writes: Vec<ViewWrite>) -> Result<(), StoreError>;

    /// Writes the stages one after the other: no row of a stage before all of the stages before it. When it
    /// fails, or the process ends, any rows of one stage may stand, and all of the stages before that one. A
    /// store with transactions may write everything in one.
    async fn write_in_order(
        &self,
        generation: Generation,
        stages: Vec<Vec<ViewWrite>>,
    ) -> Result<(), StoreError> {
        for stage in stages {
            self.write(generation, stage).await?;
        }
        Ok(())
    }

    /// All books of a generation, for the operator.
    async fn books(&self, generation: Generation) -> Result<Vec<BooksRow>, StoreError>;
}

/// A verification with what is joined to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerificationView {
    /// The row.
    pub row: VerificationRow,
    /// Its signals, oldest first.
    pub signals: Vec<SignalRow>,
    /// What a person decided of it, where one had to and did.
    pub review: Option<ReviewRow>,
    /// That it counts no more, where it is void.
    pub voided: Option<VoidRow>,
}

impl VerificationView {
    /// Where its review stands; none where nobody reviews it.
    pub fn review_state(&self) -> Option<ReviewState> {
        let is_pending = self.row.status == VerificationStatus::Pending;
        is_pending.then(|| self.review.as_ref().map_or(ReviewState::Open, ReviewRow::state))
    }

    /// The enrolment that stands by it: what it made, or else its review.
    pub fn enrolment(&self) -> Option<&EnrolmentId> {
        let of_review = || self.review.as_ref().and_then(|review| review.enrolment.as_ref());
        self.row.enrolment.as_ref().or_else(of_review)
    }
}

/// Which verifications to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptsQuery {
    /// The tenant.
    pub org: OrgId,
    /// Only this method.
    pub method: Option<Method>,
    /// Only this status.
    pub status: Option<VerificationStatus>,
    /// Only this category of the reason.
    pub category: Option<ReasonCategory>,
    /// Only pending ones whose review stands there.
    pub review: Option<ReviewState>,
    /// Only this customer.
    pub customer: Option<CustomerId>,
    /// `createdAt` from here, inclusive.
    pub from: Option<Timestamp>,
    /// `createdAt` to here, exclusive.
    pub to: Option<Timestamp>,
    /// Where the page starts.
    pub start: PageStart,
    /// Rows at most.
    pub limit: usize,
}

/// Where a page starts, in the order (createdAt, partition, offset) descending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageStart {
    /// After so many rows.
    Skip(u64),
    /// After this row.
    After(RowPlace),
}

/// A row's place in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowPlace {
    /// First by this.
    pub created_at: Timestamp,
    /// Then by this.
    pub partition: Partition,
    /// Then by this.
    pub offset: Offset,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptsPage {
    /// Newest first.
    pub rows: Vec<VerificationView>,
    /// All rows the query matches, exact as of the answer.
    pub total: u64,
    /// Whether rows follow.
    pub more: bool,
}

/// Which rows of a list to give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// Where the page starts.
    pub start: PageStart,
    /// Rows at most.
    pub limit: usize,
}

/// A page of a customer's face references.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EnrolmentsPage {
    /// Newest first: by the place that [`EnrolmentRow::place`] gives.
    pub rows: Vec<EnrolmentRow>,
    /// All references of the customer, exact as of the answer.
    pub total: u64,
    /// Whether rows follow.
    pub more: bool,
}

/// Picks a page out of a customer's references, which come in any order. It keeps no more of them than it is asked
/// for: a test that sends a hundred thousand verdicts to one customer makes as many references.
#[derive(Debug)]
pub struct EnrolmentsPicker {
    request: PageRequest,
    /// The newest of those that may be on the page.
    newest: BTreeMap<(RowPlace, EnrolmentId), EnrolmentRow>,
    total: u64,
}

impl EnrolmentsPicker {
    /// Before the first row.
    pub fn new(request: &PageRequest) -> Self {
        Self { request: request.clone(), newest: BTreeMap::new(), total: 0 }
    }

    /// Takes up a row; each of the customer's once.
    pub fn take(&mut self, row: EnrolmentRow) {
        self.total += 1;
        let place = row.place();
        if matches!(self.request.start, PageStart::After(after) if place >= after) {
            return;
        }
        self.newest.insert((place, row.id.clone()), row);
        if self.newest.len() as u64 > self.skip().saturating_add(self.request.limit as u64).saturating_add(1)
        {
            self.newest.pop_first();
        }
    }

    fn skip(&self) -> u64 {
        match self.request.start {
            PageStart::Skip(rows) => rows,
            PageStart::After(_) => 0,
        }
    }

    /// After the last row.
    pub fn page(self) -> EnrolmentsPage {
        let skip = usize::try_from(self.skip()).unwrap_or(usize::MAX);
        let mut rows = self.newest.into_values().rev().skip(skip);
        let page: Vec<EnrolmentRow> = rows.by_ref().take(self.request.limit).collect();
        EnrolmentsPage { rows: page, total: self.total, more: rows.next().is_some() }
    }
}

/// A customer's verifications, their reviews, voids and tier changes, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KycRows {
    /// At most [`crate::limits::KYC_ROWS_MAX`].
    pub verifications: Vec<VerificationRow>,
    /// At most [`crate::limits::KYC_ROWS_MAX`].
    pub history: Vec<TierEventRow>,
    /// Reviews of the customer's verifications, at most [`crate::limits::KYC_ROWS_MAX`].
    pub reviews: Vec<ReviewRow>,
    /// Voids of the customer's verifications, at most [`crate::limits::KYC_ROWS_MAX`].
    pub voids: Vec<VoidRow>,
}

impl KycRows {
    /// The KYC that they come to: each row keeps the one right after its event, so it is the newest one's.
    pub fn kyc(&self) -> Kyc {
        let verification = self.verifications.first().map(|row| (row.place(), row.kyc_after));
        let review = self.reviews.first().map(|row| (row.place(), row.kyc_after));
        let void = self.voids.first().map(|row| (row.place(), row.kyc_after));
        let newest = verification.into_iter().chain(review).chain(void).max_by_key(|(place, _)| *place);
        newest.map_or_else(Kyc::default, |(_, kyc)| kyc)
    }
}

/// The API's side of the read model. Sees every write that a projector's confirmed before.
#[async_trait]
pub trait Views: Send + Sync {
    /// A customer's state.
    async fn customer(
        &self,
        generation: Generation,
        customer: &CustomerRef,
    ) -> Result<Option<CustomerState>, StoreError>;

    /// A verification of the org, and its enrolment unless that was erased.
    async fn verification(
        &self,
        generation: Generation,
        org: &OrgId,
        id: &VerificationId,
    ) -> Result<Option<(VerificationView, Option<EnrolmentRow>)>, StoreError>;

    /// A page of verifications. `Unavailable` with words where a category is asked for in a generation that an earlier
    /// build made without counting them ([`super::Inspection::counts_categories`]): a rebuild makes one that has them.
    async fn attempts(
        &self,
        generation: Generation,
        query: &AttemptsQuery,
    ) -> Result<AttemptsPage, StoreError>;

    /// A customer's rows with `createdAt` at or before `as_of` (all without it).
    async fn kyc_rows(
        &self,
        generation: Generation,
        customer: &CustomerRef,
        as_of: Option<Timestamp>,
    ) -> Result<KycRows, StoreError>;

    /// A page of a customer's face references, erased ones not among them.
    async fn enrolments(
        &self,
        generation: Generation,
        customer: &CustomerRef,
        page: &PageRequest,
    ) -> Result<EnrolmentsPage, StoreError>;

    /// The generation that answers now.
    async fn generation(&self) -> Result<Generation, StoreError>;
}
