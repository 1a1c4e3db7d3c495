//! Each limit of a verdict's body, at its last good value and one beyond (contract §2).

use data_encoding::{BASE64, BASE64_NOPAD};
use serde_json::{Value, json};

use system_tests::client::{VERDICT, declined, text, verified};
use system_tests::harness::ContractHarness as _;
use system_tests::photos;
use system_tests::sandbox::Sandbox;

fn with_photo(customer: &str, photo: &[u8]) -> Value {
    json!({"customerId": customer, "valid": true, "photo": BASE64.encode(photo)})
}

/// The sample with other sides in its frame header (T.81, B.2.2): its pixels are no longer those.
fn jpeg_of_sides(width: u16, height: u16) -> Vec<u8> {
    let mut photo = photos::jpeg();
    let frame = photo.windows(2).position(|two| two == [0xFF, 0xC0]).expect("a baseline frame");
    photo[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    photo[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    photo
}

#[tokio::test]
async fn a_photos_sides_are_16_to_8192_pixels() {
    let sandbox = Sandbox::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let before = sandbox.ends().await;
    let far = u32::MAX;
    for (width, height) in [(15, 16), (16, 15), (8193, 8192), (8192, 8193), (0, 16), (16, 0), (far, 16)] {
        api.verdict(&with_photo(&customer, &photos::png_of_sides(width, height)))
            .await
            .names_fields(&["photo"]);
        if let (Ok(width), Ok(height)) = (u16::try_from(width), u16::try_from(height)) {
            let jpeg = jpeg_of_sides(width, height);
            api.verdict(&with_photo(&customer, &jpeg)).await.names_fields(&["photo"]);
        }
    }
    assert_eq!(sandbox.ends().await, before, "something was written");
    for (width, height) in [(16, 16), (8192, 8192), (16, 8192), (8192, 16)] {
        api.verdict(&with_photo(&customer, &photos::png_of_sides(width.into(), height.into())))
            .await
            .expect(200);
        api.verdict(&with_photo(&customer, &jpeg_of_sides(width, height))).await.expect(200);
    }
}

#[tokio::test]
async fn a_photo_is_a_mebibyte_whatever_its_base64_looks_like() {
    let sandbox = Sandbox::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let mib = 1024 * 1024;
    let spread = |photo: &[u8]| {
        let base64 = BASE64.encode(photo);
        let lines: Vec<_> = base64.as_bytes().chunks(4).map(String::from_utf8_lossy).collect();
        json!({"customerId": customer, "valid": true, "photo": lines.join("\n")})
    };
    let before = sandbox.ends().await;
    for photo in [
        with_photo(&customer, &photos::jpeg_of_size(mib + 1)),
        with_photo(&customer, &photos::jpeg_of_size(2 * mib)),
        spread(&photos::jpeg_of_size(mib + 1)),
    ] {
        api.verdict(&photo).await.names_fields(&["photo"]);
    }
    assert_eq!(sandbox.ends().await, before, "something was written");
    api.verdict(&with_photo(&customer, &photos::jpeg_of_size(mib))).await.expect(200);
    api.verdict(&spread(&photos::jpeg_of_size(mib))).await.expect(200);
}

#[tokio::test]
async fn base64_forgives_what_whatwgs_does_and_no_more() {
    let sandbox = Sandbox::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    // Two bytes over a multiple of three: three characters and one of padding, two bits to spare.
    let mut jpeg = photos::jpeg();
    while jpeg.len() % 3 != 2 {
        jpeg.push(0);
    }
    let bare = BASE64_NOPAD.encode(&jpeg);
    let (start, last) = bare.split_at(bare.len() - 1);
    assert_eq!(last, "A", "the last byte is a zero, and so are the bits to spare");
    let post = async |photo: &str| {
        api.verdict(&json!({"customerId": customer, "valid": true, "photo": photo})).await
    };
    let mut kept = Vec::new();
    for good in [
        format!("{bare}="),
        bare.clone(),
        format!("{start}B="),
        format!("{start}D"),
        format!("{bare}\n=\t"),
        format!("{start} \u{c}\r\n{last} = "),
        format!("data:image/jpeg;base64,{bare}"),
        format!("data:image/png;base64,\n {bare}="),
        format!("data:image/jpg;base64,{bare}"),
        format!("DATA:Image/JPEG;charset=x;BASE64,{bare}"),
    ] {
        let said = post(&good).await;
        kept.push(text(&said.expect(200)["verification"]["id"]).to_owned());
    }
    let before = sandbox.ends().await;
    for bad in [
        format!("{bare}=="),
        format!("{bare}==="),
        format!("{bare}A="),
        format!("{bare}=A"),
        format!("={bare}"),
        format!("{bare}AA"),
        format!("{}-", start),
        format!("{}_", start),
        format!("{bare}\u{b}"),
        format!("{bare}\u{a0}"),
        format!("{bare}\0"),
        format!(" data:image/jpeg;base64,{bare}"),
        format!("data:;base64,{bare}"),
        format!("image/jpeg;base64,{bare}"),
        "data:image/jpeg;base64,".to_owned(),
        "====".to_owned(),
    ] {
        post(&bad).await.names_fields(&["photo"]);
    }
    assert_eq!(sandbox.ends().await, before, "something was written");
    let found = sandbox.kept(&sandbox.info().org).await;
    assert_eq!(found.len(), kept.len());
    assert!(found.iter().all(|one| one.photo.as_deref() == Some(jpeg.as_slice())), "other bytes");
}

#[tokio::test]
async fn what_follows_a_photos_end_is_kept_and_what_is_cut_off_is_refused() {
    let sandbox = Sandbox::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let (jpeg, png) = (photos::jpeg(), photos::png());
    let with = |photo: &[u8], more: &[u8]| [photo, more].concat();
    let mut wanted = Vec::new();
    for photo in [
        with(&jpeg, b"\0\0\0"),
        with(&jpeg, &jpeg),
        with(&jpeg, b"\xFF"),
        with(&png, b"trailer"),
        with(&png, &png[8..]),
        with(&jpeg[..2], &with(b"\xFF\xFF\xFF\xFE\x00\x04hi", &jpeg[2..])),
    ] {
        api.verdict(&with_photo(&customer, &photo)).await.expect(200);
        wanted.push(photo);
    }
    let before = sandbox.ends().await;
    let end = |photo: &[u8], bytes: usize| photo[..photo.len() - bytes].to_vec();
    for photo in [
        end(&jpeg, 1),
        end(&jpeg, 2),
        end(&png, 1),
        end(&png, 12),
        jpeg[..2].to_vec(),
        jpeg[..3].to_vec(),
        png[..8].to_vec(),
        png[..20].to_vec(),
        jpeg[2..].to_vec(),
        png[1..].to_vec(),
        with(b"\n", &jpeg),
        with(&png[..8], &jpeg),
    ] {
        api.verdict(&with_photo(&customer, &photo)).await.names_fields(&["photo"]);
    }
    assert_eq!(sandbox.ends().await, before, "something was written");
    let mut found = sandbox.kept(&sandbox.info().org).await;
    found.sort_by_key(|one| wanted.iter().position(|photo| one.photo.as_ref() == Some(photo)));
    let kept: Vec<_> = found.into_iter().filter_map(|one| one.photo).collect();
    assert!(kept == wanted, "other bytes");
}

#[tokio::test]
async fn bodies_at_each_limit_at_once_fit_together() {
    let sandbox = Sandbox::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let raw_of = |bytes: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - r#"{"a":""}"#.len()));
    let photo = BASE64.encode(&photos::jpeg_of_size(1024 * 1024));
    let reason = "é".repeat(500);
    let body = |raw: &str, reason: &str| {
        format!(
            r#"{{"customerId":"{customer}","valid":true,"photo":"{photo}","raw":{raw},"reason":"{reason}"}}"#
        )
        .into_bytes()
    };
    let before = sandbox.ends().await;
    let over = body(&raw_of(1536 * 1024 + 1), &format!("{reason}x"));
    api.post_bytes(VERDICT, &[], over).await.names_fields(&["raw", "reason"]);
    assert_eq!(sandbox.ends().await, before, "something was written");
    api.post_bytes(VERDICT, &[], body(&raw_of(1536 * 1024), &reason)).await.expect(200);
    assert_eq!(api.rows("").await[0]["reason"], reason);
}

#[tokio::test]
async fn an_idempotency_key_is_1_to_255_visible_characters_in_either_spelling() {
    let sandbox = Sandbox::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let body = declined(&customer, "Data ganda");
    let replays = async |key: &str| {
        let answer = api.post(VERDICT, &[("idempotency-key", key)], &body).await;
        answer.expect(200);
        answer.header("idempotency-replayed") == Some("true")
    };
    let longest = "k".repeat(255);
    for (bare, quoted) in [
        ("!", "\"!\""),
        ("~", "\"~\""),
        ("a,b;c=d", "\"a,b;c=d\""),
        (r#"a"b"#, r#""a\"b""#),
        (r"a\b", r#""a\\b""#),
        (longest.as_str(), &format!("\"{longest}\"")),
    ] {
        assert!(!replays(bare).await, "{bare}: the first");
        assert!(replays(quoted).await, "{quoted}: the same key");
        assert!(replays(&format!(" {bare} ")).await, "space around a header's value is none of it");
    }
    // Another key of the same org is the same caller; case is part of the key.
    let (_, colleague) = sandbox.key(&sandbox.info().org, &[]).await;
    let theirs = colleague.post(VERDICT, &[("idempotency-key", "!")], &body).await;
    assert_eq!(theirs.header("idempotency-replayed"), Some("true"));
    assert!(!replays("Case").await && !replays("case").await);
    let before = sandbox.ends().await;
    for bad in [
        "k".repeat(256),
        format!("\"{}\"", "q".repeat(256)),
        "\"open".to_owned(),
        "\"a\"b".to_owned(),
        r#""a\b""#.to_owned(),
        "\"a b\"".to_owned(),
    ] {
        for path in [VERDICT, "/api/customers"] {
            let named = api.post(path, &[("idempotency-key", &bad)], &body).await.expect(400);
            assert!(named["details"]["fieldErrors"]["Idempotency-Key"].is_array(), "{bad}: {named}");
        }
    }
    assert_eq!(sandbox.ends().await, before, "something was written");
    // A verified and a declined body differ under one key, and the first is what counts.
    let answer = api.post(VERDICT, &[("idempotency-key", "!")], &verified(&customer)).await;
    answer.is_error(422, "idempotency key reused with a different body");
}

#[tokio::test]
async fn preferences_are_read_as_rfc_7240_has_them() {
    let sandbox = Sandbox::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let body = declined(&customer, "Data ganda");
    for (prefer, applied) in [
        (&["wait=0"][..], Some("wait=0")),
        (&["wait=99"], Some("wait=10")),
        (&["wait=99999999999999999999999"], Some("wait=10")),
        (&["handling=lenient, wait=4; x=y, return=minimal"], Some("wait=4")),
        (&["return=minimal", "wait=5"], Some("wait=5")),
        (&["wait=6, wait=7"], Some("wait=6")),
        (&["WAIT = 3"], Some("wait=3")),
        (&["wait=\"2\""], Some("wait=2")),
        (&["respond-async, wait=1"], Some("respond-async, wait=1")),
        (&["Respond-Async"], Some("respond-async")),
        (&["wait"], None),
        (&["wait="], None),
        (&["wait=-1"], None),
        (&["wait=1.5"], None),
        (&["wait=soon"], None),
        (&[""], None),
        (&[",;=,"], None),
    ] {
        let headers: Vec<_> = prefer.iter().map(|one| ("prefer", *one)).collect();
        for (path, body) in [(VERDICT, &body), ("/api/customers", &json!({"fullName": "Dewi"}))] {
            let answer = api.post(path, &headers, body).await;
            assert!(matches!(answer.status, 200..=202), "{prefer:?}: {answer:?}");
            assert_eq!(answer.header("preference-applied"), applied, "{prefer:?}: {answer:?}");
        }
    }
}
