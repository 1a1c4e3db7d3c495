//! Faces: references by name and in lists, and what a match decided.

use domain::ids::CustomerRef;
use domain::ports::{EnrolmentsPage, PageRequest, PageStart};
use domain::rows::{
    Disposition, EnrolmentRow, EventNote, FaceSource, Generation, ReferenceRow, RowKey, ViewRow,
};

use super::rows::boxed_verification;
use super::{GENERATION, ViewStores};
use crate::samples::{Samples, deleted, time, written};

fn name_of(row: &ReferenceRow) -> RowKey {
    RowKey::Reference(row.customer.clone(), row.id.clone())
}

async fn list(stores: &ViewStores, customer: &CustomerRef, start: PageStart, limit: usize) -> EnrolmentsPage {
    let request = PageRequest { start, limit };
    stores.views.enrolments(GENERATION, customer, &request).await.expect("listed")
}

/// What a match decided is in its row; one that came by itself has a reference and a note that names it.
pub async fn a_match_and_a_reference_come_back_as_they_were_written(stores: &ViewStores, s: &Samples) {
    let customer = s.customer(0);
    let (matched, reference) = (s.matched(&customer, 2), s.kept_reference(&customer, 4));
    let note = EventNote {
        verification_id: None,
        reference_id: Some(reference.id.clone()),
        ..s.note(&customer, 4, Disposition::Applied)
    };
    let mut signals = [s.signal(&customer, 2, 2), s.signal(&customer, 2, 2)];
    signals[1].kind = "probe_equals_reference".to_owned();
    let mut writes: Vec<_> =
        signals.iter().map(|signal| written(2, ViewRow::Signal(signal.clone()))).collect();
    writes.push(written(2, boxed_verification(matched.clone())));
    writes.push(written(4, ViewRow::Reference(reference.clone())));
    writes.push(written(4, ViewRow::Note(note.clone())));
    stores.write(writes).await;
    let keys = [
        RowKey::Verification(customer.org.clone(), matched.id.clone()),
        name_of(&reference),
        RowKey::Note(customer.clone(), note.source),
    ];
    let rows = [boxed_verification(matched.clone()), ViewRow::Reference(reference), ViewRow::Note(note)];
    assert_eq!(stores.load(&keys).await, rows.map(Some));
    let found = stores.views.verification(GENERATION, &customer.org, &matched.id).await.expect("read");
    let (view, enrolment) = found.expect("there");
    assert_eq!((view.row, enrolment), (matched, None));
    assert_eq!(view.signals, signals, "two that were noticed at one event");
}

/// By its customer and its id; none of another customer or generation. It outlives its enrolment.
pub async fn a_reference_outlives_the_erasure_of_its_enrolment(stores: &ViewStores, s: &Samples) {
    let customer = s.customer(0);
    let (row, enrolment) = (s.kept_reference(&customer, 3), s.reference(&customer, 3));
    let writes = [ViewRow::Reference(row.clone()), ViewRow::Enrolment(enrolment)];
    stores.write(writes.map(|row| written(5, row)).to_vec()).await;
    let keys = [name_of(&row), RowKey::Reference(s.customer(1), row.id.clone()), name_of(&row)];
    let found = Some(ViewRow::Reference(row.clone()));
    assert_eq!(stores.load(&keys).await, [found.clone(), None, found.clone()]);
    let elsewhere = stores.projection.load(Generation(2), &keys).await.expect("loaded");
    assert_eq!(elsewhere, vec![None; 3]);
    stores.write(vec![deleted(9, ViewRow::EraseEnrolments(customer.clone()))]).await;
    assert_eq!(stores.load(&keys).await, [found.clone(), None, found]);
    assert_eq!(list(stores, &customer, PageStart::Skip(0), 10).await.total, 0);
}

/// Page by page, to beyond the end, whatever order they were written in; and only the customer's own.
pub async fn references_are_listed_newest_first_with_their_total(stores: &ViewStores, s: &Samples) {
    let customer = s.customer(0);
    let empty = list(stores, &customer, PageStart::Skip(0), 4).await;
    assert_eq!(empty, EnrolmentsPage { rows: Vec::new(), total: 0, more: false });
    let rows: Vec<_> = (0..10)
        .map(|n| if n % 3 == 0 { s.reference(&customer, n) } else { s.enrolment(&customer, n) })
        .collect();
    for row in
        rows.iter().rev().chain([&s.reference(&s.customer(1), 20), &s.reference(&s.customer_of(1, 0), 21)])
    {
        stores.write(vec![written(row.source.offset.0, ViewRow::Enrolment(row.clone()))]).await;
    }
    let all: Vec<_> = rows.into_iter().rev().collect();
    for (skip, limit, expected, more) in [
        (0, 4, &all[0..4], true),
        (4, 4, &all[4..8], true),
        (8, 4, &all[8..], false),
        (6, 4, &all[6..], false),
        (0, 10, &all[..], false),
        (0, 100, &all[..], false),
        (0, 0, &[], true),
        (10, 4, &[], false),
        (u64::MAX, 4, &[], false),
    ] {
        let page = list(stores, &customer, PageStart::Skip(skip), limit).await;
        assert_eq!((&page.rows[..], page.more, page.total), (expected, more, 10), "{skip}, {limit}");
    }
    // A row that comes between two pages neither repeats a row nor hides one.
    stores.write(vec![written(11, ViewRow::Enrolment(s.reference(&customer, 11)))]).await;
    for (after, expected, more) in [(3, &all[4..8], true), (5, &all[6..10], false), (9, &[], false)] {
        let page = list(stores, &customer, PageStart::After(all[after].place()), 4).await;
        assert_eq!((&page.rows[..], page.more, page.total), (expected, more, 11), "after {after}");
    }
    let elsewhere = stores.views.enrolments(
        Generation(2),
        &customer,
        &PageRequest { start: PageStart::Skip(0), limit: 4 },
    );
    assert_eq!(elsewhere.await.expect("listed").total, 0);
}

/// Of one instant: by partition, then by offset.
pub async fn references_of_one_instant_are_ordered_by_their_place(stores: &ViewStores, s: &Samples) {
    let customer = s.customer(0);
    let row = |n: u64, partition: u32, offset: u64| EnrolmentRow {
        source: s.source(partition, offset),
        created_at: time(7),
        ..s.reference(&customer, n)
    };
    let rows = [row(1, 2, 1), row(2, 1, 9), row(3, 1, 4), row(4, 0, 12)];
    for at in [2, 0, 3, 1] {
        stores.write(vec![written(at, ViewRow::Enrolment(rows[at as usize].clone()))]).await;
    }
    assert_eq!(list(stores, &customer, PageStart::Skip(0), 10).await.rows, rows);
}

/// Written again it is listed once, a late older write changes nothing, and what an erasure deleted is not listed.
pub async fn a_list_of_references_has_each_once_and_no_erased_one(stores: &ViewStores, s: &Samples) {
    let customer = s.customer(0);
    let row = s.reference(&customer, 3);
    let older = EnrolmentRow { face_source: FaceSource::StepUpPromotion, ..row.clone() };
    for (at, row) in [(5, &row), (5, &row), (4, &older)] {
        stores.write(vec![written(at, ViewRow::Enrolment(row.clone()))]).await;
    }
    let page = list(stores, &customer, PageStart::Skip(0), 10).await;
    assert_eq!((page.rows, page.total), (vec![row], 1));
    stores.write(vec![deleted(8, ViewRow::EraseEnrolments(customer.clone()))]).await;
    let after = s.reference(&customer, 9);
    stores.write(vec![written(9, ViewRow::Enrolment(after.clone()))]).await;
    let page = list(stores, &customer, PageStart::Skip(0), 10).await;
    assert_eq!((page.rows, page.total), (vec![after], 1));
}
