//! Cells come back as they went in, and what is not one is refused without a panic.

use domain::event::{Offset, Partition};
use domain::ports::{Handover, Pointer, SecondGeneration, StoreError};
use domain::rows::{Disposition, Generation};
use testkit::samples::Samples;

use super::*;

#[test]
fn rows_come_back() {
    let s = Samples::new(1);
    let customer = s.customer(0);
    for n in [1, 2] {
        let row = s.verification(&customer, n);
        let read = decode_verification(&customer.org, &row.id, &verification(&row));
        assert_eq!(read, Ok(row));
    }
    let row = s.enrolment(&customer, 2);
    assert_eq!(decode_enrolment(&customer, &row.id, &enrolment(&row)), Ok(row));
    let row = s.tier_event(&customer, 2);
    assert_eq!(decode_tier_event(&customer, &tier_event(&row)), Ok(row));
    let row = s.note(&customer, 2, Disposition::Parked);
    assert_eq!(decode_note(&customer, &note(&row)), Ok(row));
    let row = s.state(&customer, 2);
    assert_eq!(decode_state(&customer, &state(&row)), Ok(row));
    let row = s.books(2);
    assert_eq!(decode_books(row.key.clone(), &books(&row)), Ok(row));
    let row = s.position(2);
    assert_eq!(decode_position(s.topic(0), Partition(0), &position(&row)), Ok(row));
}

#[test]
fn every_shape_of_a_pointer_comes_back_and_a_cut_one_is_refused() {
    let (one, two) = (Generation(1), Generation(2));
    let from = vec![(Partition(0), Offset(7)), (Partition(u32::MAX), Offset(u64::MAX))];
    let at = Handover { topic_id: Samples::new(1).topic(0), from };
    for beside in [
        None,
        Some(SecondGeneration::Building(two)),
        Some(SecondGeneration::Next(two, at.clone())),
        Some(SecondGeneration::Previous(two, at.clone())),
        Some(SecondGeneration::Leaving(two, at)),
        Some(SecondGeneration::Dropping(two)),
    ] {
        let whole = Pointer::FIRST.changed(one, beside);
        let bytes = pointer(&whole);
        assert_eq!(decode_pointer(one, &bytes), Ok(whole));
        for length in 0..bytes.len() {
            let cut = decode_pointer(one, &bytes[..length]);
            assert!(matches!(cut, Err(StoreError::Corrupt(_))), "{length} bytes");
        }
    }
}

#[test]
fn a_cut_cell_and_one_of_a_later_format_are_refused() {
    let s = Samples::new(1);
    let customer = s.customer(0);
    let mut bytes = state(&s.state(&customer, 2)).to_vec();
    for length in 0..bytes.len() {
        let cut = decode_state(&customer, &bytes[..length]);
        assert!(matches!(cut, Err(StoreError::Corrupt(_))), "{length} bytes");
    }
    bytes.push(0);
    assert!(matches!(decode_state(&customer, &bytes), Err(StoreError::Corrupt(_))));
    bytes.pop();
    bytes[0] = 2;
    let Err(StoreError::Corrupt(words)) = decode_state(&customer, &bytes) else { panic!("it was read") };
    assert!(words.contains("format 2"), "{words}");
}
