//! Challenges: counted, and void beyond the cap. They make no row and lift no tier.

use domain::capture::{ChallengePurpose, ChallengeStanding, FlashColor};
use domain::event::{Event, FlashChallengeIssued};
use domain::fold::{CAUSE_EVENT_INCONSISTENT, CAUSE_NOT_REGISTERED, Fact, needs_envelopes};
use domain::ids::{ChallengeId, EventId};
use domain::policy::Tier;
use domain::rows::BookEntry;
use domain::sealed::Purpose;

use crate::given::{Customer, at, customer, erased, fact, poison};

fn id(n: u8) -> ChallengeId {
    ChallengeId::from_bytes([0x60 + n; 16])
}

fn issued(n: u8, issued_ms: i64) -> FlashChallengeIssued {
    FlashChallengeIssued {
        event_id: EventId::from_bytes([0x60 + n; 16]),
        customer: customer(),
        challenge_id: id(n),
        purpose: ChallengePurpose::Ktp,
        colors: vec![FlashColor::Red, FlashColor::White, FlashColor::Blue],
        hold_ms: vec![350, 400, 650],
        issued_at: at(issued_ms),
        ttl_ms: 90_000,
    }
}

fn challenge(n: u8, offset: u64) -> Fact {
    fact(offset, offset as i64, Event::FlashChallengeIssued(issued(n, offset as i64)))
}

#[test]
fn a_challenge_is_counted_and_nothing_else() {
    let customer = Customer::registered().when(&[challenge(1, 5)]);
    assert_eq!(customer.last_rows(), ["note"]);
    assert!(customer.last_outcomes().is_empty() && customer.last().effect.counted.is_empty());
    assert_eq!(customer.last().effect.entry, Some(BookEntry::Applied));
    assert_eq!(customer.state.kyc.tier, Tier::None);
    let [kept] = customer.state.challenges.entries() else { panic!("one challenge") };
    assert_eq!((&kept.id, kept.purpose, kept.issued_at), (&id(1), ChallengePurpose::Ktp, at(5)));
    assert_eq!(customer.state.challenges.standing(&id(1)), ChallengeStanding::Open);
    assert!(!needs_envelopes(&customer.state, &challenge(2, 6)), "none stands in it");
}

#[test]
fn given_a_history_when_a_challenge_then_it_is_entered_here() {
    use BookEntry::{Applied, DeadLettered, Duplicate, Parked, Refused};
    let uneven = FlashChallengeIssued { hold_ms: vec![350], ..issued(1, 9) };
    let uneven = fact(9, 9, Event::FlashChallengeIssued(uneven));
    let table: Vec<(&str, Vec<Fact>, Fact, BookEntry)> = vec![
        ("the first", vec![], challenge(1, 9), Applied),
        ("a second one", vec![challenge(2, 5)], challenge(1, 9), Applied),
        ("the same again", vec![challenge(1, 5)], challenge(1, 9), Duplicate),
        ("no profile", vec![erased(5, &[Purpose::Profile])], challenge(1, 9), Refused),
        ("no consent to photos", vec![erased(5, &[Purpose::Biometric])], challenge(1, 9), Applied),
        ("a quarantine", vec![poison(5)], challenge(1, 9), Parked),
        ("a colour without its time", vec![], uneven, DeadLettered),
    ];
    for (name, facts, fact, entry) in table {
        let customer = Customer::registered().when(&facts).when(&[fact]);
        assert_eq!(customer.last().effect.entry, Some(entry), "{name}");
        assert_eq!((customer.last_rows(), customer.last_outcomes()), (vec!["note"], vec![]), "{name}");
        let is_kept = customer.state.challenges.standing(&id(1)) != ChallengeStanding::Unknown;
        assert_eq!(is_kept, matches!(entry, Applied | Duplicate), "{name}");
        let cause = customer.last().dead_letters.first().map(|(_, cause)| cause.as_str());
        assert_eq!(cause, (entry == DeadLettered).then_some(CAUSE_EVENT_INCONSISTENT), "{name}");
    }
    let stranger = Customer::unknown().when(&[challenge(1, 9)]);
    assert_eq!(stranger.last().dead_letters[0].1, CAUSE_NOT_REGISTERED);
}

/// Two instances that do not hear of one another issue more than may be: the log's order decides which of them count.
#[test]
fn the_sixth_within_ten_minutes_is_void_and_applied() {
    let facts: Vec<Fact> = (1..=6).map(|n| challenge(n, 4 + u64::from(n))).collect();
    let customer = Customer::registered().when(&facts);
    assert_eq!(customer.last().effect.entry, Some(BookEntry::Applied));
    let standing = |n| customer.state.challenges.standing(&id(n));
    assert_eq!((standing(5), standing(6)), (ChallengeStanding::Open, ChallengeStanding::Void));
}

#[test]
fn what_waited_is_counted_by_the_release() {
    let waiting = [poison(2), challenge(1, 3)];
    let customer = Customer::registered().when(&waiting).released(8, &waiting, None);
    assert_eq!(customer.state.challenges.standing(&id(1)), ChallengeStanding::Open);
}
