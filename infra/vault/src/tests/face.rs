//! Vectors and crops open for the reference, the model and the customer that they were sealed for, and for no other;
//! a photo's tag is a customer's own.

use domain::ids::EnrolmentId;
use domain::orgs::Suite;
use domain::ports::{FACE_CROP_SIDE, FaceCrop, FaceModelId, FaceVector};
use domain::sealed::{Purpose, Purposes};

use super::{House, SUITES, customer, event, fixed_keys};
use crate::error::{UnsealError, VaultError};
use crate::face::FacePlace;

fn model(name: &str, digest: u8) -> FaceModelId {
    FaceModelId { name: name.to_owned(), sha256: [digest; 32] }
}

fn vector() -> FaceVector {
    FaceVector::normalised(vec![3.0, -4.0, 12.0]).expect("it has a length")
}

fn crop() -> FaceCrop {
    FaceCrop::new((0..FACE_CROP_SIDE * FACE_CROP_SIDE).map(|at| at as u8).collect()).expect("32 x 32")
}

#[test]
fn a_vector_and_a_crop_come_back_as_they_were() {
    let (event, enrolment, model) = (event(3), EnrolmentId::from_bytes([4; 16]), model("sface", 5));
    let place = FacePlace { event_id: &event, enrolment: &enrolment, model: &model };
    for suite in SUITES {
        let keys = fixed_keys(customer(1, 2), 0x11, suite);
        let sealed = keys.seal_face_vector(place, &vector()).expect("sealed");
        let opened = keys.open_face_vector(place, &sealed).expect("opens").expect("the key is there");
        assert!(opened.cosine(&vector()).expect("of one dimension") > 0.999_999);
        assert_eq!(opened.values().len(), 3);
        let sealed = keys.seal_face_crop(place, &crop()).expect("sealed");
        assert_eq!(keys.open_face_crop(place, &sealed), Ok(Some(crop())));
        // Neither is taken for the other.
        assert_eq!(keys.open_face_vector(place, &sealed), Err(UnsealError::Tampered));
    }
}

#[test]
fn a_vector_of_another_reference_model_or_customer_is_refused() {
    let (here, there) = (event(3), event(4));
    let (one, two) = (EnrolmentId::from_bytes([4; 16]), EnrolmentId::from_bytes([5; 16]));
    let (model, other_name, other_file) = (model("sface", 5), model("sface2", 5), model("sface", 6));
    let place = FacePlace { event_id: &here, enrolment: &one, model: &model };
    for suite in SUITES {
        // The same key bytes and key id throughout, so that only the binding can tell.
        let keys = fixed_keys(customer(1, 2), 0x11, suite);
        let of_another = fixed_keys(customer(1, 3), 0x11, suite);
        let sealed = keys.seal_face_vector(place, &vector()).expect("sealed");
        let sealed_crop = keys.seal_face_crop(place, &crop()).expect("sealed");
        for (what, keys, place) in [
            ("event", &keys, FacePlace { event_id: &there, ..place }),
            ("enrolment", &keys, FacePlace { enrolment: &two, ..place }),
            ("model's name", &keys, FacePlace { model: &other_name, ..place }),
            ("model's file", &keys, FacePlace { model: &other_file, ..place }),
            ("customer", &of_another, place),
        ] {
            assert_eq!(keys.open_face_vector(place, &sealed), Err(UnsealError::Tampered), "{what}");
            assert_eq!(keys.open_face_crop(place, &sealed_crop), Err(UnsealError::Tampered), "{what}");
        }
    }
}

#[test]
fn a_photo_has_one_tag_for_each_customer() {
    let keys = fixed_keys(customer(1, 2), 0x11, Suite::Aes256GcmSiv);
    let tag = keys.photo_tag(b"a photo").expect("the key is there");
    assert_eq!(keys.photo_tag(b"a photo"), Ok(tag));
    assert_ne!(keys.photo_tag(b"another photo"), Ok(tag));
    assert_ne!(fixed_keys(customer(1, 3), 0x11, Suite::Aes256GcmSiv).photo_tag(b"a photo"), Ok(tag));
    assert_ne!(fixed_keys(customer(1, 2), 0x12, Suite::Aes256GcmSiv).photo_tag(b"a photo"), Ok(tag));
    // Nobody who knows the fingerprint of a body that is the photo knows the tag.
    assert_ne!(keys.fingerprint(b"a photo").expect("the key is there").0, tag);
}

#[tokio::test]
async fn a_destroyed_biometric_key_takes_vectors_crops_and_tags_with_it() {
    let house = House::new().await;
    let who = customer(1, 2);
    let (event, enrolment, model) = (event(3), EnrolmentId::from_bytes([4; 16]), model("sface", 5));
    let place = FacePlace { event_id: &event, enrolment: &enrolment, model: &model };
    let keys = house.register(&who).await;
    let sealed = keys.seal_face_vector(place, &vector()).expect("sealed");
    let sealed_crop = keys.seal_face_crop(place, &crop()).expect("sealed");
    house.vault.destroy(&who, Purposes::NONE.with(Purpose::Biometric)).await.expect("destroyed");
    let keys = house.keys(&who).await;
    assert_eq!(keys.open_face_vector(place, &sealed), Ok(None));
    assert_eq!(keys.open_face_crop(place, &sealed_crop), Ok(None));
    assert_eq!(keys.seal_face_vector(place, &vector()), Err(VaultError::Destroyed));
    assert_eq!(keys.photo_tag(b"a photo"), Err(VaultError::Destroyed));
}

/// What a body of a picture is told apart by cannot be recomputed once the picture's key is gone, whatever is left.
#[tokio::test]
async fn without_the_biometric_key_no_body_of_a_picture_can_be_tried_against_its_fingerprint() {
    let house = House::new().await;
    let who = customer(1, 2);
    let of = |purposes: &[Purpose]| purposes.iter().copied().collect::<Purposes>();
    let both = of(&[Purpose::Biometric, Purpose::Evidence]);
    let keys = house.register(&who).await;
    let fingerprint = keys.fingerprint_under(both, b"a body").expect("the keys are there");
    assert_eq!(keys.fingerprint_under(both, b"a body"), Ok(fingerprint));
    assert_ne!(keys.fingerprint_under(both, b"a bodY"), Ok(fingerprint));
    assert!(matches!(keys.fingerprint_under(Purposes::NONE, b"a body"), Err(VaultError::Refused(_))));
    house.vault.destroy(&who, of(&[Purpose::Biometric])).await.expect("destroyed");
    let keys = house.keys(&who).await;
    assert_eq!(keys.fingerprint_under(both, b"a body"), Err(VaultError::Destroyed));
    let left = [
        keys.fingerprint(b"a body"),
        keys.fingerprint_under(of(&[Purpose::Evidence]), b"a body"),
        keys.fingerprint_under(of(&[Purpose::Profile]), b"a body"),
        keys.fingerprint_under(of(&[Purpose::Profile, Purpose::Evidence]), b"a body"),
    ];
    for other in left {
        assert_ne!(other.expect("their keys are there"), fingerprint);
    }
}
