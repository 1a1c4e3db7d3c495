//! What is more than a row by its name: erasures, epochs, events that wait, books.

use domain::event::{Offset, Partition, TopicId};
use domain::rows::{BookEntry, Disposition, Epoch, VerificationRow, ViewRow};
use futures::future::join_all;

use super::rows::{boxed_verification, enrolment_of};
use super::{GENERATION, ViewStores};
use crate::samples::{Samples, deleted, written};

/// Tries at a claim, each with the store's own limit of time: minutes, on a machine that does much else.
const CLAIM_TRIES_MAX: usize = 20;

async fn write_enrolled(stores: &ViewStores, s: &Samples, customer: u64, n: u64, at: u64) -> VerificationRow {
    let row = s.verification(&s.customer(customer), n);
    let enrolment = s.enrolment(&s.customer(customer), n);
    let writes =
        vec![written(at, boxed_verification(row.clone())), written(at, ViewRow::Enrolment(enrolment))];
    stores.write(writes).await;
    row
}

/// All of the customer's enrolments written before it, nobody else's, and none written after it.
pub async fn an_erasure_deletes_what_was_written_before_it(stores: &ViewStores, s: &Samples) {
    let first = write_enrolled(stores, s, 0, 2, 2).await;
    let second = write_enrolled(stores, s, 0, 4, 9).await;
    let later = write_enrolled(stores, s, 0, 6, 10).await;
    let others = write_enrolled(stores, s, 1, 8, 3).await;
    stores.write(vec![deleted(10, ViewRow::EraseEnrolments(s.customer(0)))]).await;
    assert_eq!(enrolment_of(stores, &first).await, None);
    assert_eq!(enrolment_of(stores, &second).await, None);
    // At the erasure's own offset: an upsert is above a delete.
    assert_eq!(enrolment_of(stores, &later).await, Some(s.enrolment(&s.customer(0), 6)));
    assert_eq!(enrolment_of(stores, &others).await, Some(s.enrolment(&s.customer(1), 8)));
}

/// The tombstone stays: neither a zombie's enrolment nor an older erasure after a newer one gets past it.
pub async fn an_erasure_keeps_late_and_older_enrolments_away(stores: &ViewStores, s: &Samples) {
    let customer = s.customer(0);
    stores.write(vec![deleted(10, ViewRow::EraseEnrolments(customer.clone()))]).await;
    stores.write(vec![deleted(5, ViewRow::EraseEnrolments(customer.clone()))]).await;
    let late = write_enrolled(stores, s, 0, 2, 9).await;
    assert_eq!(enrolment_of(stores, &late).await, None);
    let after = write_enrolled(stores, s, 0, 4, 11).await;
    assert_eq!(enrolment_of(stores, &after).await, Some(s.enrolment(&customer, 4)));
    // The same erasure again, by a redelivery, spares what came after it.
    stores.write(vec![deleted(10, ViewRow::EraseEnrolments(customer.clone()))]).await;
    assert_eq!(enrolment_of(stores, &late).await, None);
    assert_eq!(enrolment_of(stores, &after).await, Some(s.enrolment(&customer, 4)));
}

/// From 1 upwards, the same one every time. (Few topics here: a store has fewer than a hundred epochs.)
pub async fn an_epoch_is_given_once_per_topic(stores: &ViewStores, s: &Samples) {
    let first = stores.projection.claim_epoch(s.topic(0)).await.expect("claimed");
    let second = stores.projection.claim_epoch(s.topic(1)).await.expect("claimed");
    assert!(first >= Epoch(1) && second >= Epoch(1));
    assert_ne!(first, second);
    assert_eq!(stores.projection.claim_epoch(s.topic(0)).await.expect("claimed"), first);
    assert_eq!(stores.projection.claim_epoch(s.topic(1)).await.expect("claimed"), second);
}

/// Eight claims of each of two topics, all at once.
pub async fn of_many_claims_at_once_all_agree(stores: &ViewStores, s: &Samples) {
    let epochs = join_all((0..16).map(|n| claimed_at_last(stores, s.topic(n % 2)))).await;
    assert_ne!(epochs[0], epochs[1]);
    for (n, epoch) in epochs.iter().enumerate() {
        assert_eq!(*epoch, epochs[n % 2]);
    }
}

/// As a projector claims: what a busy store did not answer in time is asked again.
async fn claimed_at_last(stores: &ViewStores, topic: TopicId) -> Epoch {
    for _ in 0..CLAIM_TRIES_MAX {
        match stores.projection.claim_epoch(topic).await {
            Err(error) if error.is_transient() => {}
            claim => return claim.expect("claimed"),
        }
    }
    panic!("no claim was answered")
}

/// Parked and dead-lettered ones only, from an offset on, so many at most.
pub async fn waiting_notes_come_by_offset(stores: &ViewStores, s: &Samples) {
    let customer = s.customer(0);
    let dispositions = [
        (9, Disposition::Parked),
        (3, Disposition::DeadLettered),
        (4, Disposition::Applied),
        (5, Disposition::Parked),
        (6, Disposition::Duplicate),
        (7, Disposition::Conflict),
        (8, Disposition::Refused),
        (10, Disposition::Released(vec![(s.source(0, 3), BookEntry::Applied)])),
    ];
    let note = |n: u64, disposition| s.note(&customer, n, disposition);
    let notes = dispositions.into_iter().map(|(n, d)| written(n, ViewRow::Note(note(n, d))));
    stores.write(notes.collect()).await;
    stores.write(vec![written(4, ViewRow::Note(s.note(&s.customer(1), 4, Disposition::Parked)))]).await;

    let waiting =
        [note(3, Disposition::DeadLettered), note(5, Disposition::Parked), note(9, Disposition::Parked)];
    for (from, limit, expected) in
        [(0, 10, &waiting[..]), (3, 2, &waiting[..2]), (4, 10, &waiting[1..]), (10, 10, &waiting[3..])]
    {
        let found =
            stores.projection.waiting(GENERATION, &customer, Offset(from), limit).await.expect("read");
        assert_eq!(found, expected, "from {from}, {limit} at most");
    }
}

/// After a release the event's note says what became of it, and a late copy of the first one loses.
pub async fn a_note_that_was_overwritten_no_longer_waits(stores: &ViewStores, s: &Samples) {
    let customer = s.customer(0);
    let parked = [3, 4, 5].map(|n| written(n, ViewRow::Note(s.note(&customer, n, Disposition::Parked))));
    stores.write(parked.to_vec()).await;
    let applied = [3, 5].map(|n| written(20, ViewRow::Note(s.note(&customer, n, Disposition::Applied))));
    stores.write(applied.to_vec()).await;
    stores.write(parked.to_vec()).await;
    let waiting = stores.projection.waiting(GENERATION, &customer, Offset(0), 10).await.expect("read");
    assert_eq!(waiting, [s.note(&customer, 4, Disposition::Parked)]);
}

/// All of them, each once, with their latest columns.
pub async fn books_of_every_org_are_listed(stores: &ViewStores, s: &Samples) {
    let mut expected = Vec::new();
    for (org, partition) in [(0, 0), (0, 1), (1, 0)] {
        let mut row = s.books(partition + 4);
        (row.key.org, row.key.partition) = (s.org(org), Partition(partition as u32));
        let mut older = s.books(1);
        older.key = row.key.clone();
        stores.write(vec![written(1, ViewRow::Books(older)), written(6, ViewRow::Books(row.clone()))]).await;
        expected.push(row);
    }
    let ours = [s.org(0), s.org(1)];
    let mut books = stores.projection.books(GENERATION).await.expect("read");
    books.retain(|row| ours.contains(&row.key.org));
    books.sort_by(|a, b| a.key.cmp(&b.key));
    expected.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(books, expected);
    assert!(books.iter().all(|row| row.books.balance()));
}
