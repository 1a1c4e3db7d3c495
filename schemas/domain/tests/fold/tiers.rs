//! Tiers and their validity.

use domain::policy::{Method, Methods, Tier};
use domain::rows::Kyc;
use domain::time::Timestamp;

use crate::given::{Customer, at, declined, valid, verification};

#[test]
fn given_a_tier_and_methods_when_a_verdict_then_this_tier_and_at_most_one_event() {
    use Method::{FaceMatch, KtpCapture, NikFormat};
    type Row<'a> = (&'a str, Tier, &'a [Method], bool, u32, Tier, usize);
    let table: &[Row<'_>] = &[
        ("first verdict", Tier::None, &[], true, 1, Tier::Standard, 1),
        ("after the NIK's form", Tier::Basic, &[NikFormat], true, 1, Tier::Standard, 1),
        ("after a card", Tier::Standard, &[KtpCapture], true, 1, Tier::Standard, 0),
        ("face first: straight to premium", Tier::None, &[FaceMatch], true, 1, Tier::Premium, 1),
        ("face first, liveness asked for", Tier::None, &[FaceMatch], true, 2, Tier::Standard, 1),
        ("declined at none", Tier::None, &[], false, 1, Tier::None, 0),
        ("declined at premium", Tier::Premium, &[KtpCapture, FaceMatch], false, 1, Tier::Premium, 0),
        (
            "a stricter policy never lowers",
            Tier::Premium,
            &[KtpCapture, FaceMatch],
            true,
            2,
            Tier::Premium,
            0,
        ),
    ];
    for (name, tier, methods, is_valid, policy, then, events) in table {
        let mut customer = Customer::registered();
        customer.state.kyc.tier = *tier;
        customer.state.verified = methods.iter().copied().collect::<Methods>();
        let mut verdict = if *is_valid { valid(1) } else { declined(1) };
        verdict.policy = *policy;
        let customer = customer.when(&[verdict.at(5)]);
        assert_eq!(customer.state.kyc.tier, *then, "{name}");
        let changes = customer.last_rows().iter().filter(|row| **row == "tier_event").count();
        assert_eq!(changes, *events, "{name}");
    }
}

#[test]
fn a_supporting_row_renews_the_validity_also_without_a_tier_change() {
    let customer = Customer::registered().when(&[valid(1).appended(5, 0), valid(2).appended(6, 60_000)]);
    assert_eq!(customer.state.kyc.last_verified_at, Some(at(60_000)));
    assert_eq!(customer.state.kyc.expires_at, Some(at(60_000).plus_months(12)));
    assert_eq!(customer.last_rows(), ["verification", "enrolment"]);
    assert_eq!(customer.last_outcomes(), ["FaceEnrolled", "KycUpdated", "VerificationCreated"]);
}

#[test]
fn a_declined_row_renews_nothing() {
    let customer = Customer::registered().when(&[valid(1).appended(5, 0), declined(2).appended(6, 60_000)]);
    assert_eq!(customer.state.kyc.last_verified_at, Some(at(0)));
    assert_eq!(
        customer.known.verifications[&verification(2)].kyc_after,
        customer.known.verifications[&verification(1)].kyc_after
    );
}

#[test]
fn the_change_names_its_cause_and_its_id_follows_from_the_event() {
    let once = Customer::registered().when(&[valid(1).at(5)]);
    let again = Customer::registered().when(&[valid(1).at(5)]);
    assert_eq!(once.last().rows, again.last().rows);
    let Some((_, domain::rows::ViewRow::TierEvent(change))) = once.last().rows.get(2) else {
        panic!("a tier event")
    };
    assert_eq!(change.reason, "automatic on nik_dukcapil verify");
    assert_eq!((change.from_tier, change.to_tier), (Tier::None, Tier::Standard));
}

/// Contract §4.
#[test]
fn eligible_is_standard_or_better_until_it_expires() {
    let at = Timestamp::from_millis;
    let kyc = |tier, end: Option<i64>| Kyc { tier, last_verified_at: None, expires_at: end.map(at) };
    assert!(kyc(Tier::Standard, Some(10)).is_eligible(at(9)));
    assert!(kyc(Tier::Premium, Some(10)).is_eligible(at(9)));
    assert!(!kyc(Tier::Standard, Some(10)).is_eligible(at(10)));
    assert!(!kyc(Tier::Basic, Some(10)).is_eligible(at(9)));
    assert!(!kyc(Tier::None, None).is_eligible(at(9)));
}
