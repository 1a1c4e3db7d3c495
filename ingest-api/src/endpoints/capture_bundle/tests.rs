//! Bundles as JSON: what is taken, and everything that is wrong at once.

use data_encoding::BASE64;
use domain::capture::FlashSample;
use serde_json::{Value, json};

use super::*;
use crate::serving::errors::ApiError;

/// A PNG of that size as far as its structure is walked, filled to so many bytes.
fn png(width: u32, height: u32, bytes: usize) -> Vec<u8> {
    fn chunk(out: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
        let checked = [&kind[..], data].concat();
        out.extend((data.len() as u32).to_be_bytes());
        out.extend(&checked);
        out.extend(crc32(&checked).to_be_bytes());
    }
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let sides = [width.to_be_bytes(), height.to_be_bytes()].concat();
    chunk(&mut out, *b"IHDR", &[&sides[..], &[8, 2, 0, 0, 0]].concat());
    chunk(&mut out, *b"IDAT", &[0]);
    chunk(&mut out, *b"IEND", &[]);
    out.resize(bytes.max(out.len()), 0);
    out
}

/// The checksum of ISO/IEC 15948, annex D.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    })
}

fn frame(width: u32, height: u32, bytes: usize) -> Value {
    BASE64.encode(&png(width, height, bytes)).into()
}

/// A bundle of a still and two flash frames, with everything that one may have.
fn good() -> Value {
    json!({
        "version": "1.0",
        "sdkVersion": "2.3.4",
        "platform": "rn-android",
        "frames": [frame(1_280, 720, 0), frame(640, 480, 0), frame(640, 480, 0)],
        "capturedAt": "2026-11-23T11:05:06+07:00",
        "signature": "00ff",
        "flashChallengeNonce": "a-nonce",
        "flashSamples": [{ "tMs": 0, "meanR": 0, "meanG": 12.5, "meanB": 255 }],
        "frameTimes": [2_000, 0, 450],
        "colorTimes": [0, 401, 850],
        "ocrFields": { "nik": "3171234567890001", "nama": "BUDI SANTOSO" },
        "ocrConfidence": 0.93,
    })
}

/// A body with that bundle, parsed for that purpose; with the header of what was ignored.
fn parse_for(
    purpose: ChallengePurpose,
    bundle: &Value,
) -> (Result<CaptureBundle, FieldErrors>, Option<String>) {
    let body = json!({ "bundle": bundle, "hmacKey": "x" }).to_string();
    let mut object = JsonObject::parse(body.as_bytes(), &["bundle"]).expect("JSON");
    let mut errors = FieldErrors::new();
    let parsed = parse(&mut object, &mut errors, purpose);
    let ignored = object.ignored();
    match parsed {
        Some(bundle) if errors.is_empty() => (Ok(bundle), ignored),
        Some(_) => panic!("a bundle in spite of {errors:?}"),
        None => (Err(errors), ignored),
    }
}

fn parsed(bundle: &Value) -> Result<CaptureBundle, FieldErrors> {
    parse_for(ChallengePurpose::Ktp, bundle).0
}

fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut bundle = good();
    change(&mut bundle);
    bundle
}

#[test]
fn everything_that_a_bundle_may_have_is_taken() {
    let bundle = parsed(&good()).map_err(|wrong| format!("{wrong:?}"));
    let bundle = bundle.unwrap_or_else(|wrong| panic!("{wrong}"));
    assert_eq!((bundle.sdk_version.as_deref(), bundle.platform), (Some("2.3.4"), CapturePlatform::RnAndroid));
    assert_eq!(bundle.frames.len(), 3);
    assert_eq!(bundle.frames[0].as_bytes(), png(1_280, 720, 0));
    assert_eq!(bundle.captured_at.text(), "2026-11-23T11:05:06+07:00");
    assert_eq!((bundle.signature.as_str(), bundle.nonce.as_str()), ("00ff", "a-nonce"));
    assert_eq!(bundle.flash_samples, [FlashSample { t_ms: 0, mean: [0.0, 12.5, 255.0] }]);
    assert_eq!(bundle.frame_times_ms.as_deref(), Some(&[2_000, 0, 450][..]));
    assert_eq!(bundle.color_times_ms, [0, 401, 850]);
    let fields: Vec<_> = bundle.ocr_fields.iter().collect();
    assert_eq!(fields[0], (&"nama".to_owned(), &"BUDI SANTOSO".to_owned()));
    assert_eq!((fields.len(), bundle.ocr_confidence), (2, Some(0.93)));
}

#[test]
fn what_may_be_left_out_may_be_null() {
    let names = ["sdkVersion", "flashSamples", "frameTimes", "colorTimes", "ocrFields", "ocrConfidence"];
    let nulls = with(|bundle| names.iter().for_each(|name| bundle[*name] = Value::Null));
    let absent = with(|bundle| {
        let fields = bundle.as_object_mut().expect("an object");
        names.iter().for_each(|name| drop(fields.remove(*name)));
    });
    let empty = with(|bundle| {
        (bundle["flashSamples"], bundle["colorTimes"]) = (json!([]), json!([]));
        (bundle["ocrFields"], bundle["sdkVersion"]) = (json!({}), Value::Null);
        (bundle["frameTimes"], bundle["ocrConfidence"]) = (Value::Null, Value::Null);
    });
    for bundle in [nulls, absent, empty] {
        let bundle = parsed(&bundle).unwrap_or_else(|wrong| panic!("{wrong:?}"));
        assert!(bundle.frame_times_ms.is_none() && bundle.sdk_version.is_none());
        assert!(bundle.color_times_ms.is_empty() && bundle.ocr_fields.is_empty());
    }
}

/// `hmacKey` is of the published platform: a key that travels with the message proves nothing (sequence §1.8).
#[test]
fn what_nobody_knows_is_ignored_and_named_with_its_path() {
    let more = with(|bundle| (bundle["deviceId"], bundle["typo"]) = ("x".into(), 1.into()));
    let (taken, ignored) = parse_for(ChallengePurpose::Ktp, &more);
    assert!(taken.is_ok());
    assert_eq!(ignored.as_deref(), Some("hmacKey,bundle.deviceId,bundle.typo"));
    let wrong = with(|bundle| (bundle["typo"], bundle["version"]) = (1.into(), 2.into()));
    let (refused, ignored) = parse_for(ChallengePurpose::Ktp, &wrong);
    assert!(refused.is_err());
    assert_eq!(ignored.as_deref(), Some("hmacKey,bundle.typo"));
}

#[test]
fn given_one_thing_wrong_then_its_path_is_named() {
    type Change = fn(&mut Value);
    let table: &[(&str, &str, Change)] = &[
        ("no object", "bundle", |b| *b = json!([])),
        ("nothing", "bundle", |b| *b = Value::Null),
        ("another version", "bundle.version", |b| b["version"] = "2.0".into()),
        ("a number as version", "bundle.version", |b| b["version"] = 1.0.into()),
        ("a long version", "bundle.sdkVersion", |b| b["sdkVersion"] = "x".repeat(65).into()),
        ("another platform", "bundle.platform", |b| b["platform"] = "iOS".into()),
        ("no frames", "bundle.frames", |b| b["frames"] = json!([])),
        ("frames as a text", "bundle.frames", |b| b["frames"] = "x".into()),
        ("no base64", "bundle.frames[1]", |b| b["frames"][1] = "!".into()),
        ("no picture", "bundle.frames[2]", |b| b["frames"][2] = "JVBERi0xLjc=".into()),
        ("a small still", "bundle.frames[0]", |b| b["frames"][0] = frame(640, 480, 0)),
        ("a heavy flash frame", "bundle.frames[1]", |b| b["frames"][1] = frame(640, 480, 204_801)),
        ("another size", "bundle.frames[2]", |b| b["frames"][2] = frame(480, 640, 0)),
        ("no time", "bundle.capturedAt", |b| b["capturedAt"] = "yesterday".into()),
        ("no signature", "bundle.signature", |b| b["signature"] = Value::Null),
        ("an empty nonce", "bundle.flashChallengeNonce", |b| b["flashChallengeNonce"] = "".into()),
        ("a long nonce", "bundle.flashChallengeNonce", |b| b["flashChallengeNonce"] = "x".repeat(129).into()),
        ("a line break", "bundle.flashChallengeNonce", |b| b["flashChallengeNonce"] = "a\nb".into()),
        ("a sample without a mean", "bundle.flashSamples[0]", |b| {
            b["flashSamples"][0]["meanR"] = Value::Null;
        }),
        ("a bright sample", "bundle.flashSamples[0]", |b| b["flashSamples"][0]["meanB"] = 256.into()),
        ("a sample's time", "bundle.flashSamples[0]", |b| b["flashSamples"][0]["tMs"] = 0.5.into()),
        ("many samples", "bundle.flashSamples", |b| b["flashSamples"] = json!(vec![0; 257])),
        ("a time less", "bundle.frameTimes", |b| b["frameTimes"] = json!([0, 1])),
        ("times that go back", "bundle.frameTimes", |b| b["frameTimes"] = json!([0, 450, 449])),
        ("a late time", "bundle.frameTimes[2]", |b| b["frameTimes"][2] = 120_001.into()),
        ("a negative time", "bundle.colorTimes[1]", |b| b["colorTimes"][1] = (-1).into()),
        ("many colours", "bundle.colorTimes", |b| b["colorTimes"] = json!(vec![1; 11])),
        ("a number read", "bundle.ocrFields", |b| b["ocrFields"]["nik"] = 7.into()),
        ("a long text read", "bundle.ocrFields", |b| b["ocrFields"]["nik"] = "x".repeat(201).into()),
        ("a text of two lines", "bundle.ocrFields", |b| b["ocrFields"]["nik"] = "a\nb".into()),
        ("a name with =", "bundle.ocrFields", |b| b["ocrFields"]["a=b"] = "c".into()),
        ("sure beyond measure", "bundle.ocrConfidence", |b| b["ocrConfidence"] = 101.into()),
    ];
    for (name, path, change) in table {
        let Err(errors) = parsed(&with(change)) else { panic!("{name} is taken") };
        assert_eq!(errors.field(path).map(<[String]>::len), Some(1), "{name}: {errors:?}");
        assert_eq!(errors, only(&errors, path), "{name}");
    }
}

fn only(errors: &FieldErrors, path: &str) -> FieldErrors {
    FieldErrors::of(path, errors.field(path).and_then(<[String]>::first).map_or("", String::as_str))
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let bundle = json!({
        "version": 1, "platform": "x", "capturedAt": 7, "frameTimes": ["x"], "ocrFields": [],
        "frames": ["!", "!"], "flashSamples": [1],
    });
    let Err(errors) = parsed(&bundle) else { panic!("taken") };
    for path in [
        "version",
        "platform",
        "capturedAt",
        "signature",
        "flashChallengeNonce",
        "frameTimes[0]",
        "ocrFields",
        "frames[0]",
        "frames[1]",
        "flashSamples[0]",
    ] {
        assert!(errors.field(&format!("bundle.{path}")).is_some(), "{path}: {errors:?}");
    }
    let twice = good().to_string().replacen('{', r#"{"version":"1.0","#, 1);
    let body = format!(r#"{{"bundle":{twice}}}"#);
    let mut object = JsonObject::parse(body.as_bytes(), &["bundle"]).expect("JSON");
    let mut errors = FieldErrors::new();
    assert!(parse(&mut object, &mut errors, ChallengePurpose::Ktp).is_none());
    assert_eq!(errors, FieldErrors::of("bundle.version", "must be sent once"));
}

/// Sequence §1.3, each bound met and passed by one.
#[test]
fn bounds_hold_to_the_byte() {
    let many = |frames: usize, bytes: usize| {
        with(|bundle| {
            let flash = (1..frames).map(|_| frame(640, 480, bytes));
            bundle["frames"] = [frame(1_280, 720, 1_048_576)].into_iter().chain(flash).collect();
            bundle["frameTimes"] = Value::Null;
        })
    };
    assert!(parsed(&many(12, 100_000)).is_ok());
    let Err(errors) = parsed(&many(13, 1_000)) else { panic!("13 frames") };
    assert!(errors.field("bundle.frames").is_some());
    // 2.8 MiB together: 2,936,012 bytes, of which the still has 1,048,576.
    let rest = 2_936_012 - 1_048_576;
    let together = |last: usize| {
        let mut bundle = many(11, 188_000);
        bundle["frames"][10] = frame(640, 480, rest - 9 * 188_000 + last);
        bundle
    };
    assert!(parsed(&together(0)).is_ok());
    let Err(errors) = parsed(&together(1)) else { panic!("too much together") };
    assert_eq!(errors, only(&errors, "bundle.frames"));
    // Everything but the frames.
    let beside = |length: usize| {
        let bundle = with(|bundle| bundle["typo"] = "".into());
        let now = bundle.to_string().len() - bundle["frames"].to_string().len();
        with(|bundle| bundle["typo"] = "x".repeat(length - now).into())
    };
    assert!(parsed(&beside(262_144)).is_ok());
    let Err(errors) = parsed(&beside(262_145)) else { panic!("a large rest") };
    assert_eq!(errors, only(&errors, "bundle"));
    let fields = |count: usize| {
        with(|bundle| {
            bundle["ocrFields"] = (0..count).map(|n| (format!("f{n}"), json!("v"))).collect();
        })
    };
    assert!(parsed(&fields(20)).is_ok() && parsed(&fields(21)).is_err());
}

/// A face has its own bounds, and no fields that were read.
#[test]
fn a_faces_bundle_is_taken_by_its_own_rules() {
    let face = with(|bundle| {
        bundle["frames"] = json!([frame(640, 480, 262_144), frame(640, 480, 0)]);
        bundle["frameTimes"] = json!([0, 450]);
    });
    let (taken, ignored) = parse_for(ChallengePurpose::Face, &face);
    assert!(taken.is_ok_and(|bundle| bundle.ocr_fields.is_empty()));
    assert_eq!(ignored.as_deref(), Some("hmacKey,bundle.ocrConfidence,bundle.ocrFields"));
    let card = parse_for(ChallengePurpose::Face, &good()).0;
    assert!(card.is_err_and(|errors| errors.field("bundle.frames[1]").is_some()));
}

/// No value that was sent is told in an error, nor a name that could be one.
#[test]
fn errors_tell_nothing_that_was_sent() {
    let bundle = with(|bundle| {
        bundle["ocrFields"] = json!({ "3171234567890001=": "BUDI" });
        bundle["platform"] = "3171234567890001".into();
        bundle["capturedAt"] = "3171234567890001".into();
    });
    let Err(errors) = parsed(&bundle) else { panic!("taken") };
    let told = ApiError::Invalid(errors).body().to_string();
    assert!(!told.contains("3171234567890001") && !told.contains("BUDI"), "{told}");
}
