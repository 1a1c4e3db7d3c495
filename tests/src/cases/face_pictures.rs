//! What may be in a picture that is compared, or kept as a reference (sequence §2.6): with real models, on portraits and
//! on what can be made of them.

use data_encoding::BASE64;
use domain::ports::Picture;
use serde_json::{Value, json};
use testkit::patience::PHOTOS_READ_WITHIN;
use testkit::pictures::{blurred, canvas, cropped, resized, turned};

use crate::client::{Api, text};
use crate::face_calls::{ENROLMENTS, compare, match_by, references, until_read, verified_with};
use crate::harness::ContractHarness;
use crate::patience::until_within;
use crate::photos;
use crate::portraits::{commented, jpeg, portrait, portrait_pixels, portrait_text};

/// Whole in structure, and no decoder makes pixels of it.
fn undecodable() -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0, 16, 0, 16, 1, 1, 0x11, 0];
    bytes.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0x12, 0x34, 0xff, 0xd9]);
    bytes
}

/// However many lesser references come after it, Dukcapil's photo is the one that is compared with, and the list shows it.
pub async fn no_number_of_lesser_references_hides_dukcapils_photo<H: ContractHarness>() {
    let Some(sandbox) = H::with_models().await else { return };
    let (_, api) = sandbox.org(&["--dukcapil-enabled", "--limit", "face_enrolments=0"]).await;
    let customer = verified_with(&api, "macron_2014").await;
    // More than are read at once; no face is looked for in what is no picture.
    let body = json!({ "customerId": customer, "image": BASE64.encode(&undecodable()) });
    let first = [("idempotency-key", "first"), ("prefer", "wait=10")];
    let oldest = api.post(ENROLMENTS, &first, &body).await.expect(201);
    for _ in 0..299 {
        let answer = api.post(ENROLMENTS, &[("prefer", "respond-async")], &body).await;
        assert_eq!(answer.status, 202, "{answer:?}");
    }
    let page = format!("{ENROLMENTS}?customerId={customer}&limit=1&page=301");
    let last = until_within(PHOTOS_READ_WITHIN, "all references", async || {
        let list = api.get(&page).await.expect(200);
        (list["total"] == 301).then(|| list["data"][0].clone())
    })
    .await;
    assert_eq!((&last["source"], &last["fallbackStub"]), (&json!("dukcapil"), &json!(false)), "{last}");
    let said = compare(&api, &customer, &portrait_text("macron_2025")).await.expect(200);
    assert_eq!(
        (&said["match"]["verdict"], &said["reference"]["source"]),
        (&json!("match"), &json!("dukcapil"))
    );
    // The first of the others, sent again under its key, is still that one.
    let again = api.post(ENROLMENTS, &first, &body).await;
    assert_eq!(again.expect(201)["enrolment"]["id"], oldest["enrolment"]["id"]);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
}

/// A portrait so many pixels high.
fn of_height(name: &str, height: usize) -> Picture {
    let whole = portrait_pixels(name);
    resized(&whole, whole.width() * height / whole.height(), height)
}

/// A head of twenty pixels in a picture that is large enough.
fn tiny_face() -> Vec<u8> {
    jpeg(&canvas(300, 300, &[(of_height("obama", 20), 100, 100)]), 90)
}

/// One face of that height, and nine of the other.
fn ten_faces(name: &str, height: usize, others: usize) -> Vec<u8> {
    let (large, small) = (of_height(name, height), of_height(name, others));
    let (left, step) = (large.width() + 20, small.width().max(small.height()) + 10);
    let mut pasted = vec![(large, 0, 0)];
    pasted.extend((0..9).map(|at| (small.clone(), left + at % 3 * step, at / 3 * step)));
    jpeg(&canvas(left + 3 * step, height.max(3 * step), &pasted), 90)
}

/// The portrait in a corner of a picture of so many pixels a side.
fn in_a_large_one(name: &str, width: usize, height: usize) -> Vec<u8> {
    jpeg(&canvas(width, height, &[(portrait_pixels(name), 1_000, 1_000)]), 90)
}

fn drawing() -> Vec<u8> {
    let stripes = (0..400 * 400 * 3).map(|at| (at / 3 % 400 / 40 * 25) as u8).collect();
    jpeg(&Picture::new(400, 400, stripes).expect("400 x 400"), 90)
}

pub async fn pictures_that_are_no_probe_are_refused_and_leave_no_row<H: ContractHarness>() {
    let Some(sandbox) = H::with_models().await else { return };
    let api = sandbox.api();
    let customer = verified_with(&api, "ardern_2018").await;
    let before = api.total(&format!("customerId={customer}")).await;
    for (what, image) in [
        ("no face", photos::jpeg()),
        ("no face", photos::png()),
        ("a drawing", drawing()),
        ("undecodable", undecodable()),
        ("a face of 20 pixels", tiny_face()),
        ("ten faces as large", ten_faces("obama", 300, 300)),
        ("blurred", jpeg(&blurred(&portrait_pixels("macron_2025"), 16.0), 90)),
        ("a column more than 16 megapixels", in_a_large_one("obama", 4_097, 4_096)),
    ] {
        let answer = compare(&api, &customer, &BASE64.encode(&image)).await;
        assert_eq!(answer.status, 400, "{what}: {answer:?}");
        answer.names_fields(&["image"]);
    }
    assert_eq!(api.total(&format!("customerId={customer}")).await, before);

    // It is said before whatever else is in the way, as every 400 is (contract §1).
    let (nobody, somebody) = (BASE64.encode(&drawing()), portrait_text("ardern_2022"));
    let stranger = "cus_00000000000000000000000000";
    compare(&api, stranger, &nobody).await.names_fields(&["image"]);
    compare(&api, stranger, &somebody).await.is_error(404, "not found");
    let unknown = api.customer("Siti Aminah").await;
    compare(&api, &unknown, &nobody).await.names_fields(&["image"]);
    assert_eq!(compare(&api, &unknown, &somebody).await.expect(409)["code"], "no_face_reference");
    let key = [("idempotency-key", "once")];
    let body = |image: &str| json!({ "customerId": customer, "image": image });
    assert!(matches!(match_by(&api, &key, &body(&somebody)).await.status, 200 | 202));
    match_by(&api, &key, &body(&nobody)).await.names_fields(&["image"]);
    let reused = match_by(&api, &key, &body(&portrait_text("obama"))).await;
    reused.is_error(422, "idempotency key reused with a different body");
}

pub async fn hard_pictures_are_compared_and_kept_with_their_cause<H: ContractHarness>() {
    let Some(sandbox) = H::with_models().await else { return };
    let api = sandbox.api();
    let customer = verified_with(&api, "macron_2014").await;
    let upside_down = jpeg(&turned(&portrait_pixels("macron_2025"), 180.0), 90);
    for (what, image) in [
        ("upside down", upside_down.clone()),
        ("16 megapixels", in_a_large_one("macron_2025", 4_096, 4_096)),
        ("the largest of ten", ten_faces("macron_2025", 600, 150)),
    ] {
        let said = compare(&api, &customer, &BASE64.encode(&image)).await.expect(200);
        assert_eq!(
            (&said["match"]["verdict"], &said["signals"]),
            (&json!("match"), &json!([])),
            "{what}: {said}"
        );
    }

    let referred = api.customer("Siti Aminah").await;
    for (image, causes) in [
        (upside_down, &[None][..]),
        (in_a_large_one("macron_2025", 4_096, 4_096), &[None]),
        (ten_faces("macron_2025", 600, 150), &[Some("several_faces")]),
        (tiny_face(), &[Some("no_face"), Some("face_too_small")]),
        (undecodable(), &[Some("undecodable")]),
        (in_a_large_one("obama", 4_097, 4_096), &[Some("too_large")]),
    ] {
        let body = json!({ "customerId": referred, "image": BASE64.encode(&image) });
        let answer = api.post(ENROLMENTS, &[], &body).await;
        assert!(matches!(answer.status, 201 | 202), "{answer:?}");
        let id = answer.json()["enrolment"]["id"].clone();
        let row = until_read_of(&api, &referred, text(&id)).await;
        assert!(causes.contains(&row["cause"].as_str()), "{causes:?}: {row}");
        let has_vector = matches!(causes, [None | Some("several_faces")]);
        assert_eq!(row["fallbackStub"], !has_vector, "{row}");
    }
    assert_eq!(references(&api, &referred).await.len(), 6);
}

/// The reference of that id, once the photos of all are read.
async fn until_read_of(api: &Api, customer: &str, id: &str) -> Value {
    loop {
        let rows = until_read(api, customer).await;
        if let Some(row) = rows.into_iter().find(|row| row["id"] == id) {
            return row;
        }
    }
}

pub async fn the_reference_shown_again_is_signalled<H: ContractHarness>() {
    let Some(sandbox) = H::with_models().await else { return };
    let api = sandbox.api();
    let customer = verified_with(&api, "ardern_2022").await;
    let (bytes, whole) = (portrait("ardern_2022"), portrait_pixels("ardern_2022"));
    for (what, image) in [
        ("the same bytes", bytes.clone()),
        ("other metadata", commented(&bytes, &[1, 2, 3, 4])),
        ("recompressed at 60", jpeg(&whole, 60)),
        ("recompressed at 95", jpeg(&whole, 95)),
        ("resized", jpeg(&resized(&whole, whole.width() * 4 / 5, whole.height() * 4 / 5), 90)),
        ("cropped by 2 %", jpeg(&cropped(&whole, 0.02), 90)),
    ] {
        let said = compare(&api, &customer, &BASE64.encode(&image)).await.expect(200);
        let signals = said["signals"].as_array().expect("signals");
        assert_eq!(signals.len(), 1, "{what}: {said}");
        assert_eq!(
            (&signals[0]["code"], &signals[0]["severity"]),
            (&json!("probe_equals_reference"), &json!("high")),
            "{what}"
        );
        // An org of environment sandbox may try it.
        assert_eq!(
            (&said["match"]["verdict"], &said["verification"]["score"]),
            (&json!("match"), &json!(100)),
            "{what}"
        );
        let row =
            api.get(&format!("/api/identity/verifications/{}", text(&said["verification"]["id"]))).await;
        assert_eq!(row.expect(200)["signals"], said["signals"]);
    }
    // Another photo of the person is none.
    let said = compare(&api, &customer, &portrait_text("ardern_2018")).await.expect(200);
    assert_eq!((&said["signals"], &said["match"]["verdict"]), (&json!([]), &json!("match")), "{said}");
}
