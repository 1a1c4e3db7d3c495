//! Rechecks: opened by a declared failure, settled by a verdict, by the bank or by an erasure.

use domain::capture::CaptureVerdict;
use domain::classify::ReasonCategory;
use domain::event::Event;
use domain::fold::{Fact, reopened};
use domain::ids::RecheckId;
use domain::outcome::Outcome;
use domain::policy::Tier;
use domain::recheck::{RecheckStatus, SettledHow};
use domain::redelivery::recall;
use domain::rows::{BookEntry, EventNote, RecheckRow, ViewRow};
use domain::sealed::Purpose;

use crate::given::{Customer, at, declined, erased, fact, poison, release, source, valid, verification};
use crate::given_captures::{Capture, capture};
use crate::given_rechecks::{closing, failure, fallback_id, recheck_id};

/// A declined verdict with that category.
fn denied(n: u8, category: Option<ReasonCategory>, offset: u64) -> Fact {
    let mut event = declined(n).event();
    event.reason_category = category;
    fact(offset, offset as i64, Event::DukcapilVerdictReceived(event))
}

fn recheck(customer: &Customer) -> &RecheckRow {
    customer.state.recheck.as_deref().expect("a recheck")
}

/// A name, what happens, and where the recheck stands then with how many attempts.
type HistoryRow = (&'static str, Vec<Fact>, Option<(RecheckStatus, u64)>);

fn histories_of_verdicts() -> Vec<HistoryRow> {
    use ReasonCategory as C;
    use RecheckStatus::{Confirmed, Contradicted, Open};
    vec![
        ("nothing", vec![], None),
        ("a verdict alone", vec![valid(1).at(5)], None),
        ("a failure", vec![failure(1).at(5)], Some((Open, 3))),
        ("two", vec![failure(1).at(5), failure(2).at(6)], Some((Open, 6))),
        ("after the verdict", vec![valid(1).at(5), failure(1).at(6)], None),
        ("after a declined one", vec![declined(1).at(5), failure(1).at(6)], Some((Open, 3))),
        ("confirmed", vec![failure(1).at(5), valid(1).at(6)], Some((Confirmed, 3))),
        (
            "and a failure after it",
            vec![failure(1).at(5), valid(1).at(6), failure(2).at(7)],
            Some((Confirmed, 3)),
        ),
        ("not found", vec![failure(1).at(5), denied(1, Some(C::NotFound), 6)], Some((Contradicted, 3))),
        ("mismatch", vec![failure(1).at(5), denied(1, Some(C::Mismatch), 6)], Some((Contradicted, 3))),
        ("deceased", vec![failure(1).at(5), denied(1, Some(C::Deceased), 6)], Some((Contradicted, 3))),
        (
            "duplicate",
            vec![failure(1).at(5), denied(1, Some(C::DuplicateRecord), 6)],
            Some((Contradicted, 3)),
        ),
        ("inactive", vec![failure(1).at(5), denied(1, Some(C::Inactive), 6)], Some((Contradicted, 3))),
        ("bad format", vec![failure(1).at(5), denied(1, Some(C::BadFormat), 6)], Some((Contradicted, 3))),
        ("quota", vec![failure(1).at(5), denied(1, Some(C::Quota), 6)], Some((Open, 3))),
        ("other", vec![failure(1).at(5), denied(1, Some(C::Other), 6)], Some((Open, 3))),
        ("no reason", vec![failure(1).at(5), denied(1, None, 6)], Some((Open, 3))),
        (
            "no reason, then yes",
            vec![failure(1).at(5), denied(1, None, 6), valid(2).at(7)],
            Some((Confirmed, 3)),
        ),
        (
            "contradicted is final",
            vec![failure(1).at(5), declined(1).at(6), valid(2).at(7)],
            Some((Contradicted, 3)),
        ),
        (
            "a failure after it opens a new one",
            vec![failure(1).at(5), declined(1).at(6), failure(2).at(7)],
            Some((Open, 3)),
        ),
        (
            "not once it is corrected",
            vec![failure(1).at(5), declined(1).at(6), valid(2).at(7), failure(2).at(8)],
            Some((Contradicted, 3)),
        ),
    ]
}

fn histories_of_closings_and_erasures() -> Vec<HistoryRow> {
    use RecheckStatus::{Closed, Confirmed, Erased, Open};
    let all = [Purpose::Profile, Purpose::Biometric, Purpose::Evidence];
    vec![
        ("closed", vec![failure(1).at(5), closing(1, recheck_id(1), 6)], Some((Closed, 3))),
        (
            "closed is final",
            vec![failure(1).at(5), closing(1, recheck_id(1), 6), valid(1).at(7)],
            Some((Closed, 3)),
        ),
        (
            "a failure after it opens a new one",
            vec![failure(1).at(5), closing(1, recheck_id(1), 6), failure(2).at(7)],
            Some((Open, 3)),
        ),
        ("erased", vec![failure(1).at(5), erased(6, &all)], Some((Erased, 3))),
        ("evidence alone", vec![failure(1).at(5), erased(6, &[Purpose::Evidence])], Some((Open, 3))),
        (
            "erased after it was settled",
            vec![failure(1).at(5), valid(1).at(6), erased(7, &all)],
            Some((Confirmed, 3)),
        ),
        ("erased before", vec![erased(5, &all), failure(1).at(6)], None),
    ]
}

#[test]
fn given_a_history_then_the_recheck_stands_there() {
    use RecheckStatus::Open;
    for (name, given, then) in histories_of_verdicts().into_iter().chain(histories_of_closings_and_erasures())
    {
        let customer = Customer::registered().when(&given);
        let stands = customer.state.recheck.as_deref().map(|row| (row.status, row.attempts));
        assert_eq!(stands, then, "{name}");
        // The row that was written last is the state's.
        let rows = customer.history.iter().flat_map(|folded| &folded.rows);
        let written =
            rows.filter_map(|(_, row)| if let ViewRow::Recheck(row) = row { Some(row) } else { None });
        assert_eq!(written.last(), customer.state.recheck.as_ref(), "{name}");
        if let Some(row) = customer.state.recheck.as_deref() {
            let is_open = row.status == Open;
            assert_eq!((row.settled_at.is_none(), row.how.is_none()), (is_open, is_open), "{name}");
        }
    }
}

#[test]
fn a_card_with_a_failure_is_standard_at_once_and_confirmed_later() {
    let customer = Customer::registered().when(&[failure(1).with(capture(2), 5)]);
    assert_eq!(customer.state.kyc.tier, Tier::Standard);
    assert_eq!(customer.last_rows(), ["verification", "enrolment", "tier_event", "recheck", "fallback"]);
    assert_eq!(
        customer.last_outcomes(),
        ["FaceEnrolled", "KycUpdated", "FallbackRecheckOpened", "VerificationCreated"]
    );
    let opened = recheck(&customer).clone();
    assert_eq!((opened.opened_at, opened.last_attempt_at), (at(5), at(1)));
    let declared = &customer.known.fallbacks[&fallback_id(1)];
    assert_eq!(
        (&declared.recheck, declared.opened, &declared.verification_id),
        (&Some(opened.id.clone()), true, &Some(verification(2)))
    );

    let customer = customer.when(&[valid(3).at(6)]);
    assert_eq!(
        customer.last_outcomes(),
        ["FaceEnrolled", "KycUpdated", "FallbackRecheckSettled", "VerificationCreated"]
    );
    let Outcome::FallbackRecheckSettled(settled) = &customer.last().outcomes[2] else { panic!("settled") };
    assert_eq!(
        (&settled.recheck_id, settled.status, settled.how),
        (&opened.id, RecheckStatus::Confirmed, SettledHow::Verdict)
    );
    let row = recheck(&customer);
    assert_eq!((row.settled_at, row.how), (Some(at(6)), Some(SettledHow::Verdict)));
    assert_eq!(row.verification_id, Some(verification(3)));
    assert_eq!(reopened(row), opened);
}

/// A capture that failed, or that waits for a person, declares as well as one that passed.
#[test]
fn a_capture_declares_whatever_it_came_to() {
    for verdict in [CaptureVerdict::Passed, CaptureVerdict::RequiresReview, CaptureVerdict::Failed] {
        let given = failure(1).with(Capture { verdict, ..capture(2) }, 5);
        let customer = Customer::registered().when(&[given]);
        assert_eq!(recheck(&customer).status, RecheckStatus::Open, "{verdict:?}");
    }
}

#[test]
fn what_contradicts_is_noticed_and_leaves_the_tier() {
    let kinds = |customer: &Customer| -> Vec<String> {
        let rows = customer.last().rows.iter();
        rows.filter_map(|(_, row)| if let ViewRow::Signal(row) = row { Some(row.kind.clone()) } else { None })
            .collect()
    };
    let customer = Customer::registered().when(&[failure(1).with(capture(2), 5), declined(3).at(6)]);
    assert_eq!(
        (kinds(&customer), customer.state.kyc.tier),
        (vec!["fallback_contradicted".to_owned()], Tier::Standard)
    );
    assert_eq!(customer.last_outcomes(), ["SignalRaised", "FallbackRecheckSettled", "VerificationCreated"]);
    let customer = customer.when(&[declined(4).at(7)]);
    assert_eq!((kinds(&customer), customer.last_outcomes()), (vec![], vec!["VerificationCreated"]));
    let customer = customer.when(&[valid(5).at(8)]);
    assert_eq!(kinds(&customer), ["fallback_corrected"]);
    assert!(!customer.last_outcomes().contains(&"FallbackRecheckSettled"));
    let customer = customer.when(&[valid(6).at(9)]);
    assert_eq!(kinds(&customer), Vec::<String>::new());
}

#[test]
fn a_repetition_is_told_from_another_body() {
    let other = crate::given_rechecks::Failure { body: 50, ..failure(1) };
    for (second, entry, outcomes) in [
        (failure(1).at(6), BookEntry::Duplicate, ["FallbackRecheckOpened"].as_slice()),
        (other.at(6), BookEntry::Conflict, &[]),
        (closing(1, RecheckId::from_bytes([9; 16]), 6), BookEntry::Conflict, &[]),
    ] {
        let customer = Customer::registered().when(&[failure(1).at(5), second]);
        assert_eq!(
            (customer.last().effect.entry, customer.last_outcomes().as_slice()),
            (Some(entry), outcomes)
        );
        assert_eq!((customer.last_rows(), recheck(&customer).attempts), (vec!["note"], 3));
    }
    let first = [failure(1).at(5), closing(1, recheck_id(1), 6)];
    for (second, entry) in [
        (closing(1, recheck_id(1), 7), BookEntry::Duplicate),
        (closing(2, recheck_id(1), 7), BookEntry::Conflict),
    ] {
        let customer = Customer::registered().when(&first).when(&[second]);
        assert_eq!(customer.last().effect.entry, Some(entry));
        assert_eq!(customer.last_outcomes(), ["FallbackRecheckSettled"]);
        let closed = recheck(&customer).closed.clone().expect("closed");
        assert_eq!((closed.by.as_str(), closed.created_at), ("rina", at(6)));
    }
}

/// Whatever waits is applied when it is released, and what was published is found again.
#[test]
fn a_redelivery_publishes_what_was_published() {
    let all = [Purpose::Profile, Purpose::Biometric, Purpose::Evidence];
    let histories: Vec<Vec<Fact>> = vec![
        vec![failure(1).at(5), failure(2).at(6), valid(3).at(7)],
        vec![failure(1).with(capture(2), 5), declined(3).at(6), valid(4).at(7)],
        vec![failure(1).at(5), failure(1).at(6), closing(1, recheck_id(1), 7), closing(2, recheck_id(1), 8)],
        vec![failure(1).at(5), erased(6, &all), failure(2).at(7), closing(1, recheck_id(1), 8)],
        vec![poison(5), failure(1).at(6), closing(1, recheck_id(1), 7)],
    ];
    for history in histories {
        let customer = Customer::registered().when(&history);
        for (fact, folded) in history.iter().zip(customer.history.iter().skip(1)) {
            let notes: Vec<EventNote> = folded
                .rows
                .iter()
                .filter_map(|(_, row)| if let ViewRow::Note(note) = row { Some(note.clone()) } else { None })
                .collect();
            let note = |at| notes.iter().find(|note| note.source == at).cloned();
            let recalled = recall(fact, &note, &customer.known).expect("a trace");
            assert_eq!(recalled.outcomes, folded.outcomes, "{fact:?}");
            assert_eq!(recalled.effect.entry, folded.effect.entry, "{fact:?}");
        }
    }
}

#[test]
fn a_failure_that_waited_is_applied_at_its_release() {
    let waiting = [poison(5), failure(1).at(6), closing(1, recheck_id(1), 7)];
    let customer = Customer::registered().when(&waiting);
    assert_eq!((customer.last_outcomes(), &customer.state.recheck), (vec!["VerdictUnapplied"], &None));
    let customer = customer.released(8, &waiting, None);
    assert_eq!(
        customer.last_outcomes(),
        ["VerdictUnapplied", "FallbackRecheckOpened", "FallbackRecheckSettled"]
    );
    assert_eq!(recheck(&customer).status, RecheckStatus::Closed);
    assert_eq!(recheck(&customer).source, source(6));
    let notes: Vec<EventNote> = customer
        .history
        .iter()
        .flat_map(|folded| &folded.rows)
        .filter_map(|(_, row)| if let ViewRow::Note(note) = row { Some(note.clone()) } else { None })
        .collect();
    let note = |at| notes.iter().find(|note| note.source == at).cloned();
    let recalled = recall(&release(8), &note, &customer.known).expect("a trace");
    assert_eq!(recalled.outcomes, customer.last().outcomes);
}
