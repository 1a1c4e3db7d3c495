//! Redeliveries: what an event came to is found again from the rows that it and others wrote.

use domain::classify::ReasonCategory;
use domain::event::{CustomerReleased, Event, RecordedEvent, Source};
use domain::fold::{Fact, KnownRows};
use domain::ids::{CustomerId, CustomerRef, EventId};
use domain::outcome::{Outcome, UnappliedCause};
use domain::redelivery::{NoTrace, Recalled, recall};
use domain::rows::{BookEntry, Disposition, EventNote, ViewRow};
use domain::sealed::Purpose;
use proptest::prelude::*;

use crate::given::{
    Customer, Match, Reference, at, customer, declined, erased, matched, names, no_match, poison, reference,
    reference_id, registered, source, valid, verification,
};

/// The notes that a customer's history left, as a store gives them.
fn notes_of(customer: &Customer) -> impl Fn(Source) -> Option<EventNote> + '_ {
    |wanted| {
        customer.history.iter().flat_map(|f| &f.rows).find_map(|(_, row)| match row {
            ViewRow::Note(note) if note.source == wanted => Some(note.clone()),
            _ => None,
        })
    }
}

fn release(offset: u64) -> Fact {
    let released = CustomerReleased { event_id: EventId::from_bytes([0xf; 16]), customer: customer() };
    let event = Event::CustomerReleased(released);
    let event = RecordedEvent { event, source: source(offset), appended_at: at(offset as i64) };
    Fact::Event(event)
}

fn stranger() -> CustomerRef {
    CustomerRef::new(customer().org, CustomerId::from_bytes([8; 16]))
}

/// Causes of the outcomes that say a verdict is not applied.
fn causes(recalled: &Recalled) -> Vec<UnappliedCause> {
    let cause = |outcome: &Outcome| match outcome {
        Outcome::VerdictUnapplied(unapplied) => Some(unapplied.cause),
        Outcome::VerificationCreated(_)
        | Outcome::ReviewRecorded(_)
        | Outcome::FallbackRecheckOpened(_)
        | Outcome::FallbackRecheckSettled(_)
        | Outcome::FaceEnrolled(_)
        | Outcome::KycUpdated(_)
        | Outcome::VerdictConflicted(_)
        | Outcome::CustomerErased(_) => None,
    };
    recalled.outcomes.iter().filter_map(cause).collect()
}

#[test]
fn given_a_history_when_its_last_fact_comes_again_then_this() {
    use BookEntry::{Applied, Conflict, DeadLettered, Duplicate, Parked, Refused};
    let other = || crate::given::Verdict { body: 50, ..valid(1) };
    let profile = [Purpose::Profile];
    let created = ["VerificationCreated"];
    let all = ["FaceEnrolled", "KycUpdated", "VerificationCreated"];
    type Row<'a> = (&'a str, Vec<Fact>, BookEntry, &'a [&'a str], bool);
    let table: Vec<Row<'_>> = vec![
        ("a registration", vec![], Applied, &[], false),
        ("a verdict", vec![valid(1).at(5)], Applied, &all, false),
        ("a declined one", vec![declined(1).at(5)], Applied, &created, false),
        ("a repetition", vec![valid(1).at(5), valid(1).at(6)], Duplicate, &created, false),
        ("another body", vec![valid(1).at(5), other().at(6)], Conflict, &["VerdictConflicted"], false),
        ("a second registration", vec![registered(6, 1)], Duplicate, &[], false),
        ("one of another body", vec![registered(6, 2)], Conflict, &[], false),
        ("an erasure", vec![erased(6, &profile)], Applied, &[], false),
        ("after it", vec![erased(6, &profile), valid(1).at(7)], Refused, &["VerdictUnapplied"], false),
        ("what cannot be applied", vec![poison(6)], DeadLettered, &["VerdictUnapplied"], true),
        ("behind it", vec![poison(6), valid(1).at(7)], Parked, &["VerdictUnapplied"], false),
        ("a reference", vec![reference(2).at(5)], Applied, &["FaceEnrolled"], false),
        ("it again", vec![reference(2).at(5), reference(2).at(6)], Duplicate, &["FaceEnrolled"], false),
        (
            "of another body",
            vec![reference(2).at(5), Reference { body: 50, ..reference(2) }.at(6)],
            Conflict,
            &[],
            false,
        ),
        ("a reference behind it", vec![poison(6), reference(2).at(7)], Parked, &[], false),
        ("a match", vec![matched(2).at(5)], Applied, &created, false),
        ("it again, as a match", vec![matched(2).at(5), matched(2).at(6)], Duplicate, &created, false),
    ];
    for (name, facts, entry, outcomes, dead) in table {
        let last = facts.last().cloned().unwrap_or_else(|| registered(0, 1));
        let customer = Customer::registered().when(&facts);
        let recalled = recall(&last, &notes_of(&customer), &customer.known).expect(name);
        assert_eq!(recalled.effect.entry, Some(entry), "{name}");
        assert_eq!(names(&recalled.outcomes), outcomes, "{name}");
        let dead_letters = if dead { vec![last.source()] } else { vec![] };
        assert_eq!(recalled.dead_letters, dead_letters, "{name}");
        assert_eq!(recalled.outcomes, customer.last().outcomes, "{name}");
        assert_eq!(recalled.effect, customer.last().effect, "{name}");
    }
}

/// An id is an HMAC over the customer too, so two customers never share one; a row that says otherwise is
/// another's and proves nothing.
#[test]
fn a_row_of_another_customer_is_not_recalled() {
    let before = Customer::registered().when(&[valid(1).at(5), valid(1).at(6)]);
    let mut known = before.known.clone();
    known.verifications.get_mut(&verification(1)).expect("a row").customer = stranger();
    assert_eq!(recall(&valid(1).at(5), &notes_of(&before), &known), Err(NoTrace));
    let again = recall(&valid(1).at(6), &notes_of(&before), &known).expect("its note is there");
    assert_eq!((again.effect.entry, again.outcomes), (Some(BookEntry::Duplicate), vec![]));
}

/// A release that waits behind a row of another place under the same id: only its own row is its doing.
#[test]
fn a_row_of_another_place_is_not_recalled() {
    let before = Customer::registered().when(&[valid(1).at(5)]);
    assert_eq!(recall(&valid(1).at(9), &|_| None, &before.known), Err(NoTrace), "no note, another's row");
    let parked = Customer::registered().when(&[poison(2), valid(1).at(5)]);
    let notes = notes_of(&parked);
    let mut known = Customer::registered().when(&[valid(1).at(9)]).known;
    let waiting = recall(&valid(1).at(5), &notes, &known).expect("its note is there");
    assert_eq!(causes(&waiting), [UnappliedCause::Parked], "the row at 9 is another's doing");
    known.verifications.get_mut(&verification(1)).expect("a row").source = source(5);
    let released = recall(&valid(1).at(5), &notes, &known).expect("its note is there");
    assert_eq!(released.outcomes.len(), 3, "released since: its last word counts");
    assert_eq!(released.effect.entry, Some(BookEntry::Parked), "and its books stay those of its own offset");
    assert_eq!(released.effect.counted, []);
}

#[test]
fn a_release_is_recalled_with_all_that_it_moved() {
    use BookEntry::{Applied, Conflict, DeadLettered, Duplicate, Parked, Refused};
    let other = crate::given::Verdict { body: 50, ..valid(1) };
    let waiting = [poison(2), valid(1).at(3), poison(4), valid(1).at(5), other.at(6), registered(7, 2)];
    let customer = Customer::registered().when(&waiting).released(9, &waiting, None);
    let recalled = recall(&release(9), &notes_of(&customer), &customer.known).expect("a trace");
    assert_eq!(recalled.effect, customer.last().effect);
    assert_eq!(recalled.outcomes, customer.last().outcomes);
    assert_eq!(
        recalled.effect.moved,
        [
            (Parked, Applied),
            (Parked, DeadLettered),
            (Parked, Duplicate),
            (Parked, Conflict),
            (Parked, Conflict)
        ]
    );
    assert_eq!(recalled.effect.counted, [customer.known.verifications[&verification(1)].clone()]);
    // The first was a dead letter already and is published by its own redelivery.
    assert_eq!(recalled.dead_letters, [source(4)]);
    assert_eq!(causes(&recalled), [UnappliedCause::DeadLettered, UnappliedCause::DeadLettered]);

    // An erasure comes through a quarantine, and then a release finds nobody to apply anything to.
    let waiting = [poison(2), valid(1).at(3)];
    let gone = Customer::registered().when(&waiting).when(&[erased(4, &[Purpose::Profile])]);
    let gone = gone.released(9, &waiting, None);
    let recalled = recall(&release(9), &notes_of(&gone), &gone.known).expect("a trace");
    assert_eq!(recalled.effect.moved, [(DeadLettered, Refused), (Parked, Refused)]);
    assert_eq!(recalled.outcomes, gone.last().outcomes);
    assert_eq!(causes(&recalled), [UnappliedCause::Refused, UnappliedCause::Refused]);
    assert_eq!(recalled.dead_letters, []);
}

/// A reference behind a quarantine: by its note and its row, which outlives the enrolment's erasure.
#[test]
fn a_reference_that_a_release_enrolled_is_recalled_by_its_own_row() {
    let waiting = [poison(2), reference(1).at(3), reference(1).at(4)];
    let customer = Customer::registered().when(&waiting).released(9, &waiting, None);
    let notes = notes_of(&customer);
    let again = |fact: &Fact, known: &KnownRows| recall(fact, &notes, known).expect("a trace");
    assert_eq!(names(&again(&release(9), &customer.known).outcomes)[1..], ["FaceEnrolled", "FaceEnrolled"]);
    assert_eq!(again(&release(9), &customer.known).outcomes, customer.last().outcomes);
    let own = again(&reference(1).at(3), &customer.known);
    assert_eq!((names(&own.outcomes), own.effect.entry), (vec!["FaceEnrolled"], Some(BookEntry::Parked)));
    assert_eq!(again(&reference(1).at(4), &customer.known).outcomes, [], "the other place's doing");
    let mut others = customer.known.clone();
    others.references.get_mut(&reference_id(1)).expect("a row").customer = stranger();
    assert_eq!(again(&reference(1).at(3), &others).outcomes, [], "another customer's row proves nothing");
    let lost = Customer::registered().when(&[reference(1).at(3)]);
    assert_eq!(recall(&reference(1).at(3), &notes_of(&lost), &KnownRows::default()), Err(NoTrace));
}

#[test]
fn a_release_counts_its_own_rows_only() {
    let waiting = [poison(2), valid(1).at(3)];
    let customer = Customer::registered().when(&waiting).released(9, &waiting, None);
    let notes = notes_of(&customer);
    let change = |change: &dyn Fn(&mut domain::rows::VerificationRow)| {
        let mut known: KnownRows = customer.known.clone();
        change(known.verifications.get_mut(&verification(1)).expect("a row"));
        recall(&release(9), &notes, &known).expect("a trace").effect.counted
    };
    assert_eq!(change(&|_| {}).len(), 1);
    assert_eq!(change(&|row| row.customer = stranger()), []);
    assert_eq!(change(&|row| row.source = source(8)), [], "a row of another place");
    let silent = |wanted: Source| notes(wanted).filter(|note| note.source != source(3));
    assert_eq!(recall(&release(9), &silent, &customer.known), Err(NoTrace), "what it re-read left a note");
}

/// What stood before an event is a row at an earlier place of the same log, or one of a log before this one.
#[test]
fn given_a_row_under_the_id_when_a_verdict_then_it_stood_before_or_it_is_the_events_own() {
    let elsewhere = domain::event::TopicId([6; 16]);
    for (name, row_at, topic, entry) in [
        ("an earlier place", 4, crate::given::TOPIC, BookEntry::Duplicate),
        ("its own place: folded again", 5, crate::given::TOPIC, BookEntry::Applied),
        ("a later place: a release folded again", 6, crate::given::TOPIC, BookEntry::Applied),
        ("an earlier place of another log", 4, elsewhere, BookEntry::Duplicate),
        ("a later place of another log", 6, elsewhere, BookEntry::Duplicate),
    ] {
        let mut customer = Customer::registered().when(&[valid(1).at(row_at)]);
        customer.known.verifications.get_mut(&verification(1)).expect("a row").source.topic_id = topic;
        let customer = customer.when(&[valid(1).at(5)]);
        assert_eq!(customer.last().effect.entry, Some(entry), "{name}");
    }
}

/// The note says of an event what a redelivery needs, and no more.
#[test]
fn given_a_fact_that_makes_no_row_then_its_note_names_it() {
    let verdict = valid(1).event();
    let of_verdict = (Some(verdict.event_id.clone()), Some(verdict.verification_id.clone()), true);
    let of_registration = (Some(EventId::from_bytes([9; 16])), None, true);
    let of_erasure = (Some(EventId::from_bytes([0xe; 16])), None, false);
    for (fact, disposition, (event_id, verification_id, has_body), cause) in [
        (valid(1).at(5), Disposition::Parked, of_verdict, None),
        (registered(5, 1), Disposition::Parked, of_registration, None),
        (erased(5, &[Purpose::Biometric]), Disposition::Applied, of_erasure, None),
    ] {
        let customer = Customer::registered().when(&[poison(2), fact]);
        let note = notes_of(&customer)(source(5)).expect("a note");
        assert_eq!((note.disposition, note.event_id), (disposition, event_id));
        assert_eq!((note.verification_id, note.body_fingerprint.is_some()), (verification_id, has_body));
        assert_eq!((note.customer, note.cause.as_deref()), (crate::given::customer(), cause));
    }
    let customer = Customer::registered().when(&[poison(2)]);
    let note = notes_of(&customer)(source(2)).expect("a note");
    assert_eq!((note.disposition, note.event_id), (Disposition::DeadLettered, None));
    assert_eq!((note.verification_id, note.cause.as_deref()), (None, Some("not_decodable")));
}

/// A reason's category outlives what happens to its event: it stands in the row and in the outcome.
#[test]
fn the_category_of_a_declined_verdict_stands_in_row_and_outcome() {
    let customer = Customer::registered().when(&[declined(1).at(5)]);
    assert_eq!(
        customer.known.verifications[&verification(1)].reason_category,
        Some(ReasonCategory::NotFound)
    );
    let Some(Outcome::VerificationCreated(created)) = customer.last().outcomes.last() else {
        panic!("a row exists")
    };
    assert_eq!(created.reason_category, Some(ReasonCategory::NotFound));
}

/// One fact of a history: its kind, and who it is about among few, so that repetitions and conflicts come up.
fn any_fact() -> impl Strategy<Value = (u8, u8, u8)> {
    (0..12_u8, 1..4_u8, 0..2_u8)
}

fn fact_of((kind, n, body): (u8, u8, u8), offset: u64) -> Fact {
    let verdict = |verdict: crate::given::Verdict| crate::given::Verdict { body: n + 10 * body, ..verdict };
    match kind {
        0..=2 => verdict(valid(n)).at(offset),
        3 | 4 => verdict(declined(n)).at(offset),
        5 => registered(offset, body),
        6 if n == 1 => poison(offset),
        7 if n == 1 => erased(offset, &[Purpose::ALL[usize::from(body)]]),
        8 | 9 => Reference { body: n + 10 * body, ..reference(n + 100) }.at(offset),
        10 => Match { body: n + 10 * body, ..matched(n + 50) }.at(offset),
        11 => Match { body: n + 10 * body, ..no_match(n + 50) }.at(offset),
        _ => verdict(valid(9)).at(offset),
    }
}

proptest! {
    /// Whatever came, and in whichever order: each fact that comes again comes to what it came to.
    #[test]
    fn every_fact_of_any_history_is_recalled_as_it_was_folded(
        history in prop::collection::vec(any_fact(), 1..14),
    ) {
        let facts: Vec<Fact> =
            history.into_iter().zip(1..).map(|(kind, offset)| fact_of(kind, offset)).collect();
        let customer = Customer::registered().when(&facts);
        let notes = notes_of(&customer);
        for (fact, folded) in facts.iter().zip(&customer.history[1..]) {
            let recalled = recall(fact, &notes, &customer.known);
            let recalled = recalled.map_err(|_| TestCaseError::fail(format!("{fact:?}")))?;
            prop_assert_eq!(&recalled.outcomes, &folded.outcomes);
            prop_assert_eq!(&recalled.effect, &folded.effect);
            let dead: Vec<Source> = folded.dead_letters.iter().map(|(place, _)| *place).collect();
            prop_assert_eq!(&recalled.dead_letters, &dead);
        }
    }
}
