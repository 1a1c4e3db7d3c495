//! Voids: what counts no more, and what a tier falls to.

use domain::capture::CaptureVerdict;
use domain::fold::{Fact, KnownRows, blank, needs_envelopes};
use domain::limits::VOIDS_PER_CUSTOMER_MAX;
use domain::outcome::Outcome;
use domain::policy::{KYC_VALIDITY_MONTHS, Method, Methods, Tier};
use domain::redelivery::recall;
use domain::rows::{
    BookEntry, Disposition, EventNote, FaceSource, Kyc, VerificationRow, VerificationStatus, ViewRow,
    VoidEntry, VoidedRows,
};
use domain::sealed::Purpose;

use crate::given::{
    Customer, Match, at, declined, erased, matched, poison, release, source, valid, verification,
};
use crate::given_captures::{Capture, Review, capture, captured_enrolment, review};
use crate::given_voids::{Void, against, verdicts_photo, void};

fn pending(n: u8) -> Capture {
    Capture { verdict: CaptureVerdict::RequiresReview, ..capture(n) }
}

fn kyc(tier: Tier, verified_at: i64) -> Kyc {
    let (last, end) = (at(verified_at), at(verified_at).plus_months(KYC_VALIDITY_MONTHS));
    Kyc { tier, last_verified_at: Some(last), expires_at: Some(end) }
}

/// A name, what happens with the void last, what becomes of it, and the tier then.
type VoidCase = (&'static str, Vec<Fact>, BookEntry, Kyc);

fn voids_of_what_counts() -> Vec<VoidCase> {
    use BookEntry::Applied;
    let photo = verdicts_photo;
    let card = captured_enrolment;
    let selfie = Match { face_source: FaceSource::OnboardingSelfie, ..matched(4) };
    vec![
        ("the only verdict", vec![valid(1).at(3), void(1, 1).at(4)], Applied, Kyc::default()),
        (
            "the newer of two",
            vec![valid(1).at(3), valid(2).at(4), void(1, 2).at(5)],
            Applied,
            kyc(Tier::Standard, 3),
        ),
        (
            "the older of two",
            vec![valid(1).at(3), valid(2).at(4), void(1, 1).at(5)],
            Applied,
            kyc(Tier::Standard, 4),
        ),
        (
            "a verdict beside a card",
            vec![capture(2).at(3), valid(1).at(4), void(1, 1).at(5)],
            Applied,
            kyc(Tier::Standard, 3),
        ),
        (
            "a match",
            vec![valid(1).at(3), against(matched(4), photo(1), None, 4), void(1, 4).at(5)],
            Applied,
            kyc(Tier::Standard, 3),
        ),
        (
            "a verdict whose photo was matched, beside a card",
            vec![capture(2).at(2), valid(1).at(3), against(matched(4), photo(1), None, 4), void(1, 1).at(5)],
            Applied,
            kyc(Tier::Standard, 2),
        ),
        (
            "a card whose portrait was matched, beside a verdict",
            vec![
                capture(2).at(2),
                against(Match { face_source: FaceSource::KtpExtract, ..matched(4) }, card(2), None, 3),
                valid(1).at(4),
                void(1, 2).at(5),
            ],
            Applied,
            kyc(Tier::Standard, 4),
        ),
        (
            "a card that was not matched, beside a verdict that was",
            vec![capture(2).at(2), valid(1).at(3), against(matched(4), photo(1), None, 4), void(1, 2).at(5)],
            Applied,
            kyc(Tier::Premium, 4),
        ),
        (
            "a match against a selfie",
            vec![valid(1).at(3), selfie.at(4), void(1, 4).at(5)],
            Applied,
            kyc(Tier::Standard, 3),
        ),
    ]
}

fn voids_of_reviewed_cards_and_of_what_does_not_count() -> Vec<VoidCase> {
    use BookEntry::{Applied, Conflict, Duplicate};
    vec![
        (
            "a reviewed card",
            vec![pending(2).at(3), review(1, 2).at(4), void(1, 2).at(5)],
            Applied,
            Kyc::default(),
        ),
        (
            "a verdict beside a reviewed card",
            vec![pending(2).at(3), review(1, 2).at(4), valid(1).at(5), void(1, 1).at(6)],
            Applied,
            kyc(Tier::Standard, 4),
        ),
        ("a pending card", vec![pending(2).at(3), void(1, 2).at(4)], Conflict, Kyc::default()),
        (
            "a card that was sent back",
            vec![
                pending(2).at(3),
                Review { to_status: VerificationStatus::Failed, ..review(1, 2) }.at(4),
                void(1, 2).at(5),
            ],
            Conflict,
            Kyc::default(),
        ),
        ("a declined verdict", vec![declined(1).at(3), void(1, 1).at(4)], Conflict, Kyc::default()),
        ("of nothing", vec![valid(1).at(3), void(1, 9).at(4)], Conflict, kyc(Tier::Standard, 3)),
        ("once more", vec![valid(1).at(3), void(1, 1).at(4), void(1, 1).at(5)], Duplicate, Kyc::default()),
        (
            "another one of the same",
            vec![valid(1).at(3), void(1, 1).at(4), void(2, 1).at(5)],
            Conflict,
            Kyc::default(),
        ),
        (
            "under the same key with another body",
            vec![valid(1).at(3), void(1, 1).at(4), Void { body: 9, ..void(1, 1) }.at(5)],
            Conflict,
            Kyc::default(),
        ),
    ]
}

#[test]
fn given_a_history_when_a_void_then_this_stands() {
    use BookEntry::Conflict;
    let table =
        voids_of_what_counts().into_iter().chain(voids_of_reviewed_cards_and_of_what_does_not_count());
    for (name, facts, entry, then) in table {
        let customer = Customer::registered().when(&facts);
        assert_eq!(customer.last().effect.entry, Some(entry), "{name}");
        assert_eq!(customer.state.kyc, then, "{name}");
        let outcome = customer.last_outcomes().pop();
        let is_told = entry != Conflict || customer.known.voids.len() == 1;
        assert_eq!(outcome, is_told.then_some("VoidRecorded"), "{name}");
    }
}

#[test]
fn a_void_makes_a_row_and_says_what_the_tier_fell_to() {
    let customer = Customer::registered().when(&[
        capture(2).at(2),
        valid(1).at(3),
        against(matched(4), verdicts_photo(1), None, 4),
        void(1, 1).at(9),
    ]);
    assert_eq!(customer.last_rows(), ["void", "tier_event"]);
    assert_eq!(customer.last_outcomes(), ["KycUpdated", "VoidRecorded"]);
    let Some((_, ViewRow::Void(row))) = customer.last().rows.first() else { panic!("a void") };
    assert_eq!((row.kyc_before.tier, row.kyc_after), (Tier::Premium, kyc(Tier::Standard, 2)));
    assert_eq!(
        (row.source, row.created_at, row.enrolment.as_ref()),
        (source(9), at(9), Some(&verdicts_photo(1)))
    );
    let Some((_, ViewRow::TierEvent(change))) = customer.last().rows.get(1) else { panic!("a change") };
    assert_eq!((change.from_tier, change.to_tier), (Tier::Premium, Tier::Standard));
    assert_eq!(change.reason, format!("voided {}", verification(1)));
    let Outcome::KycUpdated(updated) = &customer.last().outcomes[0] else { panic!("an update") };
    assert_eq!((&updated.reason, updated.last_verified_at), (&change.reason, at(2)));
    let kept = &customer.known.verifications[&verification(1)];
    assert_eq!((kept.status, kept.kyc_after.tier), (VerificationStatus::Verified, Tier::Standard));
    assert!(customer.last().effect.counted.is_empty(), "no list counts it anew");

    // To none: nothing has a date any more, and the void's own outcome says so alone.
    let customer = customer.when(&[void(2, 2).at(10)]);
    assert_eq!(customer.last_rows(), ["void", "tier_event"]);
    assert_eq!(customer.last_outcomes(), ["VoidRecorded"]);
    let Outcome::VoidRecorded(told) = &customer.last().outcomes[0] else { panic!("told") };
    assert_eq!((told.from_tier, told.to_tier, told.expires_at), (Tier::Standard, Tier::None, None));
    assert_eq!(customer.state.verified, Methods::default());
    // And from there up again, as ever.
    let customer = customer.when(&[valid(3).at(11)]);
    assert_eq!(customer.state.kyc, kyc(Tier::Standard, 11));
}

/// Another instance chose its reference before the void was projected: the order of the log decides.
#[test]
fn a_match_that_comes_after_the_void_of_its_reference_counts_for_no_tier() {
    let raced = Customer::registered().when(&[
        capture(2).at(2),
        valid(1).at(3),
        void(1, 1).at(4),
        against(matched(4), verdicts_photo(1), None, 5),
    ]);
    assert_eq!(raced.state.kyc, kyc(Tier::Standard, 2));
    assert_eq!(raced.known.verifications[&verification(4)].status, VerificationStatus::Verified);
    // Not even once another verdict stands; a match against that one does.
    let again = raced.when(&[valid(3).at(6)]);
    assert_eq!(again.state.kyc.tier, Tier::Standard);
    let again = again.when(&[against(matched(5), verdicts_photo(3), None, 7)]);
    assert_eq!(again.state.kyc.tier, Tier::Premium);
}

fn liveness_row(n: u8, offset: u64, customer: &Customer) -> VerificationRow {
    let of = customer.known.verifications[&verification(1)].clone();
    VerificationRow {
        id: verification(n),
        method: Method::FaceLiveness,
        enrolment: None,
        source: source(offset),
        created_at: at(offset as i64),
        ..of
    }
}

/// Under `premium.liveness: bound`; before the match and after it.
#[test]
fn a_match_that_is_bound_to_a_void_liveness_row_counts_for_no_tier() {
    let bound = Match { policy: 3, ..matched(4) };
    let voided = Void { policy: 3, ..void(1, 7) };
    for orders in [
        [against(bound, verdicts_photo(1), Some(7), 6), voided.at(8)],
        [voided.at(6), against(bound, verdicts_photo(1), Some(7), 8)],
    ] {
        let mut customer = Customer::registered().when(&[valid(1).at(3)]);
        for n in [7, 8] {
            let row = liveness_row(n, 5, &customer);
            customer.known.verifications.insert(row.id.clone(), row);
        }
        customer.state.verified = customer.state.verified.with(Method::FaceLiveness);
        let is_first = matches!(&orders[0], Fact::Event(event) if event.event.void_of().is_some());
        let customer = customer.when(&orders[..1]);
        assert_eq!(customer.state.kyc.tier == Tier::Premium, !is_first);
        let customer = customer.when(&orders[1..]);
        assert_eq!(customer.state.kyc.tier, Tier::Standard);
        assert!(customer.state.verified.contains(Method::FaceLiveness), "the other live face stands");
        assert!(!customer.state.verified.contains(Method::FaceMatch));
    }
}

/// Under a stricter policy than that of the rows a tier may fall further, under a laxer one it does not rise.
#[test]
fn a_void_never_raises_a_tier() {
    let matched = || against(Match { policy: 3, ..matched(4) }, verdicts_photo(1), None, 4);
    let facts = [valid(1).at(2), valid(3).at(3), matched()];
    for (policy, tier) in [(1, Tier::Standard), (3, Tier::Standard)] {
        let customer = Customer::registered().when(&facts).when(&[Void { policy, ..void(1, 3) }.at(5)]);
        assert_eq!(customer.state.kyc, kyc(tier, 2), "{policy}");
    }
}

#[test]
fn after_an_erasure_a_void_is_refused_and_while_quarantined_it_waits() {
    let verdict = [valid(1).at(3)];
    for (purposes, entry) in [
        ([Purpose::Profile].as_slice(), BookEntry::Refused),
        (&Purpose::ALL, BookEntry::Refused),
        (&[Purpose::Biometric], BookEntry::Applied),
        (&[Purpose::Evidence], BookEntry::Applied),
    ] {
        let customer = Customer::registered().when(&verdict).when(&[erased(4, purposes)]);
        let customer = customer.when(&[void(1, 1).at(5)]);
        assert_eq!(customer.last().effect.entry, Some(entry), "{purposes:?}");
        let told = if entry == BookEntry::Refused { "VerdictUnapplied" } else { "VoidRecorded" };
        assert_eq!(customer.last_outcomes(), [told], "{purposes:?}");
    }
    let customer = Customer::registered().when(&verdict).when(&[poison(4), void(1, 1).at(5)]);
    assert_eq!(customer.last().effect.entry, Some(BookEntry::Parked));
    assert_eq!(customer.last_outcomes(), ["VerdictUnapplied"]);
    let note = customer.last().rows.iter().find_map(|(_, row)| match row {
        ViewRow::Note(note) => Some(note.clone()),
        _ => None,
    });
    assert_eq!(note.map(|note| (note.void_of, note.verification_id)), Some((Some(verification(1)), None)));
    // What waited beside it is released in the log's order.
    let waiting =
        [poison(4), void(1, 1).at(5), against(matched(4), verdicts_photo(1), None, 6), valid(2).at(7)];
    let customer = customer.when(&waiting[2..]).released(9, &waiting, None);
    assert_eq!(customer.state.kyc, kyc(Tier::Standard, 7));
    assert!(customer.known.voids.contains_key(&verification(1)));
}

#[test]
fn a_customer_with_as_many_voids_as_are_kept_or_too_many_rows_has_no_further_one() {
    let mut customer = Customer::registered().when(&[valid(1).at(3)]);
    let entry = |n: usize| VoidEntry { verification: verification(n as u8), enrolment: None };
    customer.state.voids = VoidedRows::from_entries((0..VOIDS_PER_CUSTOMER_MAX).map(entry).collect());
    let customer = customer.when(&[void(1, 1).at(4)]);
    assert_eq!(customer.last().effect.entry, Some(BookEntry::Conflict));
    let mut customer = Customer::registered().when(&[valid(1).at(3)]);
    customer.known.proofs.insert(customer.state.customer.clone(), None);
    let customer = customer.when(&[void(1, 1).at(4)]);
    assert_eq!(
        (customer.last().effect.entry, customer.state.kyc.tier),
        (Some(BookEntry::Conflict), Tier::Standard)
    );
}

/// The rows alone say what it had come to.
#[test]
fn a_void_that_comes_again_is_recalled() {
    let none = KnownRows::default();
    let customer =
        Customer::registered().when(&[valid(1).at(3), void(1, 1).at(5), void(2, 1).at(6), void(3, 8).at(7)]);
    let notes = |wanted| {
        customer.history.iter().flat_map(|f| &f.rows).find_map(|(_, row)| match row {
            ViewRow::Note(note) if note.source == wanted => Some(note.clone()),
            _ => None::<EventNote>,
        })
    };
    for (fact, entry, at) in [
        (void(1, 1).at(5), BookEntry::Applied, 2),
        (void(2, 1).at(6), BookEntry::Conflict, 3),
        (void(3, 8).at(7), BookEntry::Conflict, 4),
    ] {
        let recalled = recall(&fact, &notes, &customer.known).expect("a trace");
        assert_eq!(recalled.effect.entry, Some(entry));
        assert_eq!(recalled.outcomes, customer.history[at].outcomes);
    }
    assert!(recall(&void(1, 1).at(5), &notes, &none).is_err(), "without its row there is no trace");
    // Again at its own place, after a crash: the same.
    let again = Customer { state: customer.history[1].state.clone(), ..customer };
    let before = again.history[2].clone();
    assert_eq!(again.when(&[void(1, 1).at(5)]).last(), &before);
}

#[test]
fn envelopes_of_a_void_matter_where_they_would_be_used() {
    let stranger =
        blank(crate::given::customer(), Customer::registered().state.as_of, crate::given::PARTITION);
    assert!(!needs_envelopes(&stranger, &void(1, 1).at(4)));
    let customer = Customer::registered();
    assert!(needs_envelopes(&customer.state, &void(1, 1).at(4)));
    let parked = Customer::registered().when(&[poison(3)]);
    assert!(!needs_envelopes(&parked.state, &void(1, 1).at(4)));
    assert!(!needs_envelopes(&parked.state, &release(5)));
    let refused = EventNote {
        disposition: Disposition::Refused,
        ..match &parked.last().rows[0].1 {
            ViewRow::Note(note) => note.clone(),
            _ => panic!("a note"),
        }
    };
    assert!(refused.void_of.is_none());
}
