//! The rules of a match as tables.

use bytes::Bytes;

use super::*;
use crate::event::{Offset, Partition, Source, TopicId};
use crate::ids::{CustomerId, CustomerRef, EnrolmentId, EventId, OrgId, VerificationId};
use crate::orgs::org_with_settings;
use crate::ports::{
    EmbedderModel, FACE_PATCH_SIDE, FaceModel, FaceModelId, FaceModelSet, FacePatch, FaceVectorRow,
};
use crate::rows::{EnrolmentRow, FaceSource};
use crate::sealed::Sealed;
use crate::time::Timestamp;

const MINUTE_MS: i64 = 60_000;

/// A reference of that source, so many minutes old at minute 1,000.
pub(super) fn enrolment(number: u8, face_source: FaceSource, age_minutes: i64) -> EnrolmentRow {
    EnrolmentRow {
        id: EnrolmentId::from_bytes([number; 16]),
        customer: CustomerRef::new(OrgId::from_bytes([1; 16]), CustomerId::from_bytes([2; 16])),
        event_id: EventId::from_bytes([number; 16]),
        source: Source {
            topic_id: TopicId([1; 16]),
            partition: Partition(0),
            offset: Offset(u64::from(number)),
        },
        face_source,
        created_at: Timestamp::from_millis((1_000 - age_minutes) * MINUTE_MS),
        verification_id: Some(VerificationId::from_bytes([number; 16])),
        body_fingerprint: None,
    }
}

/// Which of the references is chosen, by its place in the table's row.
fn chosen(
    references: &[(FaceSource, i64, VectorStanding)],
    level: RiskLevel,
) -> Result<usize, ReferenceRefusal> {
    let rows: Vec<EnrolmentRow> = references
        .iter()
        .zip(0_u8..)
        .map(|((face_source, age, _), number)| enrolment(number, *face_source, *age))
        .collect();
    let references = rows
        .iter()
        .zip(references)
        .map(|(enrolment, (_, _, standing))| FaceReference { enrolment, standing: *standing, face: None })
        .collect();
    let now = Timestamp::from_millis(1_000 * MINUTE_MS);
    let found = choose_reference(references, level, now)?;
    Ok(rows.iter().position(|row| row.id == found.enrolment.id).expect("one of them"))
}

#[test]
fn given_references_then_this_one() {
    use FaceSource::{Dukcapil, KtpExtract, OnboardingSelfie, StepUpPromotion};
    use ReferenceRefusal::{Missing, Pending};
    use VectorStanding::{Due, Ready, Stub};
    type Row<'a> = (&'a [(FaceSource, i64, VectorStanding)], Result<usize, ReferenceRefusal>);
    let table: &[Row<'_>] = &[
        (&[], Err(Missing)),
        (&[(Dukcapil, 5, Ready)], Ok(0)),
        // The source counts before the age.
        (&[(StepUpPromotion, 1, Ready), (OnboardingSelfie, 2, Ready)], Ok(1)),
        (&[(OnboardingSelfie, 1, Ready), (KtpExtract, 900, Ready)], Ok(1)),
        (&[(KtpExtract, 1, Ready), (Dukcapil, 900, Ready), (StepUpPromotion, 0, Ready)], Ok(1)),
        // Of one source the newest, and of one moment the later event.
        (&[(Dukcapil, 5, Ready), (Dukcapil, 4, Ready), (Dukcapil, 6, Ready)], Ok(1)),
        (&[(Dukcapil, 5, Ready), (Dukcapil, 5, Ready)], Ok(1)),
        // A stub is as good as none.
        (&[(Dukcapil, 1, Stub)], Err(Missing)),
        (&[(Dukcapil, 1, Stub), (Dukcapil, 9, Ready)], Ok(1)),
        (&[(Dukcapil, 1, Stub), (OnboardingSelfie, 9, Ready)], Ok(1)),
        (&[(Dukcapil, 1, Stub), (OnboardingSelfie, 9, Stub)], Err(Missing)),
        // Dukcapil's photo is waited for, and a newer one that is ready needs no older one.
        (&[(Dukcapil, 1, Due)], Err(Pending)),
        (&[(Dukcapil, 1, Due), (KtpExtract, 1, Ready)], Err(Pending)),
        (&[(Dukcapil, 1, Due), (Dukcapil, 9, Ready)], Err(Pending)),
        (&[(Dukcapil, 9, Due), (Dukcapil, 1, Ready)], Ok(1)),
        // Lesser ones give way, and are worth waiting for where there is nothing else.
        (&[(KtpExtract, 1, Due), (OnboardingSelfie, 1, Ready)], Ok(1)),
        (&[(OnboardingSelfie, 1, Due), (StepUpPromotion, 1, Stub)], Err(Pending)),
    ];
    for (references, then) in table {
        for level in [RiskLevel::Low, RiskLevel::Medium] {
            assert_eq!(chosen(references, level), *then, "{references:?} {level:?}");
        }
    }
}

#[test]
fn the_highest_risk_takes_dukcapils_photo_or_a_fresh_one() {
    use FaceSource::{Dukcapil, KtpExtract, OnboardingSelfie};
    use ReferenceRefusal::{Missing, Pending, TooWeak};
    use VectorStanding::{Due, Ready, Stub};
    for (references, then) in [
        (&[(Dukcapil, 900, Ready)][..], Ok(0)),
        (&[(OnboardingSelfie, 59, Ready)], Ok(0)),
        (&[(OnboardingSelfie, 60, Ready)], Err(TooWeak)),
        (&[(KtpExtract, 900, Ready)], Err(TooWeak)),
        (&[(Dukcapil, 1, Due), (OnboardingSelfie, 1, Ready)], Err(Pending)),
        (&[(Dukcapil, 1, Stub), (OnboardingSelfie, 1, Ready)], Ok(1)),
        (&[], Err(Missing)),
    ] {
        assert_eq!(chosen(references, RiskLevel::High), then, "{references:?}");
    }
    // By a clock that is behind the log's.
    assert_eq!(chosen(&[(OnboardingSelfie, -5, Ready)], RiskLevel::High), Ok(0));
}

/// What a model made of the photo of the enrolment of that number.
pub(super) fn face(
    number: u8,
    model: &FaceModelId,
    cause: Option<FaceCause>,
    has_vector: bool,
) -> FaceVectorRow {
    let EnrolmentRow { id, customer, event_id, source, .. } = enrolment(number, FaceSource::Dukcapil, 0);
    let sealed = has_vector.then(|| Sealed::from_envelope(Bytes::from_static(b"sealed")));
    FaceVectorRow {
        customer,
        enrolment: id,
        event_id,
        source,
        model: model.clone(),
        photo_tag: [0; 32],
        vector: sealed.clone(),
        crop: sealed,
        quality: has_vector.then_some(620),
        cause,
        read_at: Timestamp::EPOCH,
    }
}

pub(super) fn models(primary: &FaceModelId, other: &FaceModelId) -> FaceModelSet {
    let model = |id: &FaceModelId| {
        let [file, licence, licence_note, source] = ["a.onnx", "MIT", "", ""].map(str::to_owned);
        FaceModel { id: id.clone(), file, licence, licence_note, source }
    };
    let embedder = |id: &FaceModelId| {
        let (low_milli, medium_milli, high_milli, calibration) = (400, 450, 500, String::new());
        let thresholds = MatchThresholds { low_milli, medium_milli, high_milli, calibration };
        EmbedderModel { model: model(id), thresholds }
    };
    let detector = model(&FaceModelId { name: "detector".into(), sha256: [9; 32] });
    FaceModelSet { detector, primary: embedder(primary), others: vec![embedder(other)], text_reader: None }
}

#[test]
fn given_what_models_made_of_a_photo_then_this_serves() {
    use VectorStanding::{Due, Ready, Stub};
    let model = |byte| FaceModelId { name: "model".into(), sha256: [byte; 32] };
    let (new, old, gone) = (model(1), model(2), model(3));
    let row = enrolment(7, FaceSource::Dukcapil, 0);
    let several = Some(FaceCause::SeveralFaces);
    let (blurred, none) = (Some(FaceCause::Blurred), Some(FaceCause::NoFace));
    let elsewhere =
        FaceVectorRow { source: enrolment(8, FaceSource::Dukcapil, 0).source, ..face(7, &new, None, true) };
    type Row = (Vec<FaceVectorRow>, bool, VectorStanding, Option<usize>);
    let (both, nothing) = (true, false);
    let loaded = models(&new, &old);
    let table: Vec<Row> = vec![
        (vec![], nothing, Stub, None),
        (vec![face(7, &new, None, true)], nothing, Stub, None),
        (vec![], both, Due, None),
        (vec![face(7, &new, None, true)], both, Ready, Some(0)),
        (vec![face(7, &new, several, true)], both, Ready, Some(0)),
        (vec![face(7, &new, none, false)], both, Stub, Some(0)),
        // Until the new model has read it, the old one serves; a cause of the old one's says nothing of the new one.
        (vec![face(7, &old, None, true)], both, Ready, Some(0)),
        (vec![face(7, &old, blurred, false)], both, Due, None),
        (vec![face(7, &old, None, true), face(7, &new, None, true)], both, Ready, Some(1)),
        (vec![face(7, &old, None, true), face(7, &new, blurred, false)], both, Ready, Some(0)),
        // Nobody can make a probe's vector with a model that is not there any more.
        (vec![face(7, &gone, None, true)], both, Due, None),
        // Another reference's, and one of another event under the same id.
        (vec![face(8, &new, None, true)], both, Due, None),
        (vec![elsewhere], both, Due, None),
    ];
    for (faces, is_loaded, standing, place) in &table {
        let joined = FaceReference::joined(&row, faces, is_loaded.then_some(&loaded));
        assert_eq!((joined.standing, joined.face), (*standing, place.map(|place| &faces[place])));
        assert_eq!(joined.standing.is_fallback_stub(), *standing != Ready);
    }
}

#[test]
fn an_org_may_only_be_stricter_than_the_model() {
    let model =
        MatchThresholds { low_milli: 400, medium_milli: 450, high_milli: 500, calibration: String::new() };
    let org = |low_milli, medium_milli, high_milli| OrgThresholds { low_milli, medium_milli, high_milli };
    for (org, then) in [
        (OrgThresholds::default(), [400, 450, 500]),
        (org(Some(0), Some(449), Some(500)), [400, 450, 500]),
        (org(None, Some(600), None), [400, 600, 500]),
        (org(Some(401), None, Some(999)), [401, 450, 999]),
    ] {
        assert_eq!(RiskLevel::ALL.map(|level| threshold_milli(&model, org, level)), then, "{org:?}");
    }
}

#[test]
fn an_org_asks_for_more_by_its_settings_and_by_none_other_than_the_levels_own() {
    for (level, name, asked) in [
        (RiskLevel::Low, "match.low", OrgThresholds { low_milli: Some(620), ..OrgThresholds::default() }),
        (
            RiskLevel::Medium,
            "match.medium",
            OrgThresholds { medium_milli: Some(620), ..OrgThresholds::default() },
        ),
        (RiskLevel::High, "match.high", OrgThresholds { high_milli: Some(620), ..OrgThresholds::default() }),
    ] {
        assert_eq!(threshold_setting(level).as_str(), name);
        assert_eq!(OrgThresholds::of(&org_with_settings(Environment::Live, &[(name, "0.62")])), asked);
    }
    let none = org_with_settings(Environment::Sandbox, &[("match.other", "0.9")]);
    assert_eq!(OrgThresholds::of(&none), OrgThresholds::default());
}

#[test]
fn a_score_is_a_step_of_ten_and_fifty_at_the_threshold() {
    for (cosine, threshold_milli, score, matched) in [
        (0.45, 450, 50, true),
        (0.449_999, 450, 40, false),
        (0.45, 451, 40, false),
        (0.519, 450, 50, true),
        (0.52, 450, 60, true),
        (0.614, 450, 70, true),
        (0.771, 450, 90, true),
        (0.80, 450, 100, true),
        (1.0, 450, 100, true),
        (0.38, 450, 40, false),
        (0.226, 450, 10, false),
        (0.10, 450, 0, false),
        (-1.0, 450, 0, false),
        (0.0, 0, 50, true),
    ] {
        let evidence = MatchEvidence { similarity: Similarity::from_cosine(cosine), is_copy: false };
        for environment in [Environment::Sandbox, Environment::Live] {
            let then = MatchDecision { matched, score, signals: Vec::new() };
            assert_eq!(decide_match(evidence, threshold_milli, environment), then, "{cosine}");
        }
    }
}

#[test]
fn five_that_found_another_person_close_it_for_half_an_hour() {
    let minute = |minutes: i64| Timestamp::from_millis(minutes * MINUTE_MS);
    for (tried, now, until) in [
        (&[][..], 100, None),
        (&[100, 99, 98, 97], 100, None),
        (&[100, 99, 98, 97, 96], 100, Some(130)),
        (&[100, 99, 98, 97, 70], 129, Some(130)),
        (&[100, 99, 98, 97, 70], 130, None),
        (&[100, 99, 98, 97, 69], 100, None),
        // The five that close it need not be the last ones.
        (&[120, 100, 99, 98, 97, 96], 121, Some(150)),
        (&[129, 100, 99, 98, 97, 70], 129, Some(130)),
    ] {
        let tried: Vec<Timestamp> = tried.iter().copied().map(minute).collect();
        assert_eq!(closed_until(&tried, minute(now)), until.map(minute), "{tried:?} {now}");
    }
}

#[test]
fn the_reference_shown_again_proves_nothing_but_where_things_are_tried_out() {
    for (cosine, environment, matched) in [
        (1.0, Environment::Live, false),
        (1.0, Environment::Sandbox, true),
        (0.2, Environment::Live, false),
        (0.2, Environment::Sandbox, false),
    ] {
        let evidence = MatchEvidence { similarity: Similarity::from_cosine(cosine), is_copy: true };
        let decision = decide_match(evidence, 450, environment);
        assert_eq!((decision.matched, decision.signals), (matched, vec![SIGNAL_PROBE_EQUALS_REFERENCE]));
    }
}

#[test]
fn a_similarity_keeps_six_decimals_and_is_printed_by_nobody() {
    for (cosine, kept) in [(0.614_3, 0.614_3), (1.0, 1.0), (-0.096, -0.096), (0.123_456_78, 0.123_457)] {
        assert_eq!(Similarity::from_cosine(cosine).cosine(), kept);
    }
    assert_eq!(format!("{:?}", Similarity::from_cosine(0.5)), "Similarity");
    let vector = |values: &[f32]| FaceVector::normalised(values.to_vec()).expect("has a length");
    assert_eq!(Similarity::of(&vector(&[1.0]), &vector(&[1.0, 0.0])), None);
    let half = Similarity::of(&vector(&[1.0, 0.0]), &vector(&[0.6, 0.8]));
    assert_eq!(half.map(Similarity::cosine), Some(0.6));
}

/// A patch with as much in it as a face has.
fn patch(pixel: impl Fn(usize, usize) -> f32) -> FacePatch {
    let pixels = (0..FACE_PATCH_SIDE * FACE_PATCH_SIDE)
        .map(|at| pixel(at % FACE_PATCH_SIDE, at / FACE_PATCH_SIDE).clamp(0.0, 255.0) as u8);
    FacePatch::new(pixels.collect()).expect("its size")
}

fn waves(x: usize, y: usize, width: f32) -> f32 {
    128.0 + 100.0 * (x as f32 / width).sin() * (y as f32 / (width + 3.0)).cos()
}

fn reading(patch: FacePatch, eye_distance: f32, second_face: Option<f32>) -> FaceReading {
    FaceReading {
        model: FaceModelId { name: "model".into(), sha256: [1; 32] },
        vector: FaceVector::normalised(vec![1.0]).expect("has a length"),
        crop: patch.crop(),
        patch,
        eye_distance,
        sharpness: 0.5,
        second_face,
    }
}

#[test]
fn copies_are_told_by_their_correlation() {
    let reference = patch(|x, y| waves(x, y, 9.0)).crop();
    // Recompressed: every pixel a little off.
    let copy = patch(|x, y| waves(x, y, 9.0) + (x % 3) as f32 - (y % 5) as f32);
    assert!(is_copied_face(&reading(copy, 60.0, None), &reference));
    let other = patch(|x, y| waves(x, y, 14.0));
    assert!(!is_copied_face(&reading(other, 60.0, None), &reference));
}

#[test]
fn given_a_picture_then_it_is_a_probe_or_this_is_wrong_with_it() {
    let face =
        |eye_distance, second_face| Ok(reading(patch(|x, y| waves(x, y, 9.0)), eye_distance, second_face));
    for (read, then) in [
        (face(24.0, None), None),
        (face(144.0, Some(0.49)), None),
        (face(144.0, Some(0.5)), Some(ProbeFault::SecondFace)),
        (face(23.9, None), Some(ProbeFault::TooSmall)),
        (Err(FaceCause::NoFace), Some(ProbeFault::NoFace)),
        (Err(FaceCause::SeveralFaces), Some(ProbeFault::SecondFace)),
        (Err(FaceCause::FaceTooSmall), Some(ProbeFault::TooSmall)),
        (Err(FaceCause::Blurred), Some(ProbeFault::Blurred)),
        (Err(FaceCause::Undecodable), Some(ProbeFault::Undecodable)),
        (Err(FaceCause::TooLarge), Some(ProbeFault::TooLarge)),
    ] {
        assert_eq!(usable_probe(read).err(), then);
    }
    assert!(ProbeFault::TooSmall.to_string().contains("24 pixels"));
}
