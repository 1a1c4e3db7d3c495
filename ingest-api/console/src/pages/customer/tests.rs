//! What the page of a customer says, and that what people wrote stands in it as text.

use domain::classify::ReasonCategory;
use domain::event::RiskLevel;
use domain::ids::{EnrolmentId, TierEventId, VerificationId};
use domain::policy::Method;
use domain::ports::FaceCause;
use domain::rows::{FaceSource, VerificationStatus};

use super::*;
use crate::Language;

const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>&amp;";

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn declined(reason: ReasonShown) -> VerificationEntry {
    VerificationEntry {
        id: VerificationId::from_bytes([7; 16]),
        method: Method::NikDukcapil,
        status: VerificationStatus::Failed,
        score: None,
        reason,
        category: Some(ReasonCategory::Mismatch),
        signals: Vec::new(),
        matching: None,
        review: None,
        voided: None,
        may_be_voided: false,
        created_at: at(2_000),
    }
}

fn model(entries: Vec<TimelineEntry>) -> CustomerModel {
    CustomerModel {
        id: CustomerId::from_bytes([1; 16]),
        full_name: "Dewi Lestari".to_owned(),
        external_id: None,
        registered_at: at(0),
        tier: Tier::Standard,
        last_verified_at: Some(at(1_000)),
        expires_at: Some(at(31_536_000_000)),
        blockers: Vec::new(),
        assurance: AssurancePath::Dukcapil,
        recheck: None,
        erased: Purposes::NONE,
        waiting_events: 0,
        viewed_at: at(5_000),
        timeline: TimelinePart { entries, older: None, is_newest: true, may_void: false },
        references: ReferencesPart { total: 0, shown: Vec::new() },
    }
}

fn page(language: Language, model: &CustomerModel) -> String {
    let frame = PageFrame { language, reader: None, current: None, address: "/x".to_owned(), is_live: false };
    render(&frame, model)
}

fn verification(entry: VerificationEntry) -> TimelineEntry {
    TimelineEntry::Verification(Box::new(entry))
}

#[track_caller]
fn says(page: &str, wanted: &[&str]) {
    for words in wanted {
        assert!(page.contains(words), "{words}: {page}");
    }
}

#[test]
fn a_declined_verdicts_reason_stands_there_with_its_category() {
    let entries = vec![verification(declined(ReasonShown::Text("Nama tidak sesuai".to_owned())))];
    let model = model(entries);
    let english = page(Language::English, &model);
    says(
        &english,
        &["<h1>Dewi Lestari</h1>", "Nama tidak sesuai", "The data differ", "Declined", "Standard"],
    );
    says(&english, &["This view of personal data was recorded:", "none was given", ">Yes<"]);
    assert!(english.contains(&format!("data-id=\"{}\"", VerificationId::from_bytes([7; 16]))));
    let title = english.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next());
    assert!(title.is_some_and(|title| title.contains("cus_") && !title.contains("Dewi")), "{title:?}");
    let indonesian = page(Language::Indonesian, &model);
    says(&indonesian, &["Ditolak", "Data tidak sesuai", "Alasan", "Kedaluwarsa", "Nama tidak sesuai"]);
}

#[test]
fn what_people_wrote_is_text() {
    let mut model = model(vec![verification(declined(ReasonShown::Text(HOSTILE.to_owned())))]);
    (model.full_name, model.external_id) = (HOSTILE.to_owned(), Some(HOSTILE.to_owned()));
    for language in Language::ALL {
        let page = page(language, &model);
        assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
        assert_eq!(page.matches("&lt;script&gt;alert(1)").count(), 3, "{page}");
        assert!(page.contains("&amp;amp;"), "an entity is text too");
    }
}

#[test]
fn a_verdict_without_a_reason_and_one_that_does_not_open_say_so() {
    let shown = page(Language::English, &model(vec![verification(declined(ReasonShown::NotGiven))]));
    says(&shown, &["No reason was given."]);
    let signals = vec![SignalLine { word: "reason_unreadable".to_owned(), created_at: at(2_000) }];
    let entry = VerificationEntry { signals, ..declined(ReasonShown::Unreadable) };
    let shown = page(Language::English, &model(vec![verification(entry)]));
    says(&shown, &["The reason cannot be opened: see the signals.", "Tell the operator", "severity-high"]);
}

#[test]
fn signals_say_what_they_mean_and_what_to_do_and_so_does_their_absence() {
    let nothing = page(Language::English, &model(Vec::new()));
    says(&nothing, &["Nothing was noticed", "A signal says that a verification deserves a second look"]);
    says(&nothing, &["Nothing yet: no verification"]);
    for (word, severity, wanted) in [
        ("idempotency_conflict", "medium", "send it again with a key of its own"),
        ("probe_equals_reference", "high", "possible attempt at fraud"),
        ("fallback_contradicted", "critical", "The tier stays."),
        ("valid_but_mismatch_minor", "low", "<code>valid_but_mismatch</code>"),
        ("<b>later</b>", "medium", "Ask the operator what the code stands for."),
    ] {
        let signals = vec![SignalLine { word: word.to_owned(), created_at: at(1) }];
        let entry = VerificationEntry { signals, ..declined(ReasonShown::NotGiven) };
        let shown = page(Language::English, &model(vec![verification(entry)]));
        says(&shown, &[wanted, "What to do:", &format!("severity-{severity}")]);
        assert!(!shown.contains("<b>later"), "{shown}");
        let anchor = VerificationId::from_bytes([7; 16]);
        says(&shown, &[&format!("href=\"#{anchor}\""), &format!("id=\"{anchor}\"")]);
    }
}

#[test]
fn the_tier_a_match_and_a_reference_are_rows_of_their_own() {
    let matched = VerificationEntry {
        method: Method::FaceMatch,
        status: VerificationStatus::Verified,
        score: Some(80),
        category: None,
        matching: Some(MatchLine {
            risk_level: RiskLevel::High,
            reference: FaceSource::Dukcapil,
            enrolled_at: at(0),
            is_bound: false,
        }),
        ..declined(ReasonShown::NotGiven)
    };
    let change = TierChangeEntry {
        id: TierEventId::from_bytes([8; 16]),
        from: Tier::Standard,
        to: Tier::Premium,
        created_at: at(3),
    };
    let enrolment = EnrolmentEntry {
        id: EnrolmentId::from_bytes([9; 16]),
        source: FaceSource::OnboardingSelfie,
        created_at: at(2),
    };
    let ids = [change.id.to_string(), matched.id.to_string(), enrolment.id.to_string()];
    let entries =
        vec![TimelineEntry::TierChange(change), verification(matched), TimelineEntry::Enrolment(enrolment)];
    let mut model = model(entries);
    model.timeline.older = Some("cursor".to_owned());
    model.timeline.is_newest = false;
    let shown = page(Language::English, &model);
    let places: Vec<_> =
        ids.iter().map(|id| shown.find(&format!("data-id=\"{id}\"")).expect("a row")).collect();
    assert!(places.is_sorted(), "in the order of the model");
    says(&shown, &["Compared with: Dukcapil's photo", "high risk", "score 80", ">Match<"]);
    says(&shown, &["Selfie at onboarding", "<strong>Premium</strong>", "?after=cursor#timeline", ">Newest<"]);
    assert!(!shown.contains("No reason was given"), "a match has none to give");
}

#[test]
fn references_stand_by_source_and_no_photo_is_shown() {
    let line = |n: u8, source, standing| ReferenceLine {
        id: EnrolmentId::from_bytes([n; 16]),
        source,
        created_at: at(i64::from(n)),
        standing,
    };
    let mut model = model(Vec::new());
    model.references = ReferencesPart {
        total: 150,
        shown: vec![
            line(3, FaceSource::OnboardingSelfie, ReferenceStanding::Unusable(Some(FaceCause::Blurred))),
            line(2, FaceSource::Dukcapil, ReferenceStanding::Ready),
            line(1, FaceSource::Dukcapil, ReferenceStanding::NoModel),
        ],
    };
    let shown = page(Language::English, &model);
    assert_eq!(shown.matches("The photo is sealed").count(), 3, "{shown}");
    assert!(!shown.contains("<img"), "{shown}");
    says(&shown, &["Can be relied on", "the face is blurred", "no face model is configured", "3 / 150"]);
    let (dukcapil, selfie) =
        (shown.find("data-source=\"dukcapil\""), shown.find("data-source=\"onboarding_selfie\""));
    assert!(dukcapil.is_some() && dukcapil < selfie, "the better source first");
}

#[test]
fn an_erasure_an_expiry_and_waiting_events_are_said() {
    let mut model = model(Vec::new());
    model.erased = Purposes::NONE.with(Purpose::Biometric).with(Purpose::Evidence);
    (model.blockers, model.waiting_events) = (vec![Blocker::Expired], 2);
    says(
        &page(Language::English, &model),
        &[
            "biometric data of this customer was erased",
            "None: the biometric data was erased.",
            "evidence of this customer was erased",
            "the verification has expired",
            "Some events of this customer wait",
        ],
    );
    says(&page(Language::Indonesian, &model), &["telah dihapus", "verifikasi kedaluwarsa", "tertahan"]);
    model.blockers = vec![Blocker::BelowStandard];
    says(&page(Language::English, &model), &["the tier is below standard"]);
}

#[test]
fn what_is_void_says_so_and_what_counts_can_be_made_void_by_a_reviewer_alone() {
    let verified = |voided: Option<VoidLine>| {
        TimelineEntry::Verification(Box::new(VerificationEntry {
            status: VerificationStatus::Verified,
            category: None,
            may_be_voided: voided.is_none(),
            voided,
            ..declined(ReasonShown::NotGiven)
        }))
    };
    let line =
        VoidLine { reason: domain::rows::VoidReason::Fraud, by: "rina".to_owned(), created_at: at(3_000) };
    let shown_in = |voided, may_void, language| {
        let mut model = model(vec![verified(voided)]);
        model.timeline.may_void = may_void;
        page(language, &model)
    };
    use crate::Language::{English, Indonesian};
    let shown = shown_in(Some(line.clone()), true, English);
    assert!(shown.contains("Void: it counts no more") && shown.contains("rina: fraud"), "{shown}");
    assert!(!shown.contains("/void\""), "it is void already");
    assert!(shown_in(Some(line), true, Indonesian).contains("Dibatalkan: tidak berlaku lagi"));
    let path = format!("/console/verifications/{}/void", VerificationId::from_bytes([7; 16]));
    assert!(shown_in(None, true, English).contains(&path));
    assert!(!shown_in(None, false, English).contains(&path), "nobody else is offered it");
}

#[test]
fn what_a_customer_rests_on_its_recheck_and_what_blocks_it_are_said() {
    let id = RecheckId::from_bytes([3; 16]);
    let mut model = model(Vec::new());
    model.assurance = AssurancePath::KtpFallback;
    model.recheck = Some(CustomerRecheck { id: id.clone(), status: RecheckStatus::Open, opened_at: at(1) });
    model.blockers = vec![Blocker::Expired, Blocker::Signal("fallback_contradicted")];
    let path = format!("href=\"/console/rechecks/{id}\"");
    let shown = page(Language::English, &model);
    says(&shown, &[&path, "Dukcapil recheck due", "Identity card alone", "the verification has expired"]);
    says(&shown, &["blocked by the signal Dukcapil denied who was taken in"]);
    says(&page(Language::Indonesian, &model), &["Verifikasi ulang Dukcapil tertunda", "KTP saja"]);
}
