//! Whether Dukcapil's photo and a card's portrait are compared, and when they disagree.

use super::tests::{enrolment, face, models};
use super::*;
use crate::ids::EnrolmentId;
use crate::ports::FaceModelId;
use crate::rows::FaceSource;

/// Which verdicts are compared with which portraits, by the numbers of their enrolments.
#[test]
fn each_of_dukcapils_photos_is_compared_with_the_newest_portrait_of_the_same_model() {
    use FaceSource::{Dukcapil, KtpExtract, OnboardingSelfie};
    let [primary, other] = [1, 2].map(|first| FaceModelId { name: "m".to_owned(), sha256: [first; 32] });
    let set = models(&primary, &other);
    type Row<'a> = (FaceSource, i64, &'a FaceModelId, bool);
    type Case<'a> = (&'a [Row<'a>], &'a [(u8, u8)]);
    let table: &[Case<'_>] = &[
        (&[], &[]),
        (&[(Dukcapil, 1, &primary, true)], &[]),
        (&[(KtpExtract, 1, &primary, true), (OnboardingSelfie, 1, &primary, true)], &[]),
        (&[(KtpExtract, 9, &primary, true), (Dukcapil, 1, &primary, true)], &[(1, 0)]),
        // Whichever came first.
        (&[(Dukcapil, 9, &primary, true), (KtpExtract, 1, &primary, true)], &[(0, 1)]),
        (&[(Dukcapil, 9, &other, true), (KtpExtract, 1, &other, true)], &[(0, 1)]),
        (&[(Dukcapil, 9, &primary, true), (KtpExtract, 1, &other, true)], &[]),
        (&[(Dukcapil, 9, &primary, true), (KtpExtract, 1, &primary, false)], &[]),
        (&[(Dukcapil, 9, &primary, false), (KtpExtract, 1, &primary, true)], &[]),
        (
            &[
                (KtpExtract, 9, &primary, true),
                (KtpExtract, 8, &primary, true),
                (KtpExtract, 1, &primary, false),
                (Dukcapil, 3, &primary, true),
                (Dukcapil, 2, &primary, true),
            ],
            &[(3, 1), (4, 1)],
        ),
    ];
    for (references, wanted) in table {
        let numbered = || references.iter().zip(0_u8..);
        let rows: Vec<_> = numbered().map(|((source, age, ..), n)| enrolment(n, *source, *age)).collect();
        let faces: Vec<_> = numbered().map(|((.., model, read), n)| face(n, model, None, *read)).collect();
        let joined: Vec<_> = rows.iter().map(|row| FaceReference::joined(row, &faces, Some(&set))).collect();
        let compared = compared_references(&joined, &set);
        let number = |id: &EnrolmentId| rows.iter().position(|row| row.id == *id).expect("one") as u8;
        let pairs: Vec<_> = compared
            .iter()
            .map(|one| (number(&one.dukcapil.enrolment.id), number(&one.card.enrolment.id)))
            .collect();
        assert_eq!(pairs, *wanted, "{references:?}");
        for one in compared {
            assert_eq!(Some(one.verdict), one.dukcapil.enrolment.verification_id.as_ref());
            assert!(one.since() >= one.card.enrolment.created_at);
        }
    }
}

/// By the manifest's number for the ordinary case, 0.45 here; what an org asks for has no part in it.
#[test]
fn two_faces_disagree_below_what_the_model_asks_for_in_the_ordinary_case() {
    let primary = FaceModelId { name: "m".to_owned(), sha256: [1; 32] };
    let set = models(&primary, &FaceModelId { name: "o".to_owned(), sha256: [2; 32] });
    let rows = [enrolment(0, FaceSource::Dukcapil, 1), enrolment(1, FaceSource::KtpExtract, 2)];
    let faces = [face(0, &primary, None, true), face(1, &primary, None, true)];
    let joined: Vec<_> = rows.iter().map(|row| FaceReference::joined(row, &faces, Some(&set))).collect();
    let compared = compared_references(&joined, &set)[0];
    let vector = |values: &[f32]| FaceVector::normalised(values.to_vec()).expect("a vector");
    let at_cosine = |cosine: f32| vector(&[cosine, (1.0 - cosine * cosine).sqrt()]);
    for (cosine, disagree) in [(1.0, false), (0.451, false), (0.449, true), (0.0, true), (-1.0, true)] {
        assert_eq!(compared.disagree(&vector(&[1.0, 0.0]), &at_cosine(cosine)), disagree, "{cosine}");
    }
    assert!(!compared.disagree(&vector(&[1.0, 0.0]), &vector(&[0.0, 0.0, 1.0])), "not of one model");
}
