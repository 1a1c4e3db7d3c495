//! Rows: written, read back, and judged by their timestamps.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::event::{Offset, Partition};
use domain::rows::{
    BookEntry, CustomerState, Disposition, EnrolmentRow, FaceSource, Generation, Kyc, ReferenceRow,
    ReviewRow, RowKey, VerificationRow, ViewRow, ViewWrite, VoidRow,
};
use domain::sealed::Purposes;
use futures::future::join_all;

use super::{GENERATION, ViewStores};
use crate::samples::{Samples, deleted, written};

fn boxed_state(state: CustomerState) -> ViewRow {
    ViewRow::State(Box::new(state))
}

pub(super) fn boxed_verification(row: VerificationRow) -> ViewRow {
    ViewRow::Verification(Box::new(row))
}

/// A row of each kind about customer 0, of number `n`, that `load` gives back, and its name.
fn loadable(s: &Samples, n: u64) -> Vec<(RowKey, ViewRow)> {
    let customer = s.customer(0);
    let verification = s.verification(&customer, n);
    let note = s.note(&customer, n, Disposition::Parked);
    let reference = s.kept_reference(&customer, n);
    let review = s.review(&s.captured(&customer, n), n);
    let voided = s.voided(&verification, n);
    vec![
        (RowKey::Void(customer.org.clone(), voided.verification_id.clone()), ViewRow::Void(Box::new(voided))),
        (
            RowKey::Review(customer.org.clone(), review.verification_id.clone()),
            ViewRow::Review(Box::new(review)),
        ),
        (RowKey::Reference(customer.clone(), reference.id.clone()), ViewRow::Reference(reference)),
        (
            RowKey::Verification(customer.org.clone(), verification.id.clone()),
            boxed_verification(verification),
        ),
        (RowKey::Note(customer.clone(), note.source), ViewRow::Note(note)),
        (
            RowKey::Fallback(customer.org.clone(), s.fallback_id(n)),
            ViewRow::Fallback(s.fallback(&customer, n)),
        ),
        (
            RowKey::RecheckClosure(customer.org.clone(), s.recheck_id(n)),
            ViewRow::RecheckClosure(s.closure(&customer, n, n)),
        ),
        (RowKey::State(customer.clone()), boxed_state(s.state(&customer, n))),
        (RowKey::Tally(s.tally(n).key), ViewRow::Tally(s.tally(n))),
        (RowKey::Books(s.books(n).key), ViewRow::Books(s.books(n))),
        (RowKey::Position(s.topic(0), Partition(0)), ViewRow::Position(s.position(n))),
    ]
}

async fn expect_loaded(stores: &ViewStores, rows: &[(RowKey, ViewRow)]) {
    for (key, row) in rows {
        assert_eq!(stores.load(std::slice::from_ref(key)).await, [Some(row.clone())], "{key:?}");
    }
}

fn all_written(offset: u64, rows: &[(RowKey, ViewRow)]) -> Vec<ViewWrite> {
    rows.iter().map(|(_, row)| written(offset, row.clone())).collect()
}

pub(super) async fn enrolment_of(stores: &ViewStores, row: &VerificationRow) -> Option<EnrolmentRow> {
    let found = stores.views.verification(GENERATION, &row.customer.org, &row.id).await.expect("read");
    found.expect("the verification is there").1
}

/// Every kind of row, with everything it may have, is read as it was written.
pub async fn every_row_comes_back_as_it_was_written(stores: &ViewStores, s: &Samples) {
    let customer = s.customer(0);
    let rows = loadable(s, 2);
    let mut writes = all_written(2, &rows);
    writes.push(written(2, ViewRow::Enrolment(s.enrolment(&customer, 2))));
    writes.push(written(2, ViewRow::TierEvent(s.tier_event(&customer, 2))));
    writes.push(written(3, ViewRow::Signal(s.signal(&customer, 2, 3))));
    stores.write(writes).await;

    expect_loaded(stores, &rows).await;
    let state = stores.views.customer(GENERATION, &customer).await.expect("read");
    assert_eq!(state, Some(s.state(&customer, 2)));
    let (view, enrolment) = stores
        .views
        .verification(GENERATION, &customer.org, &s.verification_id(2))
        .await
        .expect("read")
        .expect("there");
    assert_eq!(view.row, s.verification(&customer, 2));
    assert_eq!(view.signals, [s.signal(&customer, 2, 3)]);
    assert_eq!(enrolment, Some(s.enrolment(&customer, 2)));
    let kyc = stores.views.kyc_rows(GENERATION, &customer, None).await.expect("read");
    assert_eq!(kyc.verifications, [s.verification(&customer, 2)]);
    assert_eq!(kyc.history, [s.tier_event(&customer, 2)]);
}

/// Rows whose every optional part is none; and a release's list, of every entry there is.
pub async fn a_row_with_as_little_as_there_may_be_comes_back(stores: &ViewStores, s: &Samples) {
    let customer = s.customer(0);
    let bare_state = CustomerState {
        registration: None,
        erased: Purposes::NONE,
        verified: Default::default(),
        kyc: Kyc::default(),
        quarantine: None,
        ..s.state(&customer, 1)
    };
    let erased = s.customer(1);
    let mut erased_state = s.state(&erased, 1);
    if let Some(registration) = &mut erased_state.registration {
        registration.full_name = None;
        registration.external_id = None;
    }
    let mut bare_note = s.note(&customer, 1, Disposition::DeadLettered);
    (bare_note.event_id, bare_note.verification_id) = (None, None);
    (bare_note.body_fingerprint, bare_note.cause) = (None, None);
    let entries = [
        BookEntry::Applied,
        BookEntry::Duplicate,
        BookEntry::Conflict,
        BookEntry::Refused,
        BookEntry::DeadLettered,
        BookEntry::Parked,
    ];
    let released = entries.into_iter().zip(1..).map(|(entry, n)| (s.source(3, n), entry)).collect();
    let release = s.note(&customer, 9, Disposition::Released(released));
    let nothing_released = s.note(&customer, 10, Disposition::Released(Vec::new()));
    let mut position = s.position(1);
    position.last_event_id = None;
    let row = s.verification(&customer, 1);
    let rows = [
        (RowKey::State(customer.clone()), boxed_state(bare_state)),
        (RowKey::State(erased), boxed_state(erased_state)),
        (RowKey::Note(customer.clone(), bare_note.source), ViewRow::Note(bare_note)),
        (RowKey::Note(customer.clone(), release.source), ViewRow::Note(release)),
        (RowKey::Note(customer.clone(), nothing_released.source), ViewRow::Note(nothing_released)),
        (RowKey::Position(position.topic_id, position.partition), ViewRow::Position(position)),
        (RowKey::Verification(customer.org.clone(), row.id.clone()), boxed_verification(row)),
    ];
    stores.write(all_written(1, &rows)).await;
    expect_loaded(stores, &rows).await;
}

/// One answer per key, in the keys' order, also when one is asked for twice.
pub async fn rows_come_in_the_order_asked_and_absent_ones_are_none(stores: &ViewStores, s: &Samples) {
    let rows = loadable(s, 2);
    let absent: Vec<_> = rows.iter().map(|(key, _)| stores.load(std::slice::from_ref(key))).collect();
    assert!(join_all(absent).await.into_iter().flatten().all(|row| row.is_none()));

    stores.write(all_written(2, &rows)).await;
    let nobody = RowKey::State(s.customer(7));
    let mut keys = vec![nobody.clone()];
    let mut expected = vec![None];
    for (key, row) in rows.iter().rev() {
        keys.extend([key.clone(), nobody.clone(), key.clone()]);
        expected.extend([Some(row.clone()), None, Some(row.clone())]);
    }
    assert_eq!(stores.load(&keys).await, expected);
    assert_eq!(stores.load(&[]).await, []);
    assert_eq!(stores.views.customer(GENERATION, &s.customer(7)).await.expect("read"), None);
}

/// All ids of each customer asked for, in the customers' order, unless there are more than wanted.
pub async fn ids_of_verifications_are_their_customers_and_bounded(stores: &ViewStores, s: &Samples) {
    let (many, one, nobody) = (s.customer(0), s.customer(1), s.customer(2));
    let rows: Vec<VerificationRow> = (0..5)
        .map(|n| s.verification(&many, n))
        .chain([s.verification(&one, 5), s.verification(&s.customer_of(1, 0), 6)])
        .collect();
    let writes = rows.iter().zip(0..).map(|(row, offset)| written(offset, boxed_verification(row.clone())));
    stores.write(writes.collect()).await;
    // A signal is no verification.
    stores.write(vec![written(9, ViewRow::Signal(s.signal(&nobody, 9, 9)))]).await;

    let asked = [one.clone(), nobody, many.clone(), one];
    let ids = async |generation, limit| {
        let ids = stores.projection.verification_ids(generation, &asked, limit).await.expect("read");
        ids.into_iter().map(|ids| ids.map(BTreeSet::from_iter)).collect::<Vec<_>>()
    };
    let of_one = Some(BTreeSet::from([rows[5].id.clone()]));
    let of_many = Some(rows[..5].iter().map(|row| row.id.clone()).collect());
    let none = Some(BTreeSet::new());
    assert_eq!(ids(GENERATION, 5).await, [of_one.clone(), none.clone(), of_many, of_one.clone()]);
    assert_eq!(ids(GENERATION, 4).await, [of_one.clone(), none.clone(), None, of_one]);
    assert_eq!(ids(GENERATION, 0).await, [None, none.clone(), None, None]);
    assert_eq!(ids(Generation(2), 5).await, vec![none; 4]);
    assert_eq!(stores.projection.verification_ids(GENERATION, &[], 5).await, Ok(Vec::new()));
}

/// A redelivered batch changes nothing, not even a list's length.
pub async fn written_twice_is_written_once(stores: &ViewStores, s: &Samples) {
    let customer = s.customer(0);
    let rows = loadable(s, 2);
    let mut writes = all_written(2, &rows);
    writes.push(written(2, ViewRow::Enrolment(s.enrolment(&customer, 2))));
    writes.push(written(2, ViewRow::TierEvent(s.tier_event(&customer, 2))));
    writes.push(written(3, ViewRow::Signal(s.signal(&customer, 2, 3))));
    stores.write(writes.clone()).await;
    stores.write(writes).await;

    expect_loaded(stores, &rows).await;
    let kyc = stores.views.kyc_rows(GENERATION, &customer, None).await.expect("read");
    assert_eq!((kyc.verifications.len(), kyc.history.len()), (1, 1));
    let found =
        stores.views.verification(GENERATION, &customer.org, &s.verification_id(2)).await.expect("read");
    assert_eq!(found.expect("there").0.signals.len(), 1);
    let waiting = stores.projection.waiting(GENERATION, &customer, Offset(0), 10).await.expect("read");
    assert_eq!(waiting.len(), 1);
}

/// A zombie's write: what it holds is older than what stands there.
pub async fn a_lower_timestamp_has_no_effect(stores: &ViewStores, s: &Samples) {
    let customer = s.customer(0);
    let newer = loadable(s, 2);
    let mut enrolment = s.enrolment(&customer, 2);
    stores.write(all_written(8, &newer)).await;
    stores.write(vec![written(8, ViewRow::Enrolment(enrolment.clone()))]).await;
    stores.write(vec![written(8, ViewRow::TierEvent(s.tier_event(&customer, 2)))]).await;

    let mut older = all_written(7, &replaced(s, &newer));
    enrolment.face_source = FaceSource::KtpExtract;
    older.push(written(7, ViewRow::Enrolment(enrolment)));
    let mut tier_event = s.tier_event(&customer, 2);
    tier_event.reason = "automatic on ktp_capture verify".to_owned();
    older.push(written(7, ViewRow::TierEvent(tier_event)));
    // A delete's timestamp is below an upsert's of the same offset.
    older.extend(replaced(s, &newer).into_iter().map(|(_, row)| deleted(8, row)));
    stores.write(older).await;

    expect_loaded(stores, &newer).await;
    let kept = enrolment_of(stores, &s.verification(&customer, 2)).await;
    assert_eq!(kept, Some(s.enrolment(&customer, 2)));
    let kyc = stores.views.kyc_rows(GENERATION, &customer, None).await.expect("read");
    assert_eq!(kyc.history, [s.tier_event(&customer, 2)]);
    assert_eq!(kyc.verifications, [s.verification(&customer, 2)]);
}

/// The same keys with other contents: what may differ between two writes of one row.
fn replaced(s: &Samples, rows: &[(RowKey, ViewRow)]) -> Vec<(RowKey, ViewRow)> {
    let other = |row: &ViewRow| match row.clone() {
        ViewRow::Verification(mut row) => {
            (row.reason, row.score, row.enrolment) = (None, None, None);
            ViewRow::Verification(row)
        }
        ViewRow::Note(mut note) => {
            (note.disposition, note.cause, note.verification_id) = (Disposition::Applied, None, None);
            ViewRow::Note(note)
        }
        ViewRow::State(mut state) => {
            (state.quarantine, state.registration, state.kyc) = (None, None, Kyc::default());
            state.as_of = s.as_of(1);
            ViewRow::State(state)
        }
        ViewRow::Tally(mut row) => {
            (row.count, row.as_of) = (0, s.as_of(1));
            ViewRow::Tally(row)
        }
        ViewRow::Books(mut row) => {
            (row.books, row.as_of) = (Default::default(), s.as_of(1));
            ViewRow::Books(row)
        }
        ViewRow::Position(mut row) => {
            (row.next, row.last_event_id) = (Offset(1), None);
            ViewRow::Position(row)
        }
        ViewRow::Fallback(mut row) => {
            (row.recheck, row.opened, row.verification_id) = (None, false, None);
            ViewRow::Fallback(row)
        }
        ViewRow::RecheckClosure(mut row) => {
            (row.note, row.body_fingerprint) = (None, None);
            ViewRow::RecheckClosure(row)
        }
        ViewRow::Recheck(row) => ViewRow::Recheck(Box::new(s.open_recheck(&row.customer, 1))),
        ViewRow::Review(row) => {
            ViewRow::Review(Box::new(ReviewRow { note: None, enrolment: None, tier_event: None, ..*row }))
        }
        ViewRow::Void(row) => {
            ViewRow::Void(Box::new(VoidRow { note: None, enrolment: None, tier_event: None, ..*row }))
        }
        ViewRow::Reference(row) => {
            ViewRow::Reference(ReferenceRow { face_source: FaceSource::StepUpPromotion, ..row })
        }
        row @ (ViewRow::Enrolment(_)
        | ViewRow::TierEvent(_)
        | ViewRow::Signal(_)
        | ViewRow::EraseEnrolments(_)
        | ViewRow::NikHolder(_)
        | ViewRow::EraseNiks(_)) => row,
    };
    rows.iter().map(|(key, row)| (key.clone(), other(row))).collect()
}

/// The newest write stands whole: a part that it has none of is not kept from the older one, and a late
/// older one does not bring it back.
pub async fn a_higher_timestamp_replaces_and_what_became_none_stays_none(stores: &ViewStores, s: &Samples) {
    let older = loadable(s, 2);
    let newer = replaced(s, &older);
    stores.write(all_written(4, &older)).await;
    stores.write(all_written(5, &newer)).await;
    expect_loaded(stores, &newer).await;
    stores.write(all_written(4, &older)).await;
    expect_loaded(stores, &newer).await;
}

/// Several writes of one row in one call, in either order.
pub async fn within_one_write_the_timestamp_decides_too(stores: &ViewStores, s: &Samples) {
    for (customer, offsets) in [(s.customer(0), [5, 6, 7]), (s.customer(1), [7, 6, 5])] {
        let writes = offsets.map(|n| written(n, boxed_state(s.state(&customer, n)))).to_vec();
        stores.write(writes).await;
        let state = stores.views.customer(GENERATION, &customer).await.expect("read");
        assert_eq!(state, Some(s.state(&customer, 7)));
    }
}

/// A rebuild writes beside what answers.
pub async fn generations_do_not_see_each_other(stores: &ViewStores, s: &Samples) {
    const NEXT: Generation = Generation(2);
    let customer = s.customer(0);
    let rows = loadable(s, 2);
    let keys: Vec<_> = rows.iter().map(|(key, _)| key.clone()).collect();
    let enrolment = written(2, ViewRow::Enrolment(s.enrolment(&customer, 2)));
    stores.write(all_written(8, &rows)).await;
    stores.write(vec![enrolment.clone()]).await;
    let unseen = stores.projection.load(NEXT, &keys).await.expect("loaded");
    assert!(unseen.iter().all(Option::is_none));
    assert_eq!(stores.views.customer(NEXT, &customer).await.expect("read"), None);
    assert_eq!(stores.projection.waiting(NEXT, &customer, Offset(0), 10).await.expect("read"), []);

    // Older than what stands in generation 1, and an erasure that reaches over neither way.
    let other = replaced(s, &rows);
    stores.projection.write(NEXT, all_written(3, &other)).await.expect("written");
    stores.projection.write(NEXT, vec![enrolment]).await.expect("written");
    let erasure = deleted(10, ViewRow::EraseEnrolments(customer.clone()));
    stores.projection.write(NEXT, vec![erasure]).await.expect("written");
    let expected: Vec<_> = other.into_iter().map(|(_, row)| Some(row)).collect();
    assert_eq!(stores.projection.load(NEXT, &keys).await.expect("loaded"), expected);
    expect_loaded(stores, &rows).await;
    let row = s.verification(&customer, 2);
    assert_eq!(enrolment_of(stores, &row).await, Some(s.enrolment(&customer, 2)));
    let next = stores.views.verification(NEXT, &customer.org, &row.id).await.expect("read");
    assert_eq!(next.expect("there").1, None);
}

/// As many rows at once as a projector's batch has, and as many names.
pub async fn a_batch_of_many_rows_is_whole(stores: &ViewStores, s: &Samples) {
    let states: Vec<_> = (0..500).map(|n| s.state(&s.customer(n), n)).collect();
    let writes = states.iter().map(|state| written(state.as_of.offset.0, boxed_state(state.clone())));
    let writes =
        writes.chain((0..500).map(|n| written(n, boxed_verification(s.verification(&s.customer(n), n)))));
    stores.write(writes.collect()).await;
    let keys: Vec<_> = states.iter().map(|state| RowKey::State(state.customer.clone())).collect();
    let expected: Vec<_> = states.into_iter().map(|state| Some(boxed_state(state))).collect();
    assert_eq!(stores.load(&keys).await, expected);
}

/// A row in two stages is the later write's, not the later stage's; stages without rows are nothing.
pub async fn stages_are_written_whole_and_by_their_timestamps(stores: &ViewStores, s: &Samples) {
    let (earlier, later) = (s.customer(0), s.customer(1));
    let state = |customer, offset| written(offset, boxed_state(s.state(customer, offset)));
    let stages = vec![
        Vec::new(),
        vec![state(&earlier, 9), state(&later, 3)],
        vec![written(4, boxed_verification(s.verification(&later, 4)))],
        vec![state(&earlier, 2), state(&later, 4)],
    ];
    for _ in 0..2 {
        stores.projection.write_in_order(GENERATION, stages.clone()).await.expect("written");
    }
    let row = s.verification(&later, 4);
    let keys = [
        RowKey::State(earlier.clone()),
        RowKey::State(later.clone()),
        RowKey::Verification(later.org.clone(), row.id.clone()),
    ];
    let expected =
        [boxed_state(s.state(&earlier, 9)), boxed_state(s.state(&later, 4)), boxed_verification(row)];
    assert_eq!(stores.load(&keys).await, expected.map(Some));
    stores.projection.write_in_order(GENERATION, vec![Vec::new()]).await.expect("nothing to do");
    stores.projection.write_in_order(GENERATION, Vec::new()).await.expect("nothing to do");
}

/// From whichever handle, at once, while others write.
pub async fn a_read_sees_every_confirmed_write(stores: &ViewStores, s: &Samples) {
    let customers = (0..8).map(|n| async move {
        let customer = s.customer(n);
        for offset in 0..25 {
            stores.write(vec![written(offset, boxed_state(s.state(&customer, offset)))]).await;
            let read = stores.views.customer(GENERATION, &customer).await.expect("read");
            assert_eq!(read.expect("there").as_of.offset, Offset(offset));
        }
    });
    let all = tokio::time::timeout(Duration::from_secs(120), join_all(customers)).await;
    assert_eq!(all.expect("done in time").len(), 8);
}
