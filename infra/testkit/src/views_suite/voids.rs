//! Verifications that count no more: joined on reading, and a customer's tier after them.

use domain::ports::{AttemptsQuery, VerificationView};
use domain::rows::{RowKey, VerificationStatus, ViewRow, VoidRow};

use super::lists::{everything, page};
use super::rows::boxed_verification;
use super::{GENERATION, ViewStores};
use crate::samples::{Samples, TallyCounter, time, written};

fn boxed(row: &VoidRow) -> ViewRow {
    ViewRow::Void(Box::new(row.clone()))
}

async fn view(stores: &ViewStores, s: &Samples, n: u64) -> VerificationView {
    let found = stores.views.verification(GENERATION, &s.org(0), &s.verification_id(n)).await;
    found.expect("read").expect("there").0
}

/// By id and in lists, beside a review too; its enrolment is still there to be shown.
pub async fn a_void_is_joined_to_its_verification(stores: &ViewStores, s: &Samples) {
    let customer = s.customer(0);
    let (verdict, captured, other) =
        (s.verification(&customer, 2), s.captured(&customer, 4), s.verification(&customer, 6));
    let review = s.review(&captured, 9);
    let (first, second) = (s.voided(&verdict, 10), s.voided(&captured, 11));
    let signal = s.signal(&customer, 2, 3);
    stores.write(vec![written(2, boxed_verification(verdict.clone()))]).await;
    stores.write(vec![written(3, ViewRow::Signal(signal.clone()))]).await;
    stores.write(vec![written(4, boxed_verification(captured.clone()))]).await;
    stores.write(vec![written(6, boxed_verification(other.clone()))]).await;
    stores.write(vec![written(9, ViewRow::Review(Box::new(review.clone())))]).await;
    stores.write(vec![written(10, boxed(&first)), written(11, boxed(&second))]).await;
    let of = |org: u64, id: &domain::ids::VerificationId| RowKey::Void(s.org(org), id.clone());
    let keys = [of(0, &verdict.id), of(0, &captured.id), of(0, &other.id), of(1, &verdict.id)];
    assert_eq!(stores.load(&keys).await, [Some(boxed(&first)), Some(boxed(&second)), None, None]);

    let found = view(stores, s, 2).await;
    assert_eq!((&found.row, &found.voided, &found.signals), (&verdict, &Some(first), &vec![signal]));
    let reviewed = view(stores, s, 4).await;
    assert_eq!((&reviewed.review, &reviewed.voided), (&Some(review), &Some(second)));
    assert_eq!(view(stores, s, 6).await.voided, None);
    let whose = Some(customer.customer.clone());
    let listed = page(stores, &AttemptsQuery { customer: whose, ..everything(s) }).await;
    assert_eq!(listed.rows, [view(stores, s, 6).await, reviewed, found]);
}

/// The newest of them says the KYC that stands, whichever row it is of; before a void it is as it was.
pub async fn kyc_rows_have_voids_and_the_newest_row_says_the_kyc(stores: &ViewStores, s: &Samples) {
    let customer = s.customer(0);
    let (row, later) = (s.verification(&customer, 2), s.verification(&customer, 20));
    let (first, second) = (s.voided(&row, 9), s.voided(&later, 30));
    let writes = vec![
        written(2, boxed_verification(row.clone())),
        written(9, boxed(&first)),
        written(20, boxed_verification(later.clone())),
        written(30, boxed(&second)),
    ];
    stores.write(writes).await;
    for (as_of, voids, kyc) in [
        (Some(time(8)), vec![], row.kyc_after),
        (Some(time(9)), vec![first.clone()], first.kyc_after),
        (Some(time(20)), vec![first.clone()], later.kyc_after),
        (None, vec![second.clone(), first.clone()], second.kyc_after),
    ] {
        let found = stores.views.kyc_rows(GENERATION, &customer, as_of).await.expect("read");
        assert_eq!((&found.voids, found.kyc()), (&voids, kyc), "{as_of:?}");
    }
    let other = stores.views.kyc_rows(GENERATION, &s.customer(1), None).await.expect("read");
    assert!(other.voids.is_empty());
}

/// What a void is of stays in every list and total that it was in, whichever of the two is written again, or late.
pub async fn a_void_counts_in_no_list_and_a_verification_written_again_keeps_it(
    stores: &ViewStores,
    s: &Samples,
) {
    let customer = s.customer(0);
    let rows: Vec<_> = (0..5).map(|n| s.verification(&customer, n)).collect();
    let mut counted = TallyCounter::default();
    let writes = counted.writes(&rows);
    let voids: Vec<_> = rows.iter().step_by(2).map(|row| s.voided(row, row.source.offset.0 + 10)).collect();
    let void_writes: Vec<_> = voids.iter().map(|row| written(row.source.offset.0, boxed(row))).collect();
    // The voids come before their rows, then everything once more.
    for writes in [void_writes.clone(), writes.clone(), writes, void_writes] {
        stores.write(writes).await;
    }
    let voids: Vec<_> = voids.into_iter().rev().collect();
    for (status, total) in [(None, 5), (Some(VerificationStatus::Verified), 3)] {
        let found = page(stores, &AttemptsQuery { status, ..everything(s) }).await;
        assert_eq!((found.rows.len() as u64, found.total), (total, total), "{status:?}");
        let shown: Vec<_> = found.rows.iter().filter_map(|view| view.voided.clone()).collect();
        assert_eq!(shown, voids, "{status:?}");
    }
}
