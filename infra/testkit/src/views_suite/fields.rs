//! Every field of every kind of row, one after the other: what is written is what is read. Which fields there are
//! is `field_variations`' business.

use domain::ids::{CustomerRef, VerificationId};
use domain::limits::PAGE_ROWS_MAX;
use domain::ports::{PageRequest, PageStart};
use domain::rows::{RowKey, VerificationRow, ViewRow};

use super::rows::boxed_verification;
use super::{GENERATION, ViewStores};
use crate::field_variations::one_field_changed;
use crate::samples::{Samples, written};

/// A row that is loaded by its key.
fn key_of(row: &ViewRow) -> Option<RowKey> {
    Some(match row {
        ViewRow::Verification(row) => RowKey::Verification(row.customer.org.clone(), row.id.clone()),
        ViewRow::Reference(row) => RowKey::Reference(row.customer.clone(), row.id.clone()),
        ViewRow::Review(row) => RowKey::Review(row.customer.org.clone(), row.verification_id.clone()),
        ViewRow::Note(row) => RowKey::Note(row.customer.clone(), row.source),
        ViewRow::Fallback(row) => RowKey::Fallback(row.customer.org.clone(), row.id.clone()),
        ViewRow::RecheckClosure(row) => RowKey::RecheckClosure(row.customer.org.clone(), row.recheck.clone()),
        ViewRow::State(row) => RowKey::State(row.customer.clone()),
        ViewRow::Tally(row) => RowKey::Tally(row.key.clone()),
        ViewRow::Books(row) => RowKey::Books(row.key.clone()),
        ViewRow::Position(row) => RowKey::Position(row.topic_id, row.partition),
        ViewRow::Enrolment(_)
        | ViewRow::TierEvent(_)
        | ViewRow::Signal(_)
        | ViewRow::Recheck(_)
        | ViewRow::EraseEnrolments(_) => return None,
    })
}

/// The verification beside which an enrolment or a signal is shown.
fn beside(s: &Samples, customer: &CustomerRef, id: &VerificationId) -> VerificationRow {
    VerificationRow { id: id.clone(), ..s.verification(customer, 0) }
}

/// Reads a row by the one way that there is to it.
async fn is_read_back(stores: &ViewStores, s: &Samples, offset: u64, row: ViewRow) {
    let verification = match &row {
        ViewRow::Enrolment(enrolment) => enrolment.verification_id.as_ref().map(|verification| {
            let shown = beside(s, &enrolment.customer, verification);
            VerificationRow { enrolment: Some(enrolment.id.clone()), ..shown }
        }),
        ViewRow::Signal(signal) => Some(beside(s, &signal.customer, &signal.verification_id)),
        _ => None,
    };
    let mut writes = vec![written(offset, row.clone())];
    writes.extend(verification.clone().map(|shown| written(offset, boxed_verification(shown))));
    stores.write(writes).await;
    if let Some(key) = key_of(&row) {
        assert_eq!(stores.load(&[key]).await, [Some(row)]);
        return;
    }
    if let ViewRow::TierEvent(tier_event) = &row {
        let found = stores.views.kyc_rows(GENERATION, &tier_event.customer, None).await.expect("read");
        assert!(found.history.contains(tier_event), "{tier_event:?}: {found:?}");
        return;
    }
    if let ViewRow::Recheck(recheck) = &row {
        let found =
            stores.rechecks.recheck(GENERATION, &recheck.customer.org, &recheck.id).await.expect("read");
        assert_eq!(found.as_ref(), Some(&**recheck));
    }
    if let ViewRow::Enrolment(enrolment) = &row {
        let page = PageRequest { start: PageStart::Skip(0), limit: PAGE_ROWS_MAX };
        let found = stores.views.enrolments(GENERATION, &enrolment.customer, &page).await.expect("read");
        assert!(found.rows.contains(enrolment), "{enrolment:?}: {found:?}");
    }
    let Some(shown) = verification else { return };
    let found = stores.views.verification(GENERATION, &shown.customer.org, &shown.id).await.expect("read");
    let (view, enrolment) = found.expect("the verification is there");
    match &row {
        ViewRow::Enrolment(expected) => assert_eq!(enrolment.as_ref(), Some(expected)),
        ViewRow::Signal(expected) => assert!(view.signals.contains(expected), "{expected:?}: {view:?}"),
        _ => {}
    }
}

/// Sample rows, and each of them once for every field with that field changed.
pub async fn every_field_of_every_row_is_read_as_it_was_written(stores: &ViewStores, s: &Samples) {
    let rows = one_field_changed(s).into_iter().flatten();
    // What an erasure takes away is another case's.
    let rows = rows.filter(|row| !matches!(row, ViewRow::EraseEnrolments(_)));
    for (row, offset) in rows.zip(1..) {
        is_read_back(stores, s, offset, row).await;
    }
}
