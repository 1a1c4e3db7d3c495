//! What a batch comes to: rows in the order they must be written, outcomes, dead letters, and the counts
//! (tallies and books) that are advanced by each event at most once. No IO.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::classify::ReasonCategory;
use domain::event::{Offset, Source};
use domain::fold::Effect;
use domain::ids::{CustomerRef, OrgId};
use domain::outcome::Outcome;
use domain::policy::Method;
use domain::ports::RowPlace;
use domain::rows::{
    AsOf, Books, BooksKey, BooksRow, CountedStatus, CustomerState, Epoch, ReviewRow, ReviewSubject, Span,
    TallyKey, TallyRow, VerificationRow, ViewRow, ViewWrite, WriteTimestamp,
};

use crate::batch::customer_cache::CachedIds;

/// Counts of one partition, as they stand in the store or will after this batch.
#[derive(Debug, Clone, Default)]
pub(crate) struct CountRows {
    pub(crate) tallies: HashMap<TallyKey, Option<TallyRow>>,
    pub(crate) books: HashMap<BooksKey, Option<BooksRow>>,
}

impl CountRows {
    pub(crate) fn len(&self) -> usize {
        self.tallies.len() + self.books.len()
    }
}

/// A batch's result, to be written.
#[derive(Debug, Default)]
pub(crate) struct BatchPlan {
    /// First.
    pub(crate) event_rows: Vec<ViewWrite>,
    /// Then, with the counts.
    pub(crate) states: BTreeMap<CustomerRef, CustomerState>,
    /// What the store said of customers that were not remembered.
    pub(crate) ids: HashMap<CustomerRef, CachedIds>,
    /// Published after the rows.
    pub(crate) outcomes: Vec<Outcome>,
    /// Published before anything is written.
    pub(crate) dead_letters: Vec<(Source, String)>,
    /// What each event does to the counts.
    pub(crate) effects: Vec<(OrgId, Offset, Effect)>,
}

impl BatchPlan {
    pub(crate) fn add_rows(&mut self, epoch: Epoch, rows: Vec<(Source, ViewRow)>) {
        self.event_rows.extend(rows.into_iter().map(|(source, row)| {
            let at = match &row {
                ViewRow::EraseEnrolments(_) => WriteTimestamp::delete(epoch, source.offset),
                ViewRow::Verification(_)
                | ViewRow::Enrolment(_)
                | ViewRow::Reference(_)
                | ViewRow::Review(_)
                | ViewRow::TierEvent(_)
                | ViewRow::Signal(_)
                | ViewRow::Note(_)
                | ViewRow::Fallback(_)
                | ViewRow::RecheckClosure(_)
                | ViewRow::Recheck(_)
                | ViewRow::State(_)
                | ViewRow::Tally(_)
                | ViewRow::Books(_)
                | ViewRow::Position(_) => WriteTimestamp::upsert(epoch, source.offset),
            };
            ViewWrite { at, row }
        }));
    }

    /// The tallies and books this plan touches.
    pub(crate) fn count_keys(&self, partition: domain::event::Partition) -> (Vec<TallyKey>, Vec<BooksKey>) {
        let mut tallies = Vec::new();
        let mut books = Vec::new();
        for (org, _, effect) in &self.effects {
            books.push(BooksKey { org: org.clone(), partition });
            tallies.extend(effect.counted.iter().flat_map(tally_keys));
            tallies.extend(effect.reviewed.iter().flat_map(review_keys));
        }
        tallies.sort();
        tallies.dedup();
        books.sort();
        books.dedup();
        (tallies, books)
    }

    /// Advances the counts, each judged by its own `as_of`; gives the rows that changed.
    pub(crate) fn advance(
        &self,
        counts: &mut CountRows,
        as_of: AsOf,
        partition: domain::event::Partition,
    ) -> Vec<ViewWrite> {
        let mut changed_tallies: BTreeSet<TallyKey> = BTreeSet::new();
        let mut changed_books: BTreeSet<BooksKey> = BTreeSet::new();
        for (org, offset, effect) in &self.effects {
            let here = AsOf { offset: *offset, ..as_of };
            let key = BooksKey { org: org.clone(), partition };
            if enter(counts.books.entry(key.clone()).or_default(), &key, effect, here) {
                changed_books.insert(key);
            }
            let mut added: BTreeMap<TallyKey, u64> = BTreeMap::new();
            let of_rows = effect.counted.iter().flat_map(tally_keys);
            for key in of_rows.chain(effect.reviewed.iter().flat_map(review_keys)) {
                *added.entry(key).or_default() += 1;
            }
            for (key, count) in added {
                if add(counts.tallies.entry(key.clone()).or_default(), &key, count, here) {
                    changed_tallies.insert(key);
                }
            }
        }
        let books = changed_books.into_iter().filter_map(|key| counts.books.get(&key).cloned().flatten());
        let tallies =
            changed_tallies.into_iter().filter_map(|key| counts.tallies.get(&key).cloned().flatten());
        books
            .map(|row| (row.as_of, ViewRow::Books(row)))
            .chain(tallies.map(|row| (row.as_of, ViewRow::Tally(row))))
            .map(|(at, row)| ViewWrite { at: WriteTimestamp::upsert(at.epoch, at.offset), row })
            .collect()
    }
}

/// Enters an event into the books unless they have it already.
fn enter(slot: &mut Option<BooksRow>, key: &BooksKey, effect: &Effect, here: AsOf) -> bool {
    let Some(entry) = effect.entry else { return false };
    let row = match slot {
        Some(row) if row.as_of.covers(here) => return false,
        Some(row) => row,
        None => slot.insert(BooksRow { key: key.clone(), books: Books::default(), as_of: here }),
    };
    row.books.read += 1;
    *row.books.entry_mut(entry) += 1;
    for (from, to) in &effect.moved {
        let column = row.books.entry_mut(*from);
        *column = column.saturating_sub(1);
        *row.books.entry_mut(*to) += 1;
    }
    row.as_of = here;
    true
}

fn add(slot: &mut Option<TallyRow>, key: &TallyKey, count: u64, here: AsOf) -> bool {
    match slot {
        Some(row) if row.as_of.covers(here) => false,
        Some(row) => {
            row.count += count;
            row.as_of = here;
            true
        }
        None => {
            *slot = Some(TallyRow { key: key.clone(), count, as_of: here });
            true
        }
    }
}

/// Those of its kind, and where its reason has a category those of the category too.
fn tally_keys(row: &VerificationRow) -> Vec<TallyKey> {
    let status = CountedStatus::Of(row.status);
    keys_of(&row.customer.org, row.method, status, row.reason_category, row.place())
}

/// Where the verification was counted as pending it is counted once more, as what a review made of it.
fn review_keys(row: &ReviewRow) -> Vec<TallyKey> {
    let ReviewSubject { method, reason_category, place } = row.subject;
    keys_of(&row.customer.org, method, CountedStatus::Reviewed(row.to_status), reason_category, place)
}

fn keys_of(
    org: &OrgId,
    method: Method,
    status: CountedStatus,
    category: Option<ReasonCategory>,
    place: RowPlace,
) -> Vec<TallyKey> {
    let categories = [None].into_iter().chain(category.map(Some));
    let keys = categories.flat_map(|category| {
        [Span::Hour, Span::Day, Span::Month].map(|span| TallyKey {
            org: org.clone(),
            span,
            start: span.start_of(place.created_at),
            method,
            status,
            category,
            partition: place.partition,
        })
    });
    keys.collect()
}
