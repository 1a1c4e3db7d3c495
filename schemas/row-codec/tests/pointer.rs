//! Pointers come back as they were, and what is none is refused.
#![allow(missing_docs, reason = "a test has no readers but its own")]

use domain::event::{Offset, Partition};
use domain::ports::{Handover, Pointer, SecondGeneration};
use domain::rows::Generation;
use row_codec::{RowError, pointer_body, read_pointer};
use testkit::samples::Samples;

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
        let body = pointer_body(&whole);
        assert_eq!(read_pointer(one, &body), Ok(whole));
        for length in 0..body.len() {
            let cut = read_pointer(one, &body[..length]);
            assert!(matches!(cut, Err(RowError::Malformed { .. })), "{length} bytes");
        }
    }
    let mut later = pointer_body(&Pointer::FIRST);
    later[0] = 3;
    let read = read_pointer(one, &later);
    assert!(matches!(read, Err(RowError::Newer { found: 3, known: 2, .. })), "{read:?}");
}
