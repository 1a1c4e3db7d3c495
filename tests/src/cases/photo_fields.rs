//! What is a photo and what is not (contract §2).

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL};
use serde_json::{Value, json};

use crate::client::{declined, text, verified};
use crate::harness::ContractHarness;
use crate::photos;

const MIB: usize = 1024 * 1024;

fn encoded(bytes: &[u8]) -> Value {
    json!(BASE64.encode(bytes))
}

/// The file with another bit at one place.
fn flipped(file: &[u8], at: usize) -> Vec<u8> {
    let mut file = file.to_vec();
    file[at] ^= 1;
    file
}

fn bad_photos() -> Vec<(&'static str, Value)> {
    let jpeg = photos::jpeg();
    let png = photos::png();
    let in_the_middle = &jpeg[..jpeg.len() / 2];
    let without_end = &jpeg[..jpeg.len() - 2];
    let mut no_image = jpeg.clone();
    no_image.truncate(2);
    no_image.extend_from_slice(&[0xFF, 0xD9]);
    vec![
        ("empty", json!("")),
        ("a number", json!(5)),
        ("an array", json!([1, 2])),
        ("an object", json!({"data": "x"})),
        ("not base64", json!("not base64 at all!")),
        ("base64url", json!(BASE64URL.encode(&[0xFF; 48]))),
        ("one character too many", json!(format!("{}A", BASE64_NOPAD.encode(&jpeg[..jpeg.len() / 3 * 3])))),
        ("padding in the middle", json!(format!("/9j/4A==AAQ{}", BASE64.encode(&jpeg)))),
        ("a PDF", encoded(b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF")),
        ("a GIF", encoded(b"GIF89a\x10\x00\x10\x00\x80\x00\x00\x00\x00\x00\xFF\xFF\xFF,\x00\x00\x00\x00\x10\x00\x10\x00\x00\x02\x0E\x84\x8F\xA9\xCB\xED\x0F\xA3\x9C\xB4\xDA\x8B\xB3\x3E\x05\x00;")),
        ("an SVG", encoded(b"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100\" height=\"100\"/>")),
        ("a WebP", encoded(b"RIFF\x24\x00\x00\x00WEBPVP8 \x18\x00\x00\x000\x01\x00\x9d\x01\x2a\x10\x00\x10\x00")),
        ("text", encoded(b"hello")),
        ("a JPEG cut in the middle", encoded(in_the_middle)),
        ("a JPEG without its end", encoded(without_end)),
        ("a JPEG of a beginning and an end", encoded(&no_image)),
        ("a PNG cut in the middle", encoded(&png[..png.len() / 2])),
        ("a PNG without its end", encoded(&png[..png.len() - 12])),
        ("a PNG of 30,000 x 30,000", encoded(&photos::png_of_sides(30_000, 30_000))),
        ("a PNG of 8193 x 100", encoded(&photos::png_of_sides(8193, 100))),
        ("a PNG of 4 x 4", encoded(&photos::png_of_sides(4, 4))),
        ("a PNG of 15 x 100", encoded(&photos::png_of_sides(15, 100))),
        ("a PNG of 0 x 0", encoded(&photos::png_of_sides(0, 0))),
        ("a PNG with another checksum in its header", encoded(&flipped(&png, 29))),
        ("a PNG with another checksum of its pixels", encoded(&flipped(&png, png.len() - 13))),
        ("a PNG with another checksum at its end", encoded(&flipped(&png, png.len() - 1))),
        ("a PNG with another byte in its header", encoded(&flipped(&png, 24))),
        ("1 MiB and a byte", encoded(&photos::jpeg_of_size(MIB + 1))),
        ("a data URL of a GIF", json!(format!("data:image/gif;base64,{}", BASE64.encode(&jpeg)))),
        ("a data URL without base64", json!(format!("data:image/jpeg,{}", BASE64.encode(&jpeg)))),
        ("a data URL whose base64 is a parameter", json!(format!("data:image/jpeg;base64=1,{}", BASE64.encode(&jpeg)))),
        ("a data URL of no type", json!(format!("data:;base64,{}", BASE64.encode(&jpeg)))),
        ("a data URL without its comma", json!(format!("data:image/jpeg;base64{}", BASE64.encode(&jpeg)))),
        ("an http URL", json!("https://example.com/photo.jpg")),
    ]
}

pub async fn what_is_no_photo_is_refused_whatever_valid_says<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = sandbox.info().customer.clone();
    api.verdict(&json!({"customerId": customer, "valid": true})).await.names_fields(&["photo"]);
    api.verdict(&json!({"customerId": customer, "valid": true, "photo": null}))
        .await
        .names_fields(&["photo"]);
    for (name, photo) in bad_photos() {
        for valid in [true, false] {
            // Nothing that could be a photo, for a verdict that needs none: absent or wrong, both are fair.
            if name == "empty" && !valid {
                continue;
            }
            println!("{name}, valid {valid}");
            let body = json!({"customerId": customer, "valid": valid, "photo": photo});
            api.verdict(&body).await.names_fields(&["photo"]);
        }
    }
    assert_eq!(api.total("").await, 0, "something was written");
    let evidence = sandbox.evidence().await;
    assert!(evidence.is_empty(), "something left evidence");
}

/// The base64 in lines of 76, as MIME has it.
fn in_lines(base64: &str) -> String {
    let lines: Vec<_> = base64.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line)).collect();
    lines.join("\r\n")
}

pub async fn a_photo_is_kept_as_it_came_however_it_was_encoded<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = sandbox.info().customer.clone();
    // A size whose base64 needs padding, so that leaving it away means something.
    let mut jpeg = photos::jpeg();
    while jpeg.len() % 3 != 1 {
        jpeg.push(0);
    }
    let base64 = BASE64.encode(&jpeg);
    let sent = [
        (json!(base64), jpeg.clone()),
        (json!(BASE64_NOPAD.encode(&jpeg)), jpeg.clone()),
        (json!(in_lines(&base64)), jpeg.clone()),
        (json!(format!("\n\t {base64} \u{c}\r\n")), jpeg.clone()),
        (json!(format!("data:image/jpeg;base64,{base64}")), jpeg.clone()),
        (json!(format!("data:image/jpg;base64,{base64}")), jpeg.clone()),
        (json!(format!("DATA:Image/JPG;BASE64,{base64}")), jpeg.clone()),
        (json!(format!("data:image/jpeg;charset=utf-8;base64,{base64}")), jpeg.clone()),
        (json!(format!("data:image/png;name=ktp.png;x=1;Base64,{}", in_lines(&base64))), jpeg.clone()),
        (encoded(&photos::png()), photos::png()),
        (json!(format!("data:image/png;base64,{}", BASE64.encode(&photos::png()))), photos::png()),
        (encoded(&photos::jpeg_of_size(MIB)), photos::jpeg_of_size(MIB)),
        (encoded(&photos::jpeg_with_noise(7, 40_000)), photos::jpeg_with_noise(7, 40_000)),
        (encoded(&photos::png_of_sides(16, 8192)), photos::png_of_sides(16, 8192)),
    ];
    let mut wanted = Vec::new();
    for (photo, bytes) in &sent {
        for valid in [true, false] {
            let mut body = if valid { verified(&customer) } else { declined(&customer, "Data ganda") };
            body["photo"] = photo.clone();
            let said = api.verdict(&body).await.expect(200);
            assert_eq!(said["enrolment"].is_object(), valid, "{said}");
            wanted.push((text(&said["verification"]["id"]).to_owned(), valid, bytes.clone()));
        }
    }
    // A JSON escape inside the base64 is still base64.
    let escaped = format!(
        r#"{{"customerId":"{customer}","valid":true,"photo":"{}"}}"#,
        base64.replace('/', r"\/").replacen('A', r"\u0041", 1),
    );
    let said = api.post_bytes(crate::client::VERDICT, &[], escaped.into_bytes()).await.expect(200);
    wanted.push((text(&said["verification"]["id"]).to_owned(), true, jpeg.clone()));
    let kept = sandbox.kept(&sandbox.info().org).await;
    assert_eq!(kept.len(), wanted.len());
    for (verification, valid, bytes) in wanted {
        let found = kept.iter().find(|kept| kept.verification == verification).expect("it is kept");
        assert_eq!(found.valid, valid);
        assert!(found.photo.as_deref() == Some(bytes.as_slice()), "{verification}: other bytes");
    }
}
