//! The codec leaves no field out: every sample row with any one field changed has other bytes, and comes back as it
//! was. What is no body is refused.
#![allow(missing_docs, reason = "a test has no readers but its own")]

use std::collections::BTreeSet;

use domain::ports::{FaceModelId, FaceVectorRow};
use domain::rows::*;
use row_codec::{RowBody, RowError, write_canonical};
use testkit::field_variations::one_field_changed;
use testkit::samples::Samples;

/// The row's body, and the row that its key and that body give.
fn there_and_back(row: &ViewRow, change: impl Fn(&mut Vec<u8>)) -> Option<Result<ViewRow, RowError>> {
    fn of<R: RowBody>(row: &R, key: R::Key, change: impl Fn(&mut Vec<u8>)) -> Result<R, RowError> {
        let mut body = row.body();
        change(&mut body);
        R::read_body(key, &body)
    }
    Some(match row {
        ViewRow::Verification(row) => of(&**row, (row.customer.org.clone(), row.id.clone()), change)
            .map(|row| ViewRow::Verification(Box::new(row))),
        ViewRow::Enrolment(row) => {
            of(row, (row.customer.clone(), row.id.clone()), change).map(ViewRow::Enrolment)
        }
        ViewRow::Reference(row) => {
            of(row, (row.customer.clone(), row.id.clone()), change).map(ViewRow::Reference)
        }
        ViewRow::Review(row) => of(&**row, (row.customer.org.clone(), row.verification_id.clone()), change)
            .map(|row| ViewRow::Review(Box::new(row))),
        ViewRow::Void(row) => of(&**row, (row.customer.org.clone(), row.verification_id.clone()), change)
            .map(|row| ViewRow::Void(Box::new(row))),
        ViewRow::TierEvent(row) => of(row, row.customer.clone(), change).map(ViewRow::TierEvent),
        ViewRow::Note(row) => of(row, row.customer.clone(), change).map(ViewRow::Note),
        ViewRow::Fallback(row) => {
            of(row, (row.customer.org.clone(), row.id.clone()), change).map(ViewRow::Fallback)
        }
        ViewRow::RecheckClosure(row) => {
            let key = (row.customer.org.clone(), row.recheck.clone());
            of(row, key, change).map(ViewRow::RecheckClosure)
        }
        ViewRow::Recheck(row) => of(&**row, (row.customer.org.clone(), row.id.clone()), change)
            .map(|row| ViewRow::Recheck(Box::new(row))),
        ViewRow::State(row) => {
            of(&**row, row.customer.clone(), change).map(|row| ViewRow::State(Box::new(row)))
        }
        ViewRow::Tally(row) => of(row, (row.key.clone(), row.count), change).map(ViewRow::Tally),
        ViewRow::Books(row) => of(row, row.key.clone(), change).map(ViewRow::Books),
        ViewRow::Position(row) => of(row, (row.topic_id, row.partition), change).map(ViewRow::Position),
        ViewRow::Signal(_) | ViewRow::EraseEnrolments(_) => return None,
        ViewRow::NikHolder(_) | ViewRow::EraseNiks(_) => return None,
    })
}

fn canonical(row: &ViewRow) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_canonical(row, &mut bytes);
    bytes
}

#[test]
fn every_field_is_in_the_bytes() {
    let kinds = one_field_changed(&Samples::new(1));
    let all: Vec<&ViewRow> = kinds.iter().flatten().collect();
    let bytes: BTreeSet<Vec<u8>> = all.iter().map(|row| canonical(row)).collect();
    assert_eq!(bytes.len(), all.len(), "no two rows have the same bytes");
    assert_eq!(kinds.len(), 17, "every kind of row");
    assert!(all.len() > 150, "{} rows", all.len());
}

#[test]
fn every_row_comes_back_as_it_was() {
    for row in one_field_changed(&Samples::new(1)).into_iter().flatten() {
        if let Some(back) = there_and_back(&row, |_| {}) {
            assert_eq!(back, Ok(row));
        }
    }
}

#[test]
fn what_is_cut_or_longer_is_refused() {
    for row in one_field_changed(&Samples::new(1)).into_iter().filter_map(|rows| rows.into_iter().next()) {
        let Some(whole) = there_and_back(&row, |_| {}) else { continue };
        assert_eq!(whole.as_ref(), Ok(&row));
        for length in 0..canonical(&row).len() {
            let cut = there_and_back(&row, |body| body.truncate(length.min(body.len() - 1)));
            assert!(matches!(cut, Some(Err(RowError::Malformed { .. }))), "{length} bytes: {cut:?}");
        }
        let longer = there_and_back(&row, |body| body.push(0));
        assert!(matches!(longer, Some(Err(RowError::Malformed { .. }))), "{longer:?}");
    }
}

#[test]
fn a_body_of_a_later_format_says_so() {
    for row in one_field_changed(&Samples::new(1)).into_iter().filter_map(|rows| rows.into_iter().next()) {
        let Some(later) = there_and_back(&row, |body| body[0] = 9) else { continue };
        let error = later.expect_err("not to be guessed at");
        assert!(matches!(error, RowError::Newer { found: 9, .. }), "{error:?}");
        assert!(error.to_string().contains("a later build"), "{error}");
        let zero = there_and_back(&row, |body| body[0] = 0);
        assert!(matches!(zero, Some(Err(RowError::Malformed { .. }))));
    }
}

/// A set is not cut down to the members that this build knows: the row would be written back without the others.
#[test]
fn a_set_or_a_word_that_is_not_known_is_refused() {
    let s = Samples::new(1);
    let state = CustomerState { registration: None, quarantine: None, ..s.state(&s.customer(0), 1) };
    let body = state.body();
    // Format, partition, as of, no registration.
    let sets = 1 + 4 + 28 + 1;
    for at in [sets, sets + 1] {
        let mut changed = body.clone();
        changed[at] |= 0x80;
        let read = CustomerState::read_body(state.customer.clone(), &changed);
        assert!(matches!(read, Err(RowError::UnknownCode { .. })), "{read:?}");
    }
    let event = s.tier_event(&s.customer(0), 1);
    let body = event.body();
    let none = body.windows(4).position(|word| word == b"none").expect("the tier before");
    let mut changed = body;
    changed[none..none + 4].copy_from_slice(b"gold");
    let read = TierEventRow::read_body(event.customer.clone(), &changed);
    assert_eq!(read, Err(RowError::UnknownCode { row: "tier event", part: "tier" }));
}

#[test]
fn a_face_vector_leaves_no_field_out() {
    let rows = Samples::new(1).face_vectors_changed();
    let mut bytes = BTreeSet::new();
    for row in &rows {
        let body = row.body();
        let key = || (row.customer.clone(), row.model.clone());
        assert_eq!(FaceVectorRow::read_body(key(), &body).as_ref(), Ok(row));
        for length in 1..body.len() {
            let cut = FaceVectorRow::read_body(key(), &body[..length]);
            assert!(matches!(cut, Err(RowError::Malformed { .. })), "{length} bytes: {cut:?}");
        }
        let longer: Vec<u8> = body.iter().copied().chain([0]).collect();
        assert!(matches!(FaceVectorRow::read_body(key(), &longer), Err(RowError::Malformed { .. })));
        let later: Vec<u8> = [9].into_iter().chain(body[1..].iter().copied()).collect();
        assert!(matches!(FaceVectorRow::read_body(key(), &later), Err(RowError::Newer { found: 9, .. })));
        let FaceModelId { name, sha256 } = row.model.clone();
        bytes.insert((row.customer.clone(), name, sha256, body));
    }
    assert_eq!(bytes.len(), rows.len(), "no two rows have the same bytes");
}
