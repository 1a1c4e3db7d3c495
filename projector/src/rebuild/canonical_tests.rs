//! Every field of every row changes its digest, and so does its timestamp. What the fields are: `testkit`.

use std::collections::BTreeSet;

use domain::rows::WriteTimestamp;
use testkit::field_variations::one_field_changed;
use testkit::samples::Samples;

use super::*;

#[test]
fn a_sum_does_not_know_the_order() {
    let numbers = [[0xff; 32], [1; 32], [0x80; 32]].map(RowDigest);
    let sum = |order: [usize; 3]| {
        let mut sum = RowDigest::default();
        order.iter().for_each(|n| sum.add(numbers[*n]));
        sum
    };
    assert_eq!(sum([0, 1, 2]), sum([2, 0, 1]));
    let mut one = RowDigest([0xff; 32]);
    let mut least = [0; 32];
    least[31] = 1;
    one.add(RowDigest(least));
    assert_eq!(one, RowDigest::default(), "modulo 2^256");
}

#[test]
fn every_field_and_the_timestamp_change_the_digest() {
    let rows: Vec<_> = one_field_changed(&Samples::new(1)).into_iter().flatten().collect();
    let mut digests = BTreeSet::new();
    for row in &rows {
        for at in [7, 8] {
            let stamped = (WriteTimestamp::from_value(at), row.clone());
            assert_eq!(RowDigest::of(&stamped), RowDigest::of(&stamped));
            digests.insert(RowDigest::of(&stamped).to_string());
        }
    }
    assert_eq!(digests.len(), 2 * rows.len());
}
