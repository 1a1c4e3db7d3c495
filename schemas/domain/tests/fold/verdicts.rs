//! Verdicts: applied, declined, repeated, conflicting, out of order, from a later build.

use domain::fold::{
    CAUSE_INCONSISTENT, CAUSE_NOT_REGISTERED, Fact, FoldStop, KnownRows, SIGNAL_CONFLICT, fold,
};
use domain::ids::{CustomerId, CustomerRef};
use domain::outcome::Outcome;
use domain::redelivery::recall;
use domain::rows::{BookEntry, VerificationStatus, ViewRow};

use crate::given::{Customer, at, declined, registered, source, valid, verification};

#[test]
fn given_a_registered_customer_when_a_valid_verdict_then_row_enrolment_tier_and_outcomes() {
    let customer = Customer::registered().when(&[valid(1).at(5)]);
    assert_eq!(customer.last_rows(), ["verification", "enrolment", "tier_event"]);
    assert_eq!(customer.last_outcomes(), ["FaceEnrolled", "KycUpdated", "VerificationCreated"]);
    let row = &customer.known.verifications[&verification(1)];
    assert_eq!((row.status, row.score), (VerificationStatus::Verified, Some(100)));
    assert_eq!(row.created_at, at(5));
    assert_eq!(customer.last().effect.entry, Some(BookEntry::Applied));
    assert_eq!(customer.state.as_of.offset.0, 5);
}

#[test]
fn given_a_registered_customer_when_declined_then_a_failed_row_and_nothing_else() {
    let customer = Customer::registered().when(&[declined(1).at(5)]);
    assert_eq!(customer.last_rows(), ["verification"]);
    assert_eq!(customer.last_outcomes(), ["VerificationCreated"]);
    let row = &customer.known.verifications[&verification(1)];
    assert_eq!((row.status, row.score, &row.enrolment), (VerificationStatus::Failed, None, &None));
    assert_eq!(row.kyc_after, row.kyc_before);
}

#[test]
fn given_a_row_when_the_same_body_again_then_a_duplicate_with_the_first_answer() {
    let customer = Customer::registered().when(&[valid(1).at(5), valid(1).at(9)]);
    assert_eq!(customer.last_rows(), ["note"]);
    assert_eq!(customer.last().effect.entry, Some(BookEntry::Duplicate));
    assert_eq!(customer.history[1].outcomes.last(), customer.last().outcomes.last());
    assert!(customer.last().effect.counted.is_empty());
}

#[test]
fn given_a_row_when_another_body_then_a_conflict_a_signal_and_no_effect() {
    let mut other = declined(1);
    other.body = 77;
    let before = Customer::registered().when(&[valid(1).at(5)]);
    let kyc = before.state.kyc;
    let customer = before.when(&[other.at(9)]);
    assert_eq!(customer.last_rows(), ["note", "signal"]);
    assert_eq!(customer.last_outcomes(), ["SignalRaised", "VerdictConflicted"]);
    let Some(Outcome::VerdictConflicted(conflict)) = customer.last().outcomes.last() else {
        panic!("a conflict")
    };
    assert_eq!((conflict.source, conflict.first_source), (source(9), source(5)));
    assert_eq!((conflict.body_fingerprint.0[0], conflict.first_body_fingerprint.0[0]), (77, 1));
    assert_eq!(customer.state.kyc, kyc);
}

#[test]
fn given_another_customers_row_under_that_id_when_a_verdict_then_it_is_no_repetition() {
    let mut customer = Customer::registered().when(&[valid(1).at(5)]);
    let row = customer.known.verifications.get_mut(&verification(1)).expect("a row");
    row.customer = CustomerRef::new(row.customer.org.clone(), CustomerId::from_bytes([8; 16]));
    let customer = customer.when(&[valid(1).at(9)]);
    assert_eq!(customer.last().effect.entry, Some(BookEntry::Applied));
    assert_eq!(customer.known.verifications[&verification(1)].source, source(9));
}

/// Contract §1: max(the log's append time, the customer's previous one), whatever the row is.
#[test]
fn created_at_never_goes_back_when_the_logs_clock_does() {
    let customer =
        Customer::registered().when(&[valid(1).appended(5, 9_000), declined(2).appended(6, 8_000)]);
    assert_eq!(customer.known.verifications[&verification(2)].created_at, at(9_000));

    let mut other = declined(1);
    other.body = 77;
    for (appended, signalled, then) in [(8_000, 9_000, 9_000), (9_500, 9_500, 9_500)] {
        let facts = [valid(1).appended(5, 9_000), other.appended(6, appended)];
        let customer = Customer::registered().when(&facts);
        let Some((_, ViewRow::Signal(signal))) = customer.last().rows.last() else { panic!("a signal") };
        assert_eq!((signal.created_at, signal.source), (at(signalled), source(6)));
        assert_eq!((&signal.verification_id, signal.kind.as_str()), (&verification(1), SIGNAL_CONFLICT));
        let customer = customer.when(&[declined(2).appended(7, 7_000)]);
        assert_eq!(
            customer.known.verifications[&verification(2)].created_at,
            at(then),
            "nor behind a signal"
        );
    }
}

#[test]
fn what_cannot_be_is_poison_with_a_cause() {
    let mut headless = valid(1).event();
    headless.photo = None;
    let headless = match valid(1).at(1) {
        Fact::Event(mut event) => {
            event.event = domain::event::Event::DukcapilVerdictReceived(headless);
            Fact::Event(event)
        }
        Fact::Poison(_) => panic!("an event"),
    };
    for (customer, fact, cause) in [
        (Customer::unknown(), valid(1).at(1), CAUSE_NOT_REGISTERED),
        (Customer::registered(), headless, CAUSE_INCONSISTENT),
    ] {
        let customer = customer.when(&[fact]);
        assert_eq!(customer.last().dead_letters, [(source(1), cause.to_owned())]);
        assert!(customer.state.quarantine.is_some());
        assert_eq!(customer.last_outcomes(), ["VerdictUnapplied"]);
    }
}

#[test]
fn a_policy_of_a_later_build_stops_the_fold_and_changes_nothing() {
    let mut verdict = valid(1);
    verdict.policy = 99;
    let mut customer = Customer::registered();
    let stop = fold(customer.state.clone(), &verdict.at(4), &mut customer.known);
    assert_eq!(stop, Err(FoldStop::UnknownPolicy(99)));
    assert!(customer.known == KnownRows::default());
}

#[test]
fn given_a_second_registration_then_the_first_counts() {
    for (body, entry) in [(1, BookEntry::Duplicate), (2, BookEntry::Conflict)] {
        let customer = Customer::registered().when(&[registered(3, body)]);
        assert_eq!(customer.last().effect.entry, Some(entry));
        assert_eq!(customer.state.registration.as_ref().expect("registered").source, source(0));
        assert!(customer.last().outcomes.is_empty());
    }
}

#[test]
fn a_redelivery_recalls_what_the_fold_published_and_counted() {
    let mut other = valid(1);
    other.body = 50;
    let facts =
        [valid(1).at(5), declined(2).at(6), valid(1).at(7), other.at(8), registered(9, 1), registered(10, 2)];
    let customer = Customer::registered().when(&facts);
    let notes = |wanted| {
        customer.history.iter().flat_map(|f| &f.rows).find_map(|(_, row)| match row {
            ViewRow::Note(note) if note.source == wanted => Some(note.clone()),
            _ => None,
        })
    };
    for (fact, folded) in facts.iter().zip(&customer.history[1..]) {
        let recalled = recall(fact, &notes, &customer.known).expect("a trace");
        assert_eq!(recalled.outcomes, folded.outcomes, "{:?}", fact.source());
        assert_eq!(recalled.effect, folded.effect, "{:?}", fact.source());
    }
}

#[test]
fn a_redelivery_without_a_trace_is_said_so() {
    let customer = Customer::registered();
    assert!(recall(&valid(1).at(5), &|_| None, &customer.known).is_err());
}
