//! The view store's ports in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::event::{Offset, Partition, Source, TopicId};
use domain::ids::{CustomerRef, EnrolmentId, FallbackId, OrgId, RecheckId, TierEventId, VerificationId};
use domain::limits::KYC_ROWS_MAX;
use domain::outcome::UnappliedCause;
use domain::ports::{
    Acknowledgement, AttemptsPage, AttemptsQuery, EnrolmentsPage, EnrolmentsPicker, Generations as _,
    KycRows, PageRequest, PageStart, Pointer, Projection, RowPlace, StoreError, VerificationView, Views,
};
use domain::rows::{
    BooksKey, BooksRow, CustomerState, EnrolmentRow, Epoch, EventNote, Generation, ReviewRow, RowKey,
    SignalRow, TallyKey, TierEventRow, VerificationRow, ViewRow, ViewWrite, WriteTimestamp,
};
use domain::time::Timestamp;

use super::lock;

/// The name of a row of any kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name {
    Verification(OrgId, VerificationId),
    Enrolment(CustomerRef, EnrolmentId),
    Reference(CustomerRef, EnrolmentId),
    Review(OrgId, VerificationId),
    TierEvent(CustomerRef, TierEventId),
    Signal(VerificationId, Source, String),
    Note(CustomerRef, Source),
    Fallback(OrgId, FallbackId),
    RecheckClosure(OrgId, RecheckId),
    Recheck(OrgId, RecheckId),
    State(CustomerRef),
    Tally(TallyKey),
    Books(BooksKey),
    Position(TopicId, Partition),
}

fn name(row: &ViewRow) -> Option<Name> {
    Some(match row {
        ViewRow::Verification(row) => Name::Verification(row.customer.org.clone(), row.id.clone()),
        ViewRow::Enrolment(row) => Name::Enrolment(row.customer.clone(), row.id.clone()),
        ViewRow::Reference(row) => Name::Reference(row.customer.clone(), row.id.clone()),
        ViewRow::Review(row) => Name::Review(row.customer.org.clone(), row.verification_id.clone()),
        ViewRow::TierEvent(row) => Name::TierEvent(row.customer.clone(), row.id.clone()),
        ViewRow::Signal(row) => Name::Signal(row.verification_id.clone(), row.source, row.kind.clone()),
        ViewRow::Note(note) => Name::Note(note.customer.clone(), note.source),
        ViewRow::Fallback(row) => Name::Fallback(row.customer.org.clone(), row.id.clone()),
        ViewRow::RecheckClosure(row) => Name::RecheckClosure(row.customer.org.clone(), row.recheck.clone()),
        ViewRow::Recheck(row) => Name::Recheck(row.customer.org.clone(), row.id.clone()),
        ViewRow::State(state) => Name::State(state.customer.clone()),
        ViewRow::Tally(row) => Name::Tally(row.key.clone()),
        ViewRow::Books(row) => Name::Books(row.key.clone()),
        ViewRow::Position(row) => Name::Position(row.topic_id, row.partition),
        ViewRow::EraseEnrolments(_) => return None,
    })
}

#[derive(Default)]
pub(super) struct Inner {
    pub(super) rows: BTreeMap<(Generation, Name), (WriteTimestamp, ViewRow)>,
    pub(super) erased: BTreeMap<(Generation, CustomerRef), WriteTimestamp>,
    epochs: BTreeMap<TopicId, Epoch>,
    pub(super) pointer: Option<Pointer>,
    pub(super) said: BTreeMap<String, Acknowledgement>,
}

/// Views in memory. Cloning shares them.
#[derive(Clone, Default)]
pub struct MemoryViews {
    pub(super) inner: Arc<Mutex<Inner>>,
}

impl MemoryViews {
    /// Every row of a generation with its write timestamp, in an order that depends on nothing else.
    pub fn dump(&self, generation: Generation) -> Vec<(i64, ViewRow)> {
        let inner = lock(&self.inner);
        let rows = inner.rows.iter().filter(|((of, _), _)| *of == generation);
        rows.map(|(_, (at, row))| (at.value(), row.clone())).collect()
    }

    pub(super) fn verifications(&self, generation: Generation) -> Vec<VerificationRow> {
        let rows = self.dump(generation).into_iter();
        let mut rows: Vec<VerificationRow> = rows
            .filter_map(|(_, row)| if let ViewRow::Verification(row) = row { Some(*row) } else { None })
            .collect();
        rows.sort_by_key(|row| std::cmp::Reverse(place(row)));
        rows
    }

    fn signals(&self, generation: Generation, id: &VerificationId) -> Vec<SignalRow> {
        let rows = self.dump(generation).into_iter();
        rows.filter_map(|(_, row)| if let ViewRow::Signal(row) = row { Some(row) } else { None })
            .filter(|row| row.verification_id == *id)
            .collect()
    }

    fn reviews(&self, generation: Generation) -> Vec<ReviewRow> {
        let rows = self.dump(generation).into_iter();
        rows.filter_map(|(_, row)| if let ViewRow::Review(row) = row { Some(*row) } else { None }).collect()
    }

    fn view(&self, generation: Generation, row: VerificationRow) -> VerificationView {
        let mut reviews = self.reviews(generation).into_iter();
        let review = reviews.find(|of| of.customer == row.customer && of.verification_id == row.id);
        VerificationView { signals: self.signals(generation, &row.id), review, row }
    }
}

fn place(row: &VerificationRow) -> RowPlace {
    RowPlace { created_at: row.created_at, partition: row.source.partition, offset: row.source.offset }
}

impl Inner {
    fn write(&mut self, generation: Generation, write: ViewWrite) {
        if let ViewRow::EraseEnrolments(customer) = &write.row {
            let erased = self.erased.entry((generation, customer.clone())).or_insert(write.at);
            *erased = (*erased).max(write.at);
            let limit = *erased;
            self.rows.retain(|(of, name), (at, _)| {
                let theirs = matches!(name, Name::Enrolment(whose, _) if whose == customer);
                *of != generation || !theirs || *at > limit
            });
            return;
        }
        let Some(name) = name(&write.row) else { return };
        if let Name::Enrolment(customer, _) = &name
            && self.erased.get(&(generation, customer.clone())).is_some_and(|limit| write.at <= *limit)
        {
            return;
        }
        match self.rows.entry((generation, name)) {
            std::collections::btree_map::Entry::Vacant(slot) => {
                slot.insert((write.at, write.row));
            }
            std::collections::btree_map::Entry::Occupied(mut slot) => {
                if write.at >= slot.get().0 {
                    slot.insert((write.at, write.row));
                }
            }
        }
    }
}

#[async_trait]
impl Projection for MemoryViews {
    async fn claim_epoch(&self, topic_id: TopicId) -> Result<Epoch, StoreError> {
        let mut inner = lock(&self.inner);
        let next = Epoch(inner.epochs.len() as u32 + 1);
        Ok(*inner.epochs.entry(topic_id).or_insert(next))
    }

    async fn load(
        &self,
        generation: Generation,
        keys: &[RowKey],
    ) -> Result<Vec<Option<ViewRow>>, StoreError> {
        let inner = lock(&self.inner);
        let named = |key: &RowKey| match key.clone() {
            RowKey::State(customer) => Name::State(customer),
            RowKey::Verification(org, id) => Name::Verification(org, id),
            RowKey::Reference(customer, id) => Name::Reference(customer, id),
            RowKey::Review(org, id) => Name::Review(org, id),
            RowKey::Note(customer, source) => Name::Note(customer, source),
            RowKey::Fallback(org, id) => Name::Fallback(org, id),
            RowKey::RecheckClosure(org, id) => Name::RecheckClosure(org, id),
            RowKey::Tally(key) => Name::Tally(key),
            RowKey::Books(key) => Name::Books(key),
            RowKey::Position(topic, partition) => Name::Position(topic, partition),
        };
        Ok(keys
            .iter()
            .map(|key| inner.rows.get(&(generation, named(key))).map(|(_, row)| row.clone()))
            .collect())
    }

    async fn verification_ids(
        &self,
        generation: Generation,
        customers: &[CustomerRef],
        limit: usize,
    ) -> Result<Vec<Option<Vec<VerificationId>>>, StoreError> {
        let rows = self.verifications(generation);
        let ids_of = |customer: &CustomerRef| {
            let theirs = rows.iter().filter(|row| row.customer == *customer);
            let ids: Vec<VerificationId> = theirs.map(|row| row.id.clone()).collect();
            (ids.len() <= limit).then_some(ids)
        };
        Ok(customers.iter().map(ids_of).collect())
    }

    async fn waiting(
        &self,
        generation: Generation,
        customer: &CustomerRef,
        from: Offset,
        limit: usize,
    ) -> Result<Vec<EventNote>, StoreError> {
        let waits = |note: &EventNote| {
            note.customer == *customer
                && note.source.offset >= from
                && matches!(note.unapplied(), Some(UnappliedCause::Parked | UnappliedCause::DeadLettered))
        };
        let rows = self.dump(generation).into_iter();
        let mut notes: Vec<EventNote> = rows
            .filter_map(|(_, row)| if let ViewRow::Note(note) = row { Some(note) } else { None })
            .filter(waits)
            .collect();
        notes.sort_by_key(|note| note.source.offset);
        notes.truncate(limit);
        Ok(notes)
    }

    async fn write(&self, generation: Generation, writes: Vec<ViewWrite>) -> Result<(), StoreError> {
        let mut inner = lock(&self.inner);
        for write in writes {
            inner.write(generation, write);
        }
        Ok(())
    }

    async fn books(&self, generation: Generation) -> Result<Vec<BooksRow>, StoreError> {
        let rows = self.dump(generation).into_iter();
        Ok(rows.filter_map(|(_, row)| if let ViewRow::Books(row) = row { Some(row) } else { None }).collect())
    }
}

#[async_trait]
impl Views for MemoryViews {
    async fn customer(
        &self,
        generation: Generation,
        customer: &CustomerRef,
    ) -> Result<Option<CustomerState>, StoreError> {
        let row = self.load(generation, &[RowKey::State(customer.clone())]).await?.pop().flatten();
        Ok(row.and_then(|row| if let ViewRow::State(state) = row { Some(*state) } else { None }))
    }

    async fn verification(
        &self,
        generation: Generation,
        org: &OrgId,
        id: &VerificationId,
    ) -> Result<Option<(VerificationView, Option<EnrolmentRow>)>, StoreError> {
        let mut rows = self.verifications(generation).into_iter();
        let Some(row) = rows.find(|row| row.customer.org == *org && row.id == *id) else { return Ok(None) };
        let view = self.view(generation, row);
        let mut rows = self.dump(generation).into_iter();
        let enrolment = rows.find_map(|(_, found)| match found {
            ViewRow::Enrolment(found)
                if found.customer == view.row.customer && Some(&found.id) == view.enrolment() =>
            {
                Some(found)
            }
            _ => None,
        });
        Ok(Some((view, enrolment)))
    }

    async fn attempts(
        &self,
        generation: Generation,
        query: &AttemptsQuery,
    ) -> Result<AttemptsPage, StoreError> {
        let matches = |row: &VerificationRow| {
            row.customer.org == query.org
                && query.method.is_none_or(|method| row.method == method)
                && query.status.is_none_or(|status| row.status == status)
                && query.category.is_none_or(|category| row.reason_category == Some(category))
                && query.customer.as_ref().is_none_or(|customer| row.customer.customer == *customer)
                && query.from.is_none_or(|from| row.created_at >= from)
                && query.to.is_none_or(|to| row.created_at < to)
        };
        let mut rows = self.verifications(generation);
        rows.retain(matches);
        let reviewed = |row: VerificationRow| {
            let view = self.view(generation, row);
            query.review.is_none_or(|only| view.review_state() == Some(only)).then_some(view.row)
        };
        let mut rows: Vec<VerificationRow> = rows.into_iter().filter_map(reviewed).collect();
        let total = rows.len() as u64;
        match query.start {
            PageStart::Skip(skip) => {
                rows.drain(..(skip.min(total) as usize));
            }
            PageStart::After(after) => rows.retain(|row| place(row) < after),
        }
        let more = rows.len() > query.limit;
        rows.truncate(query.limit);
        let rows = rows.into_iter().map(|row| self.view(generation, row)).collect();
        Ok(AttemptsPage { rows, total, more })
    }

    async fn kyc_rows(
        &self,
        generation: Generation,
        customer: &CustomerRef,
        as_of: Option<Timestamp>,
    ) -> Result<KycRows, StoreError> {
        let known = |created_at: Timestamp| as_of.is_none_or(|as_of| created_at <= as_of);
        let mut verifications = self.verifications(generation);
        verifications.retain(|row| row.customer == *customer && known(row.created_at));
        verifications.truncate(KYC_ROWS_MAX);
        let rows = self.dump(generation).into_iter();
        let mut history: Vec<TierEventRow> = rows
            .filter_map(|(_, row)| if let ViewRow::TierEvent(row) = row { Some(row) } else { None })
            .filter(|row| row.customer == *customer && known(row.created_at))
            .collect();
        history.sort_by_key(|row| std::cmp::Reverse((row.created_at, row.source.offset)));
        history.truncate(KYC_ROWS_MAX);
        let mut reviews = self.reviews(generation);
        reviews.retain(|row| row.customer == *customer && known(row.created_at));
        reviews.sort_by_key(|row| std::cmp::Reverse(row.place()));
        reviews.truncate(KYC_ROWS_MAX);
        Ok(KycRows { verifications, history, reviews })
    }

    async fn enrolments(
        &self,
        generation: Generation,
        customer: &CustomerRef,
        page: &PageRequest,
    ) -> Result<EnrolmentsPage, StoreError> {
        let mut picker = EnrolmentsPicker::new(page);
        for (_, row) in self.dump(generation) {
            if let ViewRow::Enrolment(row) = row
                && row.customer == *customer
            {
                picker.take(row);
            }
        }
        Ok(picker.page())
    }

    async fn generation(&self) -> Result<Generation, StoreError> {
        Ok(self.pointer().await?.live)
    }
}
