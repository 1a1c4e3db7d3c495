//! Erasure: a marker that stays, fields that go, later events refused.

use domain::rows::BookEntry;
use domain::sealed::Purpose;

use crate::given::{Customer, declined, erased, poison, registered, valid, verification};

#[test]
fn a_profile_erasure_nulls_the_fields_and_refuses_what_follows() {
    let all = [Purpose::Profile, Purpose::Biometric, Purpose::Evidence];
    let customer = Customer::registered().when(&[valid(1).at(2), erased(3, &all)]);
    assert_eq!(customer.last_rows(), ["note", "erase_enrolments", "erase_niks"]);
    let registration = customer.state.registration.as_ref().expect("it was registered");
    assert_eq!((&registration.full_name, &registration.external_id), (&None, &None));
    for fact in [valid(2).at(4), declined(3).at(4), valid(1).at(4), registered(4, 1), poison(4)] {
        let after =
            Customer { state: customer.state.clone(), known: customer.known.clone(), history: vec![] }
                .when(std::slice::from_ref(&fact));
        assert_eq!(after.last().effect.entry, Some(BookEntry::Refused), "{fact:?}");
        assert!(after.last().dead_letters.is_empty());
    }
}

#[test]
fn a_refused_verdict_is_told_to_its_caller_and_a_refused_registration_is_not_a_verdict() {
    let customer = Customer::registered().when(&[erased(3, &[Purpose::Profile]), valid(2).at(4)]);
    assert_eq!(customer.last_outcomes(), ["VerdictUnapplied"]);
    let customer = customer.when(&[registered(5, 1)]);
    assert!(customer.last().outcomes.is_empty());
}

#[test]
fn a_withdrawn_biometric_consent_leaves_the_identity_record() {
    let customer =
        Customer::registered().when(&[valid(1).at(2), erased(3, &[Purpose::Biometric]), valid(2).at(4)]);
    assert_eq!(customer.last_rows(), ["verification"]);
    assert_eq!(customer.known.verifications[&verification(2)].enrolment, None);
    assert!(customer.state.registration.as_ref().is_some_and(|r| r.full_name.is_some()));
}

#[test]
fn an_erasure_comes_through_a_quarantine() {
    let customer = Customer::registered().when(&[poison(2), erased(3, &[Purpose::Profile])]);
    assert!(customer.state.erased.contains(Purpose::Profile));
    assert_eq!(customer.last().effect.entry, Some(BookEntry::Applied));
    // Nothing is parked for somebody who is gone.
    let customer = customer.when(&[valid(1).at(4)]);
    assert_eq!(customer.last().effect.entry, Some(BookEntry::Refused));
}
