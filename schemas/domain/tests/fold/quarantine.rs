//! Quarantine and release.

use domain::fold::needs_envelopes;
use domain::policy::Tier;
use domain::redelivery::recall;
use domain::rows::{BookEntry, Disposition, EventNote, ViewRow};
use domain::sealed::Purpose;

use crate::given::{Customer, at, declined, erased, poison, registered, source, valid, verification};

fn notes_of(customer: &Customer) -> impl Fn(domain::event::Source) -> Option<EventNote> + '_ {
    |wanted| {
        customer.history.iter().flat_map(|f| &f.rows).find_map(|(_, row)| match row {
            ViewRow::Note(note) if note.source == wanted => Some(note.clone()),
            _ => None,
        })
    }
}

#[test]
fn after_a_poison_everything_waits_and_its_caller_hears() {
    let customer = Customer::registered().when(&[poison(2), valid(1).at(3), poison(4)]);
    let quarantine = customer.state.quarantine.as_ref().expect("quarantined");
    assert_eq!((quarantine.since, quarantine.waiting), (source(2), 3));
    assert_eq!(customer.history[2].effect.entry, Some(BookEntry::Parked));
    assert_eq!(customer.state.kyc.tier, Tier::None);
    for folded in &customer.history[1..] {
        assert_eq!(crate::given::names(&folded.outcomes), ["VerdictUnapplied"]);
    }
}

#[test]
fn a_release_applies_what_waited_with_its_origins_time_ids_and_place() {
    let parked = [valid(1).at(3), declined(2).at(4), valid(1).at(5)];
    let mut waiting = vec![valid(9).at(2)];
    waiting.extend(parked.clone());
    let customer = Customer::registered().when(&[poison(2)]).when(&parked).released(8, &waiting, None);
    assert_eq!(customer.state.quarantine, None);
    assert_eq!(customer.state.as_of.offset.0, 8);
    assert_eq!(customer.state.kyc.tier, Tier::Standard);
    let row = &customer.known.verifications[&verification(1)];
    assert_eq!((row.source, row.created_at), (source(3), at(3)));
    assert_eq!(
        customer.last().effect.moved,
        [
            (BookEntry::DeadLettered, BookEntry::Applied),
            (BookEntry::Parked, BookEntry::Applied),
            (BookEntry::Parked, BookEntry::Applied),
            (BookEntry::Parked, BookEntry::Duplicate),
        ]
    );
    assert_eq!(customer.last().effect.counted.len(), 3);
    let places: Vec<u64> = customer.last().rows.iter().map(|(s, _)| s.offset.0).collect();
    assert_eq!(places, [2, 2, 2, 3, 3, 4, 8], "rows at their origin, the note at the release");
}

#[test]
fn what_still_cannot_be_applied_stays_a_dead_letter_and_holds_up_nobody() {
    let waiting = [poison(2), valid(1).at(3), poison(4)];
    let customer = Customer::registered().when(&waiting).released(8, &waiting, None);
    assert_eq!(customer.state.quarantine, None);
    assert_eq!(customer.state.kyc.tier, Tier::Standard);
    assert_eq!(
        customer.last().effect.moved,
        [(BookEntry::Parked, BookEntry::Applied), (BookEntry::Parked, BookEntry::DeadLettered)]
    );
    // The first one is in the dead letters already; the second was only parked.
    assert_eq!(customer.last().dead_letters, [(source(4), "not_decodable".to_owned())]);
}

#[test]
fn a_release_of_nobody_is_a_no_op() {
    let customer = Customer::registered().released(4, &[], None);
    assert_eq!(customer.last().effect.moved, []);
    assert_eq!(customer.last_rows(), ["note"]);
    assert!(customer.last().outcomes.is_empty());
}

#[test]
fn a_release_that_does_not_reach_all_goes_on_from_the_next() {
    let waiting = [poison(2), valid(1).at(3), valid(2).at(4)];
    let customer = Customer::registered().when(&waiting).released(8, &waiting[..2], Some(source(4)));
    let quarantine = customer.state.quarantine.as_ref().expect("still quarantined");
    assert_eq!((quarantine.since, quarantine.waiting), (source(4), 1));
    let customer = customer.released(9, &waiting[2..], None);
    assert_eq!(customer.last().effect.moved, [(BookEntry::Parked, BookEntry::Applied)]);
    assert_eq!(customer.state.quarantine, None);
}

#[test]
fn redeliveries_around_a_release_count_each_event_once_and_publish_its_last_word() {
    let waiting = [poison(2), valid(1).at(3), declined(2).at(4), valid(1).at(5)];
    let mut other = valid(1);
    other.body = 90;
    let mut all = waiting.to_vec();
    all.push(other.at(6));
    let customer = Customer::registered().when(&all).released(8, &all, None);
    let notes = notes_of(&customer);
    for (fact, folded) in all.iter().zip(&customer.history[1..]) {
        let recalled = recall(fact, &notes, &customer.known).expect("a trace");
        assert_eq!(recalled.effect, folded.effect, "books and tallies as at its own offset");
    }
    let release = match valid(1).at(8) {
        domain::fold::Fact::Event(mut event) => {
            event.event = domain::event::Event::CustomerReleased(domain::event::CustomerReleased {
                event_id: domain::ids::EventId::from_bytes([0xf; 16]),
                customer: crate::given::customer(),
            });
            domain::fold::Fact::Event(event)
        }
        domain::fold::Fact::Poison(_) => panic!("an event"),
    };
    let recalled = recall(&release, &notes, &customer.known).expect("a trace");
    assert_eq!(recalled.effect, customer.last().effect);
    assert_eq!(recalled.outcomes, customer.last().outcomes);
    let note = notes(source(8)).expect("the release's note");
    assert!(matches!(note.disposition, Disposition::Released(results) if results.len() == 5));
}

/// Found by the simulation of rebuilds (seed 496): the rows that a release wrote before a crash are known when
/// it is folded again, and an event at an earlier place must not take them for what stood before it.
#[test]
fn a_release_that_is_folded_again_comes_to_the_same() {
    let waiting = [valid(1).at(0), registered(2, 1), valid(1).at(3)];
    let before = || Customer::unknown().when(&waiting);
    let once = before().released(8, &waiting, None);
    assert_eq!(
        once.known.verifications[&verification(1)].source,
        source(3),
        "the first one met no registration"
    );
    let mut again = before();
    again.known = once.known.clone();
    let again = again.released(8, &waiting, None);
    assert_eq!(again.last(), once.last());
}

/// An envelope that does not open, or not yet, matters where its event would be applied, and nowhere else: there the
/// event comes to what poison in its place does.
#[test]
fn envelopes_matter_where_their_event_would_be_applied() {
    let facts = || [registered(9, 2), valid(1).at(9), declined(2).at(9)];
    let no = [false; 3];
    for (given, needed) in [
        (Customer::unknown(), [true, false, false]),
        (Customer::registered(), [true; 3]),
        (Customer::registered().when(&[erased(2, &[Purpose::Biometric])]), [true; 3]),
        (Customer::registered().when(&[erased(2, &[Purpose::Profile])]), no),
        (Customer::registered().when(&[poison(2)]), no),
        (Customer::registered().when(&[poison(2), erased(3, &[Purpose::Profile])]), no),
    ] {
        for (fact, needed) in facts().iter().zip(needed) {
            assert_eq!(needs_envelopes(&given.state, fact), needed, "{fact:?}");
        }
        for fact in [erased(9, &[Purpose::Profile]), poison(9)] {
            assert!(!needs_envelopes(&given.state, &fact));
        }
    }
}
