//! What verdicts raise beside what they decide: rows and outcomes of signals, none of which changes a tier.

use domain::classify::ReasonCategory::{Deceased, NotFound};
use domain::outcome::Outcome;
use domain::policy::Tier;
use domain::redelivery::recall;
use domain::rows::ViewRow;

use crate::given::{Customer, Verdict, declined, matched, poison, source, valid};

/// The words of the last fact's signal rows, and the codes and severities of its outcomes.
fn raised(customer: &Customer) -> (Vec<String>, Vec<(String, String)>) {
    let rows = customer.last().rows.iter().filter_map(|(_, row)| match row {
        ViewRow::Signal(signal) => Some(signal.kind.clone()),
        _ => None,
    });
    let outcomes = customer.last().outcomes.iter().filter_map(|outcome| match outcome {
        Outcome::SignalRaised(raised) => Some((raised.code.clone(), raised.severity.clone())),
        _ => None,
    });
    (rows.collect(), outcomes.collect())
}

#[test]
fn given_a_history_when_a_verdict_notices_something_then_these_signals() {
    let noticing = |verdict: Verdict, words| Verdict { noticed: Some(words), ..verdict };
    let dead = |noticed| Verdict { category: Deceased, noticed, ..declined(2) };
    type Row<'a> = (&'a str, Vec<Verdict>, &'a [(&'a str, &'a str, &'a str)]);
    let death = [("deceased_after_verified", "deceased_after_verified", "critical")];
    let table: Vec<Row<'_>> = vec![
        ("an earlier build's", vec![valid(1)], &[]),
        ("nothing noticed", vec![noticing(valid(1), &[])], &[]),
        (
            "two things",
            vec![noticing(valid(1), &["valid_but_mismatch_minor", "photo_in_raw"])],
            &[
                ("valid_but_mismatch_minor", "valid_but_mismatch", "low"),
                ("photo_in_raw", "photo_in_raw", "medium"),
            ],
        ),
        (
            "a later build's",
            vec![noticing(valid(1), &["new_thing"])],
            &[("new_thing", "new_thing", "medium")],
        ),
        ("a death after standard", vec![valid(1), dead(Some(&[]))], &death),
        ("a death before any tier", vec![dead(Some(&[]))], &[]),
        ("a death in an earlier build's words", vec![valid(1), dead(None)], &[]),
        ("another reason", vec![valid(1), Verdict { category: NotFound, ..dead(Some(&[])) }], &[]),
    ];
    for (name, verdicts, wanted) in table {
        let facts: Vec<_> = verdicts.iter().zip(5..).map(|(verdict, offset)| verdict.at(offset)).collect();
        let customer = Customer::registered().when(&facts);
        let (rows, outcomes) = raised(&customer);
        let words: Vec<&str> = wanted.iter().map(|(word, ..)| *word).collect();
        let shown: Vec<(String, String)> =
            wanted.iter().map(|(_, code, severity)| ((*code).to_owned(), (*severity).to_owned())).collect();
        assert_eq!(
            (rows, outcomes),
            (words.iter().map(|word| (*word).to_owned()).collect(), shown),
            "{name}"
        );
        // Of its event the row's outcome is the last.
        assert_eq!(customer.last_outcomes().last(), Some(&"VerificationCreated"), "{name}");
        let again = recall(facts.last().expect("a fact"), &|_| None, &customer.known).expect("a trace");
        assert_eq!(again.outcomes, customer.last().outcomes, "{name}");
    }
}

#[test]
fn a_signal_changes_no_tier() {
    let critical: &[&str] = &["valid_but_deceased", "valid_but_not_found", "not_a_verdict"];
    for verdict in [valid(1), declined(1)] {
        let plain = Customer::registered().when(&[verdict.at(5)]);
        let noticing = Customer::registered().when(&[Verdict { noticed: Some(critical), ..verdict }.at(5)]);
        assert_eq!(noticing.state.kyc, plain.state.kyc);
        assert_eq!(noticing.state.verified, plain.state.verified);
    }
    let dead = Verdict { category: Deceased, noticed: Some(&[]), ..declined(2) };
    let customer = Customer::registered().when(&[valid(1).at(5), dead.at(6)]);
    assert_eq!(customer.state.kyc.tier, Tier::Standard);
}

/// Signals of before have their outcome too: a reused key, and a probe that is the reference.
#[test]
fn what_matches_and_conflicts_notice_is_raised_too() {
    let other = Verdict { body: 50, ..valid(1) };
    let customer = Customer::registered().when(&[valid(1).at(5), other.at(6)]);
    let conflict = ("idempotency_conflict".to_owned(), "medium".to_owned());
    assert_eq!(raised(&customer), (vec!["idempotency_conflict".to_owned()], vec![conflict]));
    let mut copy = matched(3);
    copy.signals = &["probe_equals_reference"];
    let customer = Customer::registered().when(&[valid(1).at(5), copy.at(6)]);
    let wanted = ("probe_equals_reference".to_owned(), "high".to_owned());
    assert_eq!(raised(&customer), (vec!["probe_equals_reference".to_owned()], vec![wanted]));
}

/// A release re-reads its events once; who recalls it later has what they noticed from their origin.
#[test]
fn what_a_release_applied_raises_its_signals_again() {
    let dead = Verdict { category: Deceased, noticed: Some(&["photo_in_raw"]), ..declined(2) };
    let waiting = [poison(2), valid(1).at(3), dead.at(4)];
    let customer = Customer::registered().when(&waiting).released(9, &waiting, None);
    let (rows, outcomes) = raised(&customer);
    assert_eq!(rows, ["photo_in_raw", "deceased_after_verified"]);
    assert_eq!(outcomes.len(), 2);
    let note = |wanted| {
        customer.history.iter().flat_map(|folded| &folded.rows).find_map(|(_, row)| match row {
            ViewRow::Note(note) if note.source == wanted => Some(note.clone()),
            _ => None,
        })
    };
    let recalled = recall(&crate::given::release(9), &note, &customer.known).expect("a trace");
    assert_eq!(recalled.outcomes, customer.last().outcomes);
    assert_eq!(customer.known.noticed[&source(4)], ["photo_in_raw", "deceased_after_verified"]);
}
