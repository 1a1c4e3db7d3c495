//! Whatever the order of what proves something and of its voids, the tier is what a plain look at everything that stands
//! gives.

use domain::event::Event;
use domain::fold::Fact;
use domain::policy::{KYC_VALIDITY_MONTHS, Method, Methods, TierPolicy};
use domain::rows::{FaceSource, Kyc, VerificationRow, VerificationStatus};
use proptest::prelude::*;

use crate::given::{Customer, Match, declined, matched, no_match, source, valid, verification};
use crate::given_captures::{capture, captured_enrolment};
use crate::given_voids::{against, verdicts_photo, void};

/// One thing that happens to a customer. Numbers name verifications; a void is of whatever stands under the number.
#[derive(Debug, Clone, Copy)]
enum Step {
    Verdict(u8),
    Declined(u8),
    Capture(u8),
    /// Against the photo of that verdict, or the portrait of that capture.
    Match(u8, u8),
    NoMatch(u8),
    Format(u8),
    Void(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1..3_u8).prop_map(Step::Verdict),
        1 => (3..4_u8).prop_map(Step::Declined),
        3 => (4..6_u8).prop_map(Step::Capture),
        3 => ((6..9_u8), (1..6_u8)).prop_map(|(n, of)| Step::Match(n, of)),
        1 => (9..10_u8).prop_map(Step::NoMatch),
        2 => (10..12_u8).prop_map(Step::Format),
        4 => (1..12_u8).prop_map(Step::Void),
    ]
}

fn reference(of: u8) -> (domain::ids::EnrolmentId, FaceSource) {
    if of >= 4 {
        (captured_enrolment(of), FaceSource::KtpExtract)
    } else {
        (verdicts_photo(of), FaceSource::Dukcapil)
    }
}

fn fact_of(step: Step, at: u64) -> Option<Fact> {
    Some(match step {
        Step::Verdict(n) => valid(n).at(at),
        Step::Declined(n) => declined(n).at(at),
        Step::Capture(n) => capture(n).at(at),
        Step::Match(n, of) => {
            let (enrolment, face_source) = reference(of);
            against(Match { face_source, ..matched(n) }, enrolment, None, at)
        }
        Step::NoMatch(n) => no_match(n).at(at),
        Step::Void(of) => void(of, of).at(at),
        Step::Format(_) => return None,
    })
}

/// No event of this test makes a row of the NIK's form: the row is put where a fold would have put it.
fn with_format(mut customer: Customer, n: u8, at: u64) -> Customer {
    if customer.known.verifications.contains_key(&verification(n)) {
        return customer;
    }
    let made = Customer::registered().when(&[valid(n).at(at)]);
    let of = made.known.verifications[&verification(n)].clone();
    let row = VerificationRow { method: Method::NikFormat, enrolment: None, source: source(at), ..of };
    customer.known.verifications.insert(row.id.clone(), row.clone());
    customer.state.verified = customer.state.verified.with(Method::NikFormat);
    let policy = TierPolicy::of_version(1).expect("a policy");
    customer.state.kyc.tier = customer.state.kyc.tier.max(policy.tier(customer.state.verified));
    if policy.supports(customer.state.kyc.tier, Methods::of(&[Method::NikFormat])) {
        customer.state.kyc.last_verified_at = Some(row.created_at);
        customer.state.kyc.expires_at = Some(row.created_at.plus_months(KYC_VALIDITY_MONTHS));
    }
    customer.state.last_created_at = customer.state.last_created_at.max(row.created_at);
    customer
}

/// By the letter of the contract, from the rows: what is verified and not void, and no match against what is void.
fn plain(customer: &Customer) -> Kyc {
    let is_void = |row: &VerificationRow| customer.known.voids.contains_key(&row.id);
    let rows = customer.known.verifications.values();
    let gone: Vec<_> =
        rows.clone().filter(|row| is_void(row)).filter_map(|row| row.enrolment.clone()).collect();
    let standing: Vec<&VerificationRow> = rows
        .filter(|row| row.status == VerificationStatus::Verified && !is_void(row))
        .filter(|row| row.face_match.as_ref().is_none_or(|of| !gone.contains(&of.reference.enrolment_id)))
        .collect();
    let policy = TierPolicy::of_version(1).expect("a policy");
    let methods: Methods = standing.iter().map(|row| row.method).collect();
    let tier = policy.tier(methods);
    let carrying = standing.iter().filter(|row| policy.supports(tier, Methods::of(&[row.method])));
    let last_verified_at = carrying.map(|row| row.created_at).max();
    let expires_at = last_verified_at.map(|at| at.plus_months(KYC_VALIDITY_MONTHS));
    Kyc { tier, last_verified_at, expires_at }
}

fn folded(steps: &[Step]) -> Customer {
    steps.iter().zip(1..).fold(Customer::registered(), |customer, (step, at)| {
        match (*step, fact_of(*step, at)) {
            (Step::Format(n), _) => with_format(customer, n, at),
            (_, Some(fact)) => customer.when(&[fact]),
            (_, None) => customer,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn after_every_step_the_tier_is_what_stands(steps in prop::collection::vec(step(), 0..14)) {
        for end in 0..=steps.len() {
            let customer = folded(&steps[..end]);
            prop_assert_eq!(customer.state.kyc, plain(&customer), "{:?}", &steps[..end]);
        }
    }
}

fn orders(of: &[Step]) -> Vec<Vec<Step>> {
    if of.is_empty() {
        return vec![Vec::new()];
    }
    (0..of.len())
        .flat_map(|first| {
            let rest: Vec<Step> =
                of.iter().enumerate().filter(|(at, _)| *at != first).map(|(_, step)| *step).collect();
            orders(&rest).into_iter().map(move |order| [vec![of[first]], order].concat())
        })
        .collect()
}

/// All orders of {format, ktp, verdict, match} and of the voids of some of them, each after what it is of.
#[test]
fn in_whichever_order_they_come_the_tier_in_the_end_is_the_same() {
    let things = [Step::Format(10), Step::Capture(4), Step::Verdict(1), Step::Match(6, 1)];
    for voided in [&[][..], &[10], &[4], &[1], &[6], &[4, 1], &[1, 6], &[10, 4]] {
        let steps: Vec<Step> = things.into_iter().chain(voided.iter().map(|n| Step::Void(*n))).collect();
        let number = |step: &Step| match *step {
            Step::Format(n) | Step::Capture(n) | Step::Verdict(n) | Step::Match(n, _) => n,
            _ => 0,
        };
        let follows = |order: &Vec<Step>| {
            voided.iter().all(|n| {
                let made = order.iter().position(|step| number(step) == *n);
                let gone = order.iter().position(|step| matches!(step, Step::Void(of) if of == n));
                made < gone
            })
        };
        let mut tiers = Vec::new();
        for order in orders(&steps).iter().filter(|order| follows(order)) {
            let customer = folded(order);
            assert_eq!(customer.state.kyc, plain(&customer), "{order:?}");
            tiers.push(customer.state.kyc.tier);
        }
        tiers.dedup();
        assert_eq!(tiers.len(), 1, "{voided:?}");
    }
}

/// An event that says it is void is one.
#[test]
fn a_void_names_what_it_is_of() {
    let Fact::Event(event) = void(1, 5).at(3) else { panic!("an event") };
    assert!(matches!(&event.event, Event::VerificationVoided(of) if of.verification_id == verification(5)));
    assert_eq!((event.event.void_of(), event.event.verification_id()), (Some(&verification(5)), None));
}
