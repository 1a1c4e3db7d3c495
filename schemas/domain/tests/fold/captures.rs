//! Captured cards that were judged, and the reviews of those that were left to a person.

use domain::capture::{CaptureAssessment, CaptureVerdict};
use domain::classify::ReasonCategory;
use domain::event::Event;
use domain::fold::{Fact, KnownRows, blank, needs_envelopes};
use domain::outcome::Outcome;
use domain::policy::{Method, Tier};
use domain::redelivery::recall;
use domain::rows::{BookEntry, Disposition, EventNote, FaceSource, VerificationStatus, ViewRow};
use domain::sealed::Purpose;

use crate::given::{Customer, at, erased, matched, poison, release, source, verification};
use crate::given_captures::{Capture, Review, capture, captured_enrolment, review};

fn pending(n: u8) -> Capture {
    Capture { verdict: CaptureVerdict::RequiresReview, ..capture(n) }
}

fn failed(n: u8) -> Capture {
    Capture { verdict: CaptureVerdict::Failed, ..capture(n) }
}

#[test]
fn given_a_verdict_then_this_row_and_this_tier() {
    use VerificationStatus::{Failed, Pending, Verified};
    type Then = (VerificationStatus, &'static [&'static str], &'static [&'static str], Tier);
    let table: [(Capture, Then); 3] = [
        (
            capture(1),
            (
                Verified,
                &["verification", "enrolment", "tier_event"],
                &["FaceEnrolled", "KycUpdated", "VerificationCreated"],
                Tier::Standard,
            ),
        ),
        (failed(1), (Failed, &["verification"], &["VerificationCreated"], Tier::None)),
        (pending(1), (Pending, &["verification"], &["VerificationCreated"], Tier::None)),
    ];
    for (given, (status, rows, outcomes, tier)) in table {
        let customer = Customer::registered().when(&[given.at(5)]);
        assert_eq!((customer.last_rows().as_slice(), customer.last_outcomes().as_slice()), (rows, outcomes));
        assert_eq!(customer.state.kyc.tier, tier, "{status:?}");
        let row = &customer.known.verifications[&verification(1)];
        assert_eq!((row.method, row.status, row.score), (Method::KtpCapture, status, Some(80)));
        let assessment = row.assessment.as_ref().map(|of: &CaptureAssessment| (of.verdict, of.frames_stored));
        assert_eq!(assessment, Some((given.verdict, 6)));
        let enrolled = (status == Verified).then(|| captured_enrolment(1));
        let on_review = (status == Pending).then(|| captured_enrolment(1));
        assert_eq!((&row.enrolment, &row.enrolment_on_review), (&enrolled, &on_review));
        assert_eq!(customer.last().effect.counted, std::slice::from_ref(row));
    }
    let customer = Customer::registered().when(&[capture(1).at(5)]);
    let Some((_, ViewRow::Enrolment(enrolment))) = customer.last().rows.get(1) else { panic!("enrolled") };
    assert_eq!((enrolment.face_source, enrolment.created_at), (FaceSource::KtpExtract, at(5)));
    let Outcome::FaceEnrolled(enrolled) = &customer.last().outcomes[0] else { panic!("enrolled") };
    assert_eq!(enrolled.enrolment.source, FaceSource::KtpExtract);
}

/// A bundle for a used challenge has its verification's id: the first one counts.
#[test]
fn a_second_bundle_of_a_challenge_is_a_conflict_and_the_same_one_a_duplicate() {
    let other = Capture { body: 50, ..capture(1) };
    for (second, entry, outcomes, rows) in [
        (capture(1), BookEntry::Duplicate, ["VerificationCreated"].as_slice(), ["note"].as_slice()),
        (other, BookEntry::Conflict, &["SignalRaised", "VerdictConflicted"], &["note", "signal"]),
    ] {
        let customer = Customer::registered().when(&[capture(1).at(5), second.at(6)]);
        assert_eq!(customer.last().effect.entry, Some(entry));
        assert_eq!((customer.last_outcomes().as_slice(), customer.last_rows().as_slice()), (outcomes, rows));
    }
}

#[test]
fn a_capture_whose_parts_disagree_is_never_applied() {
    let without = |change: &dyn Fn(&mut domain::event::KtpCaptureAssessed)| {
        let mut event = pending(1).event();
        change(&mut event);
        Event::KtpCaptureAssessed(event).is_consistent()
    };
    assert!(without(&|_| {}));
    assert!(!without(&|e| e.enrolment_id = None));
    assert!(!without(&|e| e.portrait = None));
    assert!(!without(&|e| e.portrait_content_type = None));
    assert!(!without(&|e| e.review_key_id = None));
    assert!(!without(&|e| e.review_copy = None));
    assert!(!without(&|e| e.reason_category = None));
    assert!(!without(&|e| e.assessment.verdict = CaptureVerdict::Failed), "a failed one enrols nothing");
    assert!(!without(&|e| e.assessment.verdict = CaptureVerdict::Passed), "a passed one has no reason");
    assert!(!without(&|e| e.challenge.hold_ms.clear()));
    assert!(Event::KtpCaptureAssessed(capture(1).event()).is_consistent());
    assert!(Event::KtpCaptureAssessed(failed(1).event()).is_consistent());

    let given = Capture { without_reason: true, ..pending(1) };
    let customer = Customer::registered().when(&[given.at(5)]);
    assert_eq!(customer.last().effect.entry, Some(BookEntry::DeadLettered));
    let review = Review { reason_code: "Not a code", ..review(1, 1) };
    let customer = Customer::registered().when(&[pending(1).at(5), review.at(6)]);
    assert_eq!(customer.last().effect.entry, Some(BookEntry::DeadLettered));
}

#[test]
fn a_review_to_verified_counts_for_the_tier_and_enrols_the_portrait() {
    let customer = Customer::registered().when(&[pending(1).at(5), review(2, 1).at(7)]);
    assert_eq!(customer.last_rows(), ["review", "enrolment", "tier_event"]);
    assert_eq!(customer.last_outcomes(), ["FaceEnrolled", "KycUpdated", "ReviewRecorded"]);
    assert_eq!(customer.state.kyc.tier, Tier::Standard);
    assert_eq!(customer.state.kyc.last_verified_at, Some(at(7)));
    let Some((_, ViewRow::Review(row))) = customer.last().rows.first() else { panic!("a review") };
    assert_eq!((row.to_status, row.created_at, row.source), (VerificationStatus::Verified, at(7), source(7)));
    assert_eq!(customer.last().effect.reviewed, std::slice::from_ref(&**row));
    assert!(customer.last().effect.counted.is_empty(), "the row was counted as pending");
    let Some((_, ViewRow::Enrolment(enrolment))) = customer.last().rows.get(1) else { panic!("enrolled") };
    // The portrait stays where the capture put it, under the capture's own event.
    assert_eq!((enrolment.source, enrolment.created_at), (source(5), at(7)));
    assert_eq!(enrolment.event_id, pending(1).event().event_id);
    assert_eq!(enrolment.face_source, FaceSource::KtpExtract);
    let Some((_, ViewRow::TierEvent(change))) = customer.last().rows.get(2) else { panic!("a change") };
    assert_eq!(change.reason, "automatic on ktp_capture verify");
    let kept = &customer.known.verifications[&verification(1)];
    assert_eq!((kept.status, kept.kyc_after.tier), (VerificationStatus::Pending, Tier::None));
    // And it carries a match, as a passed one does.
    let premium = customer.when(&[matched(3).at(8)]);
    assert_eq!(premium.state.kyc.tier, Tier::Premium);
}

#[test]
fn given_a_review_of_something_then_this() {
    let back = Review { to_status: VerificationStatus::Failed, reason_code: "retake", ..review(2, 1) };
    let again = || Review { n: 3, ..back };
    type Row<'a> = (&'a str, Vec<Fact>, BookEntry, &'a [&'a str], &'a [&'a str]);
    let table: Vec<Row<'_>> = vec![
        (
            "sent back",
            vec![pending(1).at(5), back.at(6)],
            BookEntry::Applied,
            &["review"],
            &["ReviewRecorded"],
        ),
        (
            "the same event again",
            vec![pending(1).at(5), back.at(6), back.at(7)],
            BookEntry::Duplicate,
            &["note"],
            &["ReviewRecorded"],
        ),
        (
            "a second one",
            vec![pending(1).at(5), back.at(6), again().at(7)],
            BookEntry::Conflict,
            &["note"],
            &["ReviewRecorded"],
        ),
        ("of a passed one", vec![capture(1).at(5), back.at(6)], BookEntry::Conflict, &["note"], &[]),
        ("of a failed one", vec![failed(1).at(5), back.at(6)], BookEntry::Conflict, &["note"], &[]),
        ("of none", vec![back.at(6)], BookEntry::Conflict, &["note"], &[]),
        (
            "after the profile's erasure",
            vec![pending(1).at(5), erased(6, &[Purpose::Profile]), back.at(7)],
            BookEntry::Refused,
            &["note"],
            &["VerdictUnapplied"],
        ),
        (
            "while the customer waits",
            vec![pending(1).at(5), poison(6), back.at(7)],
            BookEntry::Parked,
            &["note"],
            &["VerdictUnapplied"],
        ),
    ];
    for (name, facts, entry, rows, outcomes) in table {
        let customer = Customer::registered().when(&facts);
        assert_eq!(customer.last().effect.entry, Some(entry), "{name}");
        assert_eq!((customer.last_rows().as_slice(), customer.last_outcomes().as_slice()), (rows, outcomes));
        let passed =
            customer.known.verifications.values().any(|row| row.status == VerificationStatus::Verified);
        assert_eq!(customer.state.kyc.tier == Tier::Standard, passed, "{name}");
    }
}

#[test]
fn given_an_erasure_then_captures_and_reviews_come_to_this() {
    for purposes in [[Purpose::Profile], [Purpose::Biometric]] {
        let customer = Customer::registered().when(&[erased(4, &purposes), capture(1).at(5)]);
        assert_eq!(customer.last().effect.entry, Some(BookEntry::Refused), "{purposes:?}");
        let customer = Customer::registered().when(&[erased(4, &purposes)]);
        assert!(!needs_envelopes(&customer.state, &capture(1).at(5)));
    }
    let evidence = Customer::registered().when(&[erased(4, &[Purpose::Evidence]), capture(1).at(5)]);
    assert_eq!(evidence.last().effect.entry, Some(BookEntry::Applied));
    // The decision is no biometric data; what it would enrol is.
    let facts = [pending(1).at(5), erased(6, &[Purpose::Biometric]), review(2, 1).at(7)];
    let customer = Customer::registered().when(&facts);
    assert_eq!(customer.last_rows(), ["review", "tier_event"]);
    assert_eq!(customer.state.kyc.tier, Tier::Standard);
    // One that was applied before is repeated as what it was.
    let facts = [capture(1).at(5), erased(6, &[Purpose::Biometric]), capture(1).at(7)];
    let customer = Customer::registered().when(&facts);
    assert_eq!(customer.last().effect.entry, Some(BookEntry::Duplicate));
}

#[test]
fn a_review_waits_with_its_capture_and_is_released_after_it() {
    let waiting = [poison(4), pending(1).at(5), review(2, 1).at(6)];
    let customer = Customer::registered().when(&waiting).released(8, &waiting, None);
    let folded = customer.last();
    assert_eq!(folded.effect.reviewed.len(), 1);
    assert_eq!(customer.state.kyc.tier, Tier::Standard);
    let moved = [(BookEntry::Parked, BookEntry::Applied); 2];
    assert_eq!(folded.effect.moved, moved);
    assert_eq!(customer.known.reviews[&verification(1)].source, source(6), "its origin's place");
}

/// What is published again is what was published, and what was counted is found again.
#[test]
fn given_a_capture_or_a_review_when_it_comes_again_then_the_same() {
    let back = Review { to_status: VerificationStatus::Failed, reason_code: "retake", ..review(3, 1) };
    for facts in [
        vec![pending(1).at(5)],
        vec![capture(1).at(5)],
        vec![pending(1).at(5), review(2, 1).at(6)],
        vec![pending(1).at(5), review(2, 1).at(6), review(2, 1).at(7)],
        vec![pending(1).at(5), review(2, 1).at(6), back.at(7)],
        vec![capture(1).at(5), back.at(6)],
        vec![erased(4, &[Purpose::Profile]), back.at(6)],
    ] {
        let customer = Customer::registered().when(&facts);
        let notes: Vec<EventNote> = customer
            .history
            .iter()
            .flat_map(|folded| &folded.rows)
            .filter_map(|(_, row)| if let ViewRow::Note(note) = row { Some(note.clone()) } else { None })
            .collect();
        let note = |at| notes.iter().find(|note| note.source == at).cloned();
        let last = facts.last().expect("a fact");
        let recalled = recall(last, &note, &customer.known).expect("a trace");
        assert_eq!(recalled.outcomes, customer.last().outcomes, "{facts:?}");
        assert_eq!(recalled.effect, customer.last().effect, "{facts:?}");
        // Folded again from the same state it makes the same rows: those of its own place do not stand before it.
        let again = Customer::registered().when(&facts);
        assert_eq!(again.last().rows, customer.last().rows);
    }
    let lost = recall(&review(2, 1).at(6), &|_| None, &KnownRows::default());
    assert!(lost.is_err(), "{lost:?}");
}

/// What waited is found by its note: a review by the verification that it names.
#[test]
fn what_a_release_took_in_is_recalled_with_its_reviews() {
    let waiting = [poison(4), pending(1).at(5), review(2, 1).at(6)];
    let customer = Customer::registered().when(&waiting).released(8, &waiting, None);
    let all = customer.history.iter().flat_map(|folded| &folded.rows);
    let notes: Vec<EventNote> = all
        .filter_map(|(_, row)| if let ViewRow::Note(note) = row { Some(note.clone()) } else { None })
        .collect();
    let released = notes.iter().find(|note| matches!(note.disposition, Disposition::Released(_)));
    assert!(released.is_some());
    let of_review = notes.iter().find(|note| note.source == source(6)).expect("a note");
    assert_eq!((&of_review.review_of, &of_review.verification_id), (&Some(verification(1)), &None));
    let note = |at| notes.iter().find(|note| note.source == at).cloned();
    let recalled = recall(&release(8), &note, &customer.known).expect("a trace");
    assert_eq!(recalled.outcomes, customer.last().outcomes);
    assert_eq!(recalled.effect, customer.last().effect);
}

#[test]
fn envelopes_are_looked_at_where_what_they_hold_is_taken_in() {
    let stranger = blank(
        crate::given::customer(),
        domain::rows::AsOf {
            topic_id: crate::given::TOPIC,
            epoch: domain::rows::Epoch(1),
            offset: domain::event::Offset(0),
        },
        crate::given::PARTITION,
    );
    let registered = Customer::registered();
    for fact in [capture(1).at(5), review(2, 1).at(5)] {
        assert!(!needs_envelopes(&stranger, &fact));
        assert!(needs_envelopes(&registered.state, &fact));
    }
    let withdrawn = Customer::registered().when(&[erased(4, &[Purpose::Biometric])]);
    assert!(needs_envelopes(&withdrawn.state, &review(2, 1).at(5)), "a note is no biometric data");
    let category = capture(1).event().reason_category;
    assert_eq!((category, pending(1).event().reason_category), (None, Some(ReasonCategory::Unclear)));
}
