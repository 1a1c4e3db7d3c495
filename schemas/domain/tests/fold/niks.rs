//! NIKs: what the check of one's form does, and what is kept of which NIK a customer brought.

use domain::capture::{CaptureVerdict, VoterFinding, VoterState};
use domain::classify::ReasonCategory;
use domain::event::{Event, Fingerprint, NikFormatChecked};
use domain::fold::Fact;
use domain::ids::EventId;
use domain::nik::{NikFault, NikFindings, NikTag, RegionCode};
use domain::policy::Tier;
use domain::rows::{BookEntry, NikErasure, NikHolderRow, VerificationStatus, ViewRow};
use domain::sealed::Purpose;

use crate::given::{
    Customer, customer, erased, fact, matched, poison, release, sealed, source, valid, verification,
};
use crate::given_captures::capture;

/// A NIK whose form was checked; `n` and `body` as in a verdict.
#[derive(Clone, Copy)]
struct Checked {
    n: u8,
    body: u8,
    fault: Option<NikFault>,
    sex_agrees: Option<bool>,
    /// It contradicts itself.
    verified_anyway: bool,
}

fn checked(n: u8) -> Checked {
    Checked { n, body: n, fault: None, sex_agrees: None, verified_anyway: false }
}

impl Checked {
    fn at(self, offset: u64) -> Fact {
        let is_good = self.fault.is_none() && self.sex_agrees != Some(false);
        let event = NikFormatChecked {
            event_id: EventId::from_bytes([0xC0 + self.n; 16]),
            customer: customer(),
            verification_id: verification(self.n),
            nik: sealed(13),
            findings: NikFindings {
                verified: is_good || self.verified_anyway,
                fault: self.fault,
                province: RegionCode::Known,
                regency: RegionCode::Known,
                district: RegionCode::Unknown,
                birth_date_agrees: None,
                sex_agrees: self.sex_agrees,
                regions_edition: "an edition".to_owned(),
            },
            signals: vec!["nik_region_unknown".to_owned()],
            policy_version: 1,
            body_fingerprint: Fingerprint([self.body; 32]),
        };
        fact(offset, offset as i64, Event::NikFormatChecked(event))
    }
}

/// Registered, with the tags of what the facts at those offsets hold.
fn with_tags(tags: &[(u64, u8)]) -> Customer {
    let mut customer = Customer::registered();
    customer.known.nik_tags = tags.iter().map(|(at, tag)| (source(*at), NikTag([*tag; 32]))).collect();
    customer
}

fn holder(tag: u8) -> ViewRow {
    ViewRow::NikHolder(NikHolderRow { customer: customer(), tag: NikTag([tag; 32]) })
}

#[test]
fn given_what_was_found_then_this_row_and_tier() {
    let bad = Some(NikFault::NoSerial);
    for (given, status, score, category, tier) in [
        (checked(1), VerificationStatus::Verified, Some(100), None, Tier::Basic),
        (
            Checked { fault: bad, ..checked(1) },
            VerificationStatus::Failed,
            None,
            Some(ReasonCategory::BadFormat),
            Tier::None,
        ),
        (
            Checked { sex_agrees: Some(false), ..checked(1) },
            VerificationStatus::Failed,
            None,
            Some(ReasonCategory::Mismatch),
            Tier::None,
        ),
    ] {
        let customer = Customer::registered().when(&[given.at(2)]);
        let row = &customer.known.verifications[&verification(1)];
        assert_eq!((row.status, row.score, row.reason_category), (status, score, category));
        assert_eq!(customer.state.kyc.tier, tier);
        assert!(row.nik_format.is_some());
        assert!(customer.last_rows().contains(&"signal"));
        assert_eq!(customer.last_rows().contains(&"tier_event"), tier == Tier::Basic);
    }
}

#[test]
fn a_repetition_another_body_and_a_contradiction_are_what_they_are_of_a_verdict() {
    let first = Customer::registered().when(&[checked(1).at(2)]);
    let again = first.when(&[checked(1).at(3)]);
    assert_eq!(again.last().effect.entry, Some(BookEntry::Duplicate));
    assert_eq!(again.last_outcomes(), ["VerificationCreated"]);
    let other = again.when(&[Checked { body: 9, ..checked(1) }.at(4)]);
    assert_eq!(other.last_outcomes(), ["SignalRaised", "VerdictConflicted"]);
    let wrong = Checked { fault: Some(NikFault::NoSerial), verified_anyway: true, ..checked(2) };
    let poisoned = other.when(&[wrong.at(5)]);
    assert_eq!(poisoned.last().effect.entry, Some(BookEntry::DeadLettered));
    let gone = Customer::registered().when(&[erased(3, &[Purpose::Profile]), checked(1).at(4)]);
    assert_eq!(gone.last_outcomes(), ["VerdictUnapplied"]);
}

/// Whichever comes first: the tier follows from what stands.
#[test]
fn every_order_of_format_card_verdict_and_match_ends_in_the_same_tier() {
    let facts: [fn(u64) -> Fact; 4] =
        [|at| checked(1).at(at), |at| capture(2).at(at), |at| valid(3).at(at), |at| matched(4).at(at)];
    let mut orders = 0;
    for order in 0..4_usize.pow(4) {
        let order: Vec<usize> = (0..4).map(|place| order / 4_usize.pow(place) % 4).collect();
        if (0..4).any(|n| !order.contains(&n)) {
            continue;
        }
        orders += 1;
        let mut customer = Customer::registered();
        let mut before = Tier::None;
        for (n, at) in order.iter().zip(2..) {
            customer = customer.when(&[facts[*n](at)]);
            assert!(customer.state.kyc.tier >= before, "{order:?}");
            before = customer.state.kyc.tier;
        }
        assert_eq!(before, Tier::Premium, "{order:?}");
    }
    assert_eq!(orders, 24);
}

#[test]
fn which_niks_a_customer_brought_is_kept_by_their_tags() {
    let customer = with_tags(&[(2, 1), (3, 1), (4, 2)]);
    let customer = customer.when(&[checked(1).at(2)]);
    assert!(customer.last().rows.contains(&(source(2), holder(1))));
    let customer = customer.when(&[capture(2).at(3)]);
    assert!(!customer.state.niks.are_different());
    let customer = customer.when(&[checked(3).at(4)]);
    assert!(customer.state.niks.are_different());
    assert_eq!(customer.state.niks.of(&verification(2)), Some(NikTag([1; 32])));
    assert_eq!(customer.state.niks.of(&verification(3)), Some(NikTag([2; 32])));
    // Of a repetition nothing is kept again.
    let again = customer.when(&[checked(1).at(5)]);
    assert_eq!(again.state.niks.entries().len(), 3);
}

#[test]
fn what_cannot_be_a_nik_or_was_not_read_for_sure_is_nobodys() {
    let bad = Checked { fault: Some(NikFault::NoBirthDate), ..checked(1) };
    let customer = with_tags(&[(2, 1)]).when(&[bad.at(2)]);
    assert!(customer.state.niks.entries().is_empty() && !customer.last_rows().contains(&"nik_holder"));
    // What the person is not said to be is a NIK all the same.
    let other = Checked { sex_agrees: Some(false), ..checked(1) };
    assert_eq!(with_tags(&[(2, 1)]).when(&[other.at(2)]).state.niks.entries().len(), 1);

    for (voter, state, verdict, is_kept) in [
        ("nik_read", VoterState::Pass, CaptureVerdict::Passed, true),
        ("nik_read", VoterState::Abstain, CaptureVerdict::RequiresReview, true),
        ("nik_read", VoterState::Fail, CaptureVerdict::Failed, false),
        ("nik_consistency", VoterState::Fail, CaptureVerdict::Failed, false),
        ("portrait_face", VoterState::Fail, CaptureVerdict::Failed, true),
    ] {
        let mut event = crate::given_captures::Capture { verdict, ..capture(2) }.event();
        event.assessment.tamper.voters.push(VoterFinding {
            name: voter.to_owned(),
            state,
            reason: "measured".to_owned(),
            value: None,
            threshold: None,
        });
        let customer = with_tags(&[(2, 1)]).when(&[fact(2, 2, Event::KtpCaptureAssessed(event))]);
        assert_eq!(customer.state.niks.entries().len() == 1, is_kept, "{voter} {state:?}");
    }
}

#[test]
fn an_erasure_of_the_profile_drops_them_by_their_names_and_no_other_does() {
    let brought = || with_tags(&[(2, 1), (3, 2)]).when(&[checked(1).at(2), checked(2).at(3)]);
    let kept = brought().when(&[erased(4, &[Purpose::Biometric, Purpose::Evidence])]);
    assert_eq!(kept.state.niks.entries().len(), 2);
    assert_eq!(kept.last_rows(), ["note", "erase_enrolments"]);
    let gone = brought().when(&[erased(4, &[Purpose::Profile])]);
    assert!(gone.state.niks.entries().is_empty());
    let tags = vec![NikTag([1; 32]), NikTag([2; 32])];
    let erasure = ViewRow::EraseNiks(NikErasure { customer: customer(), tags });
    assert_eq!(gone.last().rows.last().map(|(_, row)| row.clone()), Some(erasure));
}

#[test]
fn one_that_waited_is_kept_when_it_is_released() {
    let parked = with_tags(&[(3, 1)]).when(&[poison(2), checked(1).at(3)]);
    assert!(parked.state.niks.entries().is_empty());
    assert!(matches!(release(4), Fact::Event(_)));
    let released = parked.released(4, &[checked(2).at(2), checked(1).at(3)], None);
    assert_eq!(released.state.niks.of(&verification(1)), Some(NikTag([1; 32])));
    assert_eq!(released.state.niks.of(&verification(2)), None, "nothing of it was opened");
}
