//! Who brought which NIK, and what an erasure leaves of it.

use domain::ids::{CustomerId, OrgId};
use domain::rows::Generation;

use super::{GENERATION, ViewStores};
use crate::samples::{Samples, deleted, written};

async fn holders(stores: &ViewStores, s: &Samples, org: &OrgId, niks: &[u64]) -> Vec<Vec<CustomerId>> {
    let tags: Vec<_> = niks.iter().map(|n| s.nik_tag(*n)).collect();
    stores.niks.holders(GENERATION, org, &tags, 10).await.expect("read")
}

fn sorted<const N: usize>(mut ids: [CustomerId; N]) -> Vec<CustomerId> {
    ids.sort();
    ids.to_vec()
}

/// By org and generation, each customer once, in the order of ids, and no more than are asked for.
pub async fn who_brought_a_nik_is_found_by_it(stores: &ViewStores, s: &Samples) {
    let (one, two, elsewhere) = (s.customer(0), s.customer(1), s.customer_of(1, 0));
    let writes = vec![
        written(1, s.nik_holder(&one, 0)),
        written(2, s.nik_holder(&two, 0)),
        written(3, s.nik_holder(&one, 1)),
        written(4, s.nik_holder(&elsewhere, 0)),
        written(5, s.nik_holder(&one, 0)),
    ];
    for _ in 0..2 {
        stores.write(writes.clone()).await;
        let both = sorted([one.customer.clone(), two.customer.clone()]);
        let found = holders(stores, s, &one.org, &[1, 0, 2]).await;
        assert_eq!(found, [vec![one.customer.clone()], both.clone(), Vec::new()]);
        assert_eq!(
            holders(stores, s, &elsewhere.org, &[0, 1]).await,
            [vec![elsewhere.customer.clone()], vec![]]
        );
        let first = stores.niks.holders(GENERATION, &one.org, &[s.nik_tag(0)], 1).await.expect("read");
        assert_eq!(first, [both[..1].to_vec()]);
    }
    assert_eq!(stores.niks.holders(GENERATION, &one.org, &[], 10).await, Ok(Vec::new()));
    let next = Generation(2);
    assert_eq!(stores.niks.holders(next, &one.org, &[s.nik_tag(0)], 10).await, Ok(vec![Vec::new()]));
}

/// Nor does a zombie that still folds what was before it bring it back.
pub async fn an_erased_customer_brought_no_nik(stores: &ViewStores, s: &Samples) {
    let (erased, other) = (s.customer(0), s.customer(1));
    let before = vec![written(1, s.nik_holder(&erased, 0)), written(2, s.nik_holder(&erased, 1))];
    stores.write(before.clone()).await;
    stores.write(vec![written(3, s.nik_holder(&other, 0))]).await;
    let erasure = deleted(4, s.nik_erasure(&erased, &[0, 1]));
    for writes in [vec![erasure.clone()], before, vec![erasure]] {
        stores.write(writes).await;
        let found = holders(stores, s, &erased.org, &[0, 1]).await;
        assert_eq!(found, [vec![other.customer.clone()], Vec::new()]);
    }
}
