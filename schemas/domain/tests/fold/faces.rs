//! Faces: references that came by themselves, and matches. Who is compared with whom was decided before.

use domain::classify::ReasonCategory;
use domain::fold::{CAUSE_EVENT_INCONSISTENT, CAUSE_NOT_REGISTERED, Fact, FoldStop, fold, needs_envelopes};
use domain::outcome::Outcome;
use domain::policy::{Method, Tier};
use domain::rows::{BookEntry, FaceSource, VerificationStatus, ViewRow};
use domain::sealed::Purpose;

use crate::given::{
    Customer, Match, at, customer, declined, erased, matched, no_match, poison, reference, reference_id,
    source, valid, verification,
};

#[test]
fn a_reference_of_its_own_makes_an_enrolment_and_an_outcome() {
    let customer = Customer::registered().when(&[reference(1).at(5)]);
    assert_eq!(customer.last_rows(), ["reference", "enrolment"]);
    assert_eq!(customer.last_outcomes(), ["FaceEnrolled"]);
    assert_eq!(customer.last().effect.entry, Some(BookEntry::Applied));
    assert!(customer.last().effect.counted.is_empty(), "no list of verifications counts it");
    let [(_, ViewRow::Reference(kept)), (_, ViewRow::Enrolment(row))] = &customer.last().rows[..] else {
        panic!("two rows")
    };
    assert_eq!(Some(kept), customer.known.references.get(&reference_id(1)));
    assert_eq!((kept.source, kept.created_at, kept.body_fingerprint.0[0]), (source(5), at(5), 1));
    assert_eq!(
        (&row.id, &row.event_id, &row.customer),
        (&kept.id, &kept.event_id, &crate::given::customer())
    );
    assert_eq!(
        (row.face_source, row.source, row.created_at),
        (FaceSource::OnboardingSelfie, source(5), at(5))
    );
    assert_eq!((&row.verification_id, row.body_fingerprint.map(|of| of.0[0])), (&None, Some(1)));
    let Outcome::FaceEnrolled(enrolled) = &customer.last().outcomes[0] else { panic!("a reference exists") };
    assert_eq!((&enrolled.verification_id, enrolled.event_id.as_ref()), (&None, Some(&row.event_id)));
    assert_eq!((&enrolled.enrolment.id, enrolled.enrolment.fallback_stub), (&row.id, true));
    assert_eq!((enrolled.created_at, &enrolled.model), (row.created_at, &None));
    assert_eq!(customer.state.kyc.tier, Tier::None, "a photo alone proves nothing");
}

#[test]
fn given_a_history_when_a_reference_then_it_is_entered_here() {
    use BookEntry::{Applied, Conflict, DeadLettered, Duplicate, Parked, Refused};
    let other = || crate::given::Reference { body: 50, ..reference(1) };
    let lying = |face_source| crate::given::Reference { face_source, ..reference(1) };
    let withdrawn = || erased(5, &[Purpose::Biometric]);
    let table: Vec<(&str, Vec<Fact>, Fact, BookEntry)> = vec![
        ("the first", vec![], reference(1).at(9), Applied),
        ("a second one", vec![reference(2).at(5)], reference(1).at(9), Applied),
        ("the same again", vec![reference(1).at(5)], reference(1).at(9), Duplicate),
        ("another body", vec![reference(1).at(5)], other().at(9), Conflict),
        ("no profile", vec![erased(5, &[Purpose::Profile])], reference(1).at(9), Refused),
        ("no consent", vec![withdrawn()], reference(1).at(9), Refused),
        ("again, without consent", vec![reference(1).at(4), withdrawn()], reference(1).at(9), Duplicate),
        ("another body, without consent", vec![reference(1).at(4), withdrawn()], other().at(9), Conflict),
        ("no evidence key", vec![erased(5, &[Purpose::Evidence])], reference(1).at(9), Applied),
        ("a quarantine", vec![poison(5)], reference(1).at(9), Parked),
        ("the registry's name", vec![], lying(FaceSource::Dukcapil).at(9), DeadLettered),
        ("a card's name", vec![], lying(FaceSource::KtpExtract).at(9), DeadLettered),
        ("a step-up's", vec![], lying(FaceSource::StepUpPromotion).at(9), Applied),
    ];
    for (name, facts, fact, entry) in table {
        let customer = Customer::registered().when(&facts).when(&[fact]);
        assert_eq!(customer.last().effect.entry, Some(entry), "{name}");
        let rows: &[&str] = if entry == Applied { &["reference", "enrolment"] } else { &["note"] };
        assert_eq!(customer.last_rows(), rows, "{name}");
        let stands = matches!(entry, Applied | Duplicate);
        let outcomes: &[&str] = if stands { &["FaceEnrolled"] } else { &[] };
        assert_eq!(customer.last_outcomes(), outcomes, "{name}");
        if let (_, ViewRow::Note(note)) = &customer.last().rows[0] {
            let names = (&note.reference_id, &note.verification_id);
            assert_eq!(names, (&Some(reference_id(1)), &None), "{name}");
        }
        let cause = customer.last().dead_letters.first().map(|(_, cause)| cause.as_str());
        assert_eq!(cause, (entry == DeadLettered).then_some(CAUSE_EVENT_INCONSISTENT), "{name}");
    }
}

/// `createdAt` goes on from what stood before, and only what is applied moves it.
#[test]
fn a_reference_never_goes_back_in_time() {
    let other = crate::given::Reference { body: 50, ..reference(1) };
    let facts = [valid(1).appended(5, 9_000), reference(1).appended(6, 100), other.appended(7, 20_000)];
    let customer = Customer::registered().when(&facts);
    assert_eq!(customer.last().effect.entry, Some(BookEntry::Conflict));
    let customer = customer.when(&[reference(2).appended(8, 200), declined(3).appended(9, 300)]);
    assert_eq!(customer.known.references[&reference_id(2)].created_at, at(9_000));
    assert_eq!(customer.known.verifications[&verification(3)].created_at, at(9_000));
}

#[test]
fn what_waited_is_enrolled_by_the_release_and_what_was_erased_meanwhile_is_not() {
    let waiting = [poison(2), reference(1).at(3), reference(1).at(4), matched(2).at(5)];
    let customer = Customer::registered().when(&waiting).released(8, &waiting, None);
    use BookEntry::{Applied, DeadLettered, Duplicate, Parked, Refused};
    assert_eq!(customer.last().effect.moved, [(Parked, Applied), (Parked, Duplicate), (Parked, Applied)]);
    let row = &customer.known.references[&reference_id(1)];
    assert_eq!((row.source, row.created_at), (source(3), at(3)), "its origin's place and time");

    let erasure = erased(6, &[Purpose::Biometric]);
    let gone = Customer::registered().when(&waiting).when(&[erasure]).released(8, &waiting, None);
    assert_eq!(gone.last().effect.moved, [(Parked, Refused), (Parked, Refused), (Parked, Refused)]);
    assert!(gone.known.references.is_empty() && gone.known.verifications.is_empty());
    assert_eq!(gone.last().effect.entry, Some(Applied));
    assert_eq!(gone.history[1].effect.entry, Some(DeadLettered));
}

#[test]
fn a_match_makes_a_row_that_says_what_was_decided() {
    for (decided, status, category) in [
        (matched(1), VerificationStatus::Verified, None),
        (no_match(1), VerificationStatus::Failed, Some(ReasonCategory::NoMatch)),
    ] {
        let customer = Customer::registered().when(&[valid(9).at(4), decided.at(5)]);
        let row = &customer.known.verifications[&verification(1)];
        assert_eq!((row.method, row.status, row.score), (Method::FaceMatch, status, Some(80)));
        assert_eq!((row.reason_category, &row.reason, &row.enrolment), (category, &None, &None));
        assert_eq!((row.source, row.created_at), (source(5), at(5)));
        let (event, face_match) = (decided.event(), row.face_match.as_ref().expect("a match"));
        assert_eq!((face_match.matched, face_match.risk_level), (event.matched, event.risk_level));
        assert_eq!((face_match.threshold_milli, &face_match.model), (event.threshold_milli, &event.model));
        assert_eq!((&face_match.reference, &face_match.similarity), (&event.reference, &event.similarity));
        assert_eq!(face_match.bound, None);
        assert_eq!(customer.last().effect.counted, std::slice::from_ref(row));
        let Some(Outcome::VerificationCreated(created)) = customer.last().outcomes.last() else {
            panic!("a row exists")
        };
        assert_eq!((created.method, created.status, &created.enrolment), (row.method, status, &None));
        assert_eq!(created.reason_category, category);
    }
}

/// Each is a row of its own, at the match's place, whatever was decided.
#[test]
fn what_a_match_noticed_becomes_signals() {
    let noticed = Match { signals: &["probe_equals_reference", "second"], ..no_match(1) };
    let customer = Customer::registered().when(&[noticed.at(5)]);
    assert_eq!(customer.last_rows(), ["verification", "signal", "signal"]);
    let (_, ViewRow::Signal(signal)) = &customer.last().rows[1] else { panic!("a signal") };
    assert_eq!((signal.kind.as_str(), signal.source), ("probe_equals_reference", source(5)));
    assert_eq!((&signal.verification_id, signal.created_at), (&verification(1), at(5)));
}

/// Contract §3: standard and a match make premium, at once and in whichever order they came, with one event a change.
#[test]
fn given_verdicts_and_matches_in_any_order_then_this_history_of_tiers() {
    let card = |n| Match { face_source: FaceSource::KtpExtract, ..matched(n) };
    let selfie = |n| Match { face_source: FaceSource::OnboardingSelfie, ..matched(n) };
    let promoted = |n| Match { face_source: FaceSource::StepUpPromotion, ..matched(n) };
    use Tier::{None, Premium, Standard};
    type Row<'a> = (&'a str, Vec<Fact>, &'a [(Tier, Tier)]);
    let table: Vec<Row<'_>> = vec![
        ("verdict, match", vec![valid(1).at(3), matched(2).at(4)], &[(None, Standard), (Standard, Premium)]),
        ("match, verdict", vec![card(2).at(3), valid(1).at(4)], &[(None, Premium)]),
        ("match alone", vec![card(2).at(3)], &[]),
        ("declined, match", vec![declined(1).at(3), card(2).at(4)], &[]),
        (
            "match, declined, verdict",
            vec![card(2).at(3), declined(3).at(4), valid(1).at(5)],
            &[(None, Premium)],
        ),
        ("no match", vec![valid(1).at(3), no_match(2).at(4)], &[(None, Standard)]),
        (
            "no match, then a match",
            vec![valid(1).at(3), no_match(2).at(4), matched(3).at(5)],
            &[(None, Standard), (Standard, Premium)],
        ),
        (
            "a match, then none",
            vec![valid(1).at(3), matched(2).at(4), no_match(3).at(5)],
            &[(None, Standard), (Standard, Premium)],
        ),
        ("a selfie's match", vec![valid(1).at(3), selfie(2).at(4)], &[(None, Standard)]),
        ("a promoted selfie's match", vec![valid(1).at(3), promoted(2).at(4)], &[(None, Standard)]),
        ("a selfie's match before", vec![selfie(2).at(3), valid(1).at(4)], &[(None, Standard)]),
        (
            "two matches",
            vec![valid(1).at(3), matched(2).at(4), matched(3).at(5)],
            &[(None, Standard), (Standard, Premium)],
        ),
    ];
    for (name, facts, then) in table {
        let customer = Customer::registered().when(&facts);
        let rows = customer.history.iter().flat_map(|folded| &folded.rows);
        let changes: Vec<_> = rows
            .filter_map(|(_, row)| match row {
                ViewRow::TierEvent(change) => Some((change.from_tier, change.to_tier)),
                _ => Option::None,
            })
            .collect();
        assert_eq!(changes, then, "{name}");
        assert_eq!(customer.state.kyc.tier, then.last().map_or(None, |(_, to)| *to), "{name}");
    }
    let customer = Customer::registered().when(&[valid(1).at(3), matched(2).at(4)]);
    assert_eq!(customer.last_outcomes(), ["KycUpdated", "VerificationCreated"]);
    let Outcome::KycUpdated(updated) = &customer.last().outcomes[0] else { panic!("an update") };
    assert_eq!(updated.reason, "automatic on face_match verify");
}

/// `premium.liveness`: none (1), any (2), bound (3). A live face is a row of its own, which no event makes yet.
#[test]
fn given_a_policy_when_a_match_then_this_tier() {
    use Method::{FaceLiveness, NikDukcapil};
    let (unbound, bound) = (matched(2), Match { bound: true, ..matched(2) });
    for (policy, before, decided, then) in [
        (1, [NikDukcapil].as_slice(), unbound, Tier::Premium),
        (1, &[NikDukcapil], bound, Tier::Premium),
        (2, &[NikDukcapil], unbound, Tier::Standard),
        (2, &[NikDukcapil, FaceLiveness], unbound, Tier::Premium),
        (2, &[NikDukcapil, FaceLiveness], bound, Tier::Premium),
        (3, &[NikDukcapil, FaceLiveness], unbound, Tier::Standard),
        (3, &[NikDukcapil, FaceLiveness], bound, Tier::Premium),
        (3, &[FaceLiveness], bound, Tier::None),
    ] {
        let mut given = Customer::registered();
        given.state.verified = before.iter().copied().collect();
        given.state.kyc.tier = if before.contains(&NikDukcapil) { Tier::Standard } else { Tier::None };
        let customer = given.when(&[Match { policy, ..decided }.at(5)]);
        assert_eq!(customer.state.kyc.tier, then, "{policy} {before:?} bound: {}", decided.bound);
        let bound_of_row =
            &customer.known.verifications[&verification(2)].face_match.as_ref().expect("one").bound;
        assert_eq!(bound_of_row.is_some(), decided.bound);
    }
    // What an unbound match proved is not taken for a bound one when the policy becomes stricter.
    let mut given = Customer::registered();
    given.state.verified = [FaceLiveness].into_iter().collect();
    let strict = crate::given::Verdict { policy: 3, ..valid(1) };
    let customer =
        given.when(&[Match { face_source: FaceSource::KtpExtract, ..unbound }.at(4), strict.at(5)]);
    assert_eq!(customer.state.kyc.tier, Tier::Standard);
}

/// Every verified row that supports the present tier renews it; one that does not leaves it alone.
#[test]
fn given_a_tier_when_a_match_then_its_validity() {
    let selfie = Match { face_source: FaceSource::OnboardingSelfie, ..matched(3) };
    let strict = Match { policy: 2, ..matched(3) };
    for (name, facts, last) in [
        ("to premium", vec![valid(1).appended(3, 0), matched(3).appended(4, 60_000)], 60_000),
        (
            "premium again",
            vec![valid(1).appended(3, 0), matched(2).appended(4, 10), matched(3).appended(5, 60_000)],
            60_000,
        ),
        ("no match", vec![valid(1).appended(3, 0), no_match(3).appended(4, 60_000)], 0),
        ("against a selfie", vec![valid(1).appended(3, 0), selfie.appended(4, 60_000)], 0),
        ("where liveness is asked for", vec![valid(1).appended(3, 0), strict.appended(4, 60_000)], 0),
    ] {
        let kyc = Customer::registered().when(&facts).state.kyc;
        assert_eq!(kyc.last_verified_at, Some(at(last)), "{name}");
        assert_eq!(kyc.expires_at, Some(at(last).plus_months(12)), "{name}");
    }
    let alone =
        Customer::registered().when(&[Match { face_source: FaceSource::KtpExtract, ..matched(3) }.at(5)]);
    assert_eq!(alone.state.kyc.last_verified_at, None, "there is no tier to renew");
}

#[test]
fn given_a_history_when_a_match_then_it_is_entered_here() {
    use BookEntry::{Applied, Conflict, DeadLettered, Duplicate, Parked, Refused};
    let other = || Match { body: 50, ..matched(1) };
    let no_reason = Match { without_reason: true, ..no_match(1) };
    type Row<'a> = (&'a str, Vec<Fact>, Fact, BookEntry, &'a [&'a str]);
    let table: Vec<Row<'_>> = vec![
        ("the first", vec![], matched(1).at(9), Applied, &["VerificationCreated"]),
        ("the same again", vec![matched(1).at(5)], matched(1).at(9), Duplicate, &["VerificationCreated"]),
        (
            "another body",
            vec![matched(1).at(5)],
            other().at(9),
            Conflict,
            &["SignalRaised", "VerdictConflicted"],
        ),
        (
            "no profile",
            vec![erased(5, &[Purpose::Profile])],
            matched(1).at(9),
            Refused,
            &["VerdictUnapplied"],
        ),
        (
            "no consent",
            vec![erased(5, &[Purpose::Biometric])],
            matched(1).at(9),
            Refused,
            &["VerdictUnapplied"],
        ),
        (
            "again, without consent",
            vec![matched(1).at(4), erased(5, &[Purpose::Biometric])],
            matched(1).at(9),
            Duplicate,
            &["VerificationCreated"],
        ),
        ("a quarantine", vec![poison(5)], matched(1).at(9), Parked, &["VerdictUnapplied"]),
        ("no reason", vec![], no_reason.at(9), DeadLettered, &["VerdictUnapplied"]),
    ];
    for (name, facts, fact, entry, outcomes) in table {
        let customer = Customer::registered().when(&facts).when(&[fact]);
        assert_eq!(customer.last().effect.entry, Some(entry), "{name}");
        assert_eq!(customer.last_outcomes(), outcomes, "{name}");
        let cause = customer.last().dead_letters.first().map(|(_, cause)| cause.as_str());
        assert_eq!(cause, (entry == DeadLettered).then_some(CAUSE_EVENT_INCONSISTENT), "{name}");
    }
}

#[test]
fn before_a_registration_faces_are_poison_and_a_later_policy_stops_the_fold() {
    for fact in [reference(1).at(1), matched(1).at(1)] {
        let customer = Customer::unknown().when(&[fact]);
        assert_eq!(customer.last().dead_letters, [(source(1), CAUSE_NOT_REGISTERED.to_owned())]);
        assert!(customer.state.quarantine.is_some());
    }
    let mut given = Customer::registered();
    let later = Match { policy: 99, ..matched(1) };
    let stop = fold(given.state.clone(), &later.at(4), &mut given.known);
    assert_eq!(stop, Err(FoldStop::UnknownPolicy(99)));
}

/// An envelope matters where its event would be applied. After a withdrawn consent none of these would be.
#[test]
fn envelopes_of_faces_matter_where_they_would_be_used() {
    let consent_withdrawn = [erased(2, &[Purpose::Biometric])];
    for (given, needed) in [
        (Customer::unknown(), false),
        (Customer::registered(), true),
        (Customer::registered().when(&[erased(2, &[Purpose::Evidence])]), true),
        (Customer::registered().when(&consent_withdrawn), false),
        (Customer::registered().when(&[erased(2, &[Purpose::Profile])]), false),
        (Customer::registered().when(&[poison(2)]), false),
    ] {
        for fact in [reference(1).at(9), matched(1).at(9)] {
            assert_eq!(needs_envelopes(&given.state, &fact), needed, "{fact:?}");
        }
    }
}

/// Rows of an event's own place, and of later ones, are its own doing: they are made again, the same.
#[test]
fn a_reference_that_is_folded_again_comes_to_the_same() {
    let elsewhere = domain::event::TopicId([6; 16]);
    for (name, row_at, topic, entry) in [
        ("an earlier place", 4, crate::given::TOPIC, BookEntry::Duplicate),
        ("its own place", 5, crate::given::TOPIC, BookEntry::Applied),
        ("a later place", 6, crate::given::TOPIC, BookEntry::Applied),
        ("another log", 6, elsewhere, BookEntry::Duplicate),
    ] {
        let mut customer = Customer::registered().when(&[reference(1).at(row_at)]);
        customer.known.references.get_mut(&reference_id(1)).expect("a row").source.topic_id = topic;
        let customer = customer.when(&[reference(1).at(5)]);
        assert_eq!(customer.last().effect.entry, Some(entry), "{name}");
    }
    let mut strangers = Customer::registered().when(&[reference(1).at(4)]);
    strangers.known.references.get_mut(&reference_id(1)).expect("a row").customer.customer =
        domain::ids::CustomerId::from_bytes([8; 16]);
    let again = strangers.when(&[reference(1).at(5)]);
    assert_eq!(again.last().effect.entry, Some(BookEntry::Applied), "another customer's row proves nothing");
    assert_eq!(again.known.references[&reference_id(1)].customer, customer());
}
