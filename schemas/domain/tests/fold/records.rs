//! What contract §3 says of a verdict's rows and outcomes, sentence by sentence.

use domain::fold::Fact;
use domain::outcome::{EnrolmentSummary, Outcome};
use domain::policy::{Method, Methods, Tier};
use domain::rows::{
    EnrolmentRow, FaceSource, Kyc, TierEventRow, VerificationRow, VerificationStatus, ViewRow,
};
use domain::time::Timestamp;

use crate::given::{Customer, Verdict, at, declined, source, valid, verification};

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a time")
}

/// Offsets in the log's clock from the moment that `given::at` counts from.
fn appended_at(verdict: Verdict, offset: u64, moment: Timestamp) -> Fact {
    verdict.appended(offset, moment.millis() - at(0).millis())
}

/// Of one fold: the verification, the enrolment and the tier event.
fn rows(customer: &Customer) -> (&VerificationRow, Option<&EnrolmentRow>, Option<&TierEventRow>) {
    let (mut verification, mut enrolment, mut change) = (None, None, None);
    for (_, row) in &customer.last().rows {
        match row {
            ViewRow::Verification(row) => verification = Some(row.as_ref()),
            ViewRow::Enrolment(row) => enrolment = Some(row),
            ViewRow::TierEvent(row) => change = Some(row),
            other => panic!("a verdict writes no such row: {other:?}"),
        }
    }
    (verification.expect("one verification row"), enrolment, change)
}

#[test]
fn one_row_of_the_method_verified_with_100_or_failed_without_a_score() {
    for (verdict, status, score) in
        [(valid(1), VerificationStatus::Verified, Some(100)), (declined(1), VerificationStatus::Failed, None)]
    {
        let customer = Customer::registered().when(&[verdict.at(5)]);
        let (row, ..) = rows(&customer);
        assert_eq!((row.method, row.status, row.score), (Method::NikDukcapil, status, score));
        let event = verdict.event();
        assert_eq!(
            (&row.id, &row.event_id, row.source),
            (&event.verification_id, &event.event_id, source(5))
        );
        assert_eq!((&row.reason, row.reason_category), (&event.reason, event.reason_category));
        assert_eq!((row.created_at, &row.customer), (at(5), &crate::given::customer()));
        let Some(Outcome::VerificationCreated(created)) = customer.last().outcomes.last() else {
            panic!("the last outcome of its event")
        };
        assert_eq!((created.method, created.status, created.score), (row.method, status, score));
        assert_eq!((&created.verification_id, created.source), (&row.id, source(5)));
        assert_eq!(created.body_fingerprint, event.body_fingerprint);
    }
}

/// `fallbackStub` is true where the row is published: its vector is made afterwards.
#[test]
fn a_valid_photo_is_enrolled_as_a_reference_of_dukcapil() {
    let customer = Customer::registered().when(&[valid(1).at(5)]);
    let (row, enrolment, _) = rows(&customer);
    let enrolment = enrolment.expect("a reference");
    assert_eq!(Some(&enrolment.id), valid(1).event().enrolment_id.as_ref());
    assert_eq!((enrolment.face_source, enrolment.source), (FaceSource::Dukcapil, source(5)));
    assert_eq!((enrolment.verification_id.as_ref(), enrolment.created_at), (Some(&row.id), row.created_at));
    assert_eq!(enrolment.body_fingerprint, None, "the verification has it");
    let summary =
        EnrolmentSummary { id: enrolment.id.clone(), source: FaceSource::Dukcapil, fallback_stub: true };
    let outcomes = &customer.last().outcomes;
    let Some(Outcome::FaceEnrolled(enrolled)) = outcomes.first() else { panic!("a face was enrolled") };
    assert_eq!((&enrolled.enrolment, enrolled.model.as_deref()), (&summary, None));
    assert_eq!(
        (&enrolled.verification_id, &enrolled.event_id),
        (&Some(row.id.clone()), &Some(row.event_id.clone()))
    );
    let Some(Outcome::VerificationCreated(created)) = outcomes.last() else { panic!("a row exists") };
    assert_eq!(created.enrolment.as_ref(), Some(&summary));
    let customer = Customer::registered().when(&[declined(1).at(5)]);
    assert_eq!(rows(&customer).1, None, "a declined verdict enrols nothing");
}

/// Of several references a match prefers the first of these, then the newest.
#[test]
fn references_are_preferred_in_this_order() {
    assert_eq!(
        FaceSource::ALL.map(FaceSource::as_str),
        ["dukcapil", "ktp_extract", "onboarding_selfie", "step_up_promotion"]
    );
    assert!(FaceSource::ALL.is_sorted(), "as rows compare them");
}

/// One event per change, even none → premium, with the causing method as its reason.
#[test]
fn a_change_of_tier_is_one_event_that_names_its_cause() {
    use Method::{FaceMatch, KtpCapture, NikFormat};
    for (methods, from, to) in [
        ([].as_slice(), Tier::None, Tier::Standard),
        (&[NikFormat], Tier::Basic, Tier::Standard),
        (&[FaceMatch], Tier::None, Tier::Premium),
        (&[NikFormat, FaceMatch], Tier::Basic, Tier::Premium),
    ] {
        let mut before = Customer::registered();
        before.state.verified = methods.iter().copied().collect();
        before.state.kyc.tier = from;
        let customer = before.when(&[valid(1).at(5)]);
        let (row, _, change) = rows(&customer);
        let change = change.expect("a change");
        assert!(change.id.as_str().starts_with("kte_"));
        assert_eq!((change.from_tier, change.to_tier), (from, to));
        assert_eq!(change.reason, "automatic on nik_dukcapil verify");
        assert_eq!((change.created_at, change.source), (row.created_at, source(5)));
        assert_eq!(
            (&change.customer, row.tier_event.as_ref()),
            (&crate::given::customer(), Some(&change.id))
        );
        let Outcome::KycUpdated(updated) = &customer.last().outcomes[1] else { panic!("an update") };
        assert_eq!((updated.from_tier, updated.to_tier), (from, to));
        assert_eq!((updated.tier_event_id.as_ref(), &updated.reason), (Some(&change.id), &change.reason));
    }
    let mut before = Customer::registered();
    before.state.verified = [KtpCapture].into_iter().collect();
    before.state.kyc.tier = Tier::Standard;
    let customer = before.when(&[valid(1).at(5)]);
    assert_eq!(rows(&customer).2, None, "the tier is what it was");
    let Outcome::KycUpdated(renewed) = &customer.last().outcomes[1] else { panic!("an update") };
    assert_eq!((renewed.tier_event_id.as_ref(), renewed.from_tier), (None, renewed.to_tier));
}

/// +12 calendar months in UTC, clamped to the month's end, from the row's createdAt.
#[test]
fn the_validity_is_twelve_calendar_months_in_utc() {
    for (appended, expires) in [
        ("2026-11-23T04:05:06.007Z", "2027-11-23T04:05:06.007Z"),
        ("2028-02-29T10:00:00.123Z", "2029-02-28T10:00:00.123Z"),
        ("2027-02-28T23:59:59.999Z", "2028-02-28T23:59:59.999Z"),
        // 06:30 of 1 January in Jakarta is still 31 December in UTC.
        ("2027-01-01T06:30:00.000+07:00", "2027-12-31T23:30:00.000Z"),
        ("2028-03-01T00:00:00.000Z", "2029-03-01T00:00:00.000Z"),
    ] {
        let appended = time(appended);
        let customer = Customer::registered().when(&[appended_at(valid(1), 5, appended)]);
        let kyc = customer.state.kyc;
        assert_eq!((kyc.last_verified_at, kyc.expires_at), (Some(appended), Some(time(expires))));
        assert_eq!(rows(&customer).0.kyc_after, kyc);
        let Outcome::KycUpdated(updated) = &customer.last().outcomes[1] else { panic!("an update") };
        assert_eq!((updated.last_verified_at, updated.expires_at), (appended, time(expires)));
    }
}

/// Every verified row that supports the present tier renews it, tier change or not; a declined verdict changes
/// nothing; the row keeps the KYC on both sides of it.
#[test]
fn given_a_customer_when_a_verdict_then_this_kyc() {
    use Method::{FaceMatch, KtpCapture};
    let old = at(-1_000_000);
    type Row<'a> = (&'a str, Tier, &'a [Method], Verdict, Tier, bool);
    let table: &[Row<'_>] = &[
        ("standard again", Tier::Standard, &[Method::NikDukcapil], valid(1), Tier::Standard, true),
        ("standard by a card", Tier::Standard, &[KtpCapture], valid(1), Tier::Standard, true),
        ("premium", Tier::Premium, &[KtpCapture, FaceMatch], valid(1), Tier::Premium, true),
        ("to premium", Tier::None, &[FaceMatch], valid(1), Tier::Premium, true),
        ("declined at standard", Tier::Standard, &[KtpCapture], declined(1), Tier::Standard, false),
        ("declined at premium", Tier::Premium, &[KtpCapture, FaceMatch], declined(1), Tier::Premium, false),
        ("declined at none", Tier::None, &[], declined(1), Tier::None, false),
    ];
    for (name, tier, methods, verdict, then, renewed) in table {
        let before = Kyc { tier: *tier, last_verified_at: Some(old), expires_at: Some(old.plus_months(12)) };
        let mut given = Customer::registered();
        given.state.kyc = before;
        given.state.verified = methods.iter().copied().collect::<Methods>();
        let verified_before = given.state.verified;
        let customer = given.when(&[verdict.at(5)]);
        let verified_at = if *renewed { at(5) } else { old };
        let after = Kyc {
            tier: *then,
            last_verified_at: Some(verified_at),
            expires_at: Some(verified_at.plus_months(12)),
        };
        assert_eq!(customer.state.kyc, after, "{name}");
        let (row, ..) = rows(&customer);
        assert_eq!((row.kyc_before, row.kyc_after), (before, after), "{name}");
        let verified =
            if verdict.valid { verified_before.with(Method::NikDukcapil) } else { verified_before };
        assert_eq!(customer.state.verified, verified, "{name}");
        let updates = customer.last_outcomes().iter().filter(|name| **name == "KycUpdated").count();
        assert_eq!(updates, usize::from(*renewed), "{name}");
    }
}

/// A tier never falls because of a later failed row, nor does its validity.
#[test]
fn failed_rows_take_nothing_away() {
    let mut customer = Customer::registered().when(&[valid(1).at(5)]);
    let kyc = customer.state.kyc;
    for n in 2..6 {
        customer = customer.when(&[declined(n).at(u64::from(n) + 10)]);
        assert_eq!(customer.state.kyc, kyc);
        assert_eq!(customer.known.verifications[&verification(n)].kyc_before, kyc);
    }
    assert_eq!(customer.state.customer, crate::given::customer());
}
