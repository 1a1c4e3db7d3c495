//! Signatures and times of captures. The signatures were computed by other code (Python's `hmac`, `hashlib`, `base64`).

use std::collections::BTreeMap;

use super::*;
use crate::capture::test_prf::TestPrf;
use crate::capture::{CapturePlatform, CapturedAt, FlashSample};
use crate::ids::{CustomerId, OrgId};
use crate::photo::Photo;

const SECRET: &str = "qe_whsec_FPMEHN3NOGH5AKHESWHN3PBXEO6KWLDH";

/// With the frames' times, the colours' and fields of the card.
const FULL: &str = "f9548c63346935dc37b95bb8888fce632333d515780ff3c69030f6899d9b048b";

/// With nothing that is optional.
const BARE: &str = "c0436ac42c37cc3eaf4d80166f1634f1d494194e88ac107c3ec2133d423525b5";

/// With the times of the samples in the place of the frames'.
const SAMPLED: &str = "6d6a27c337b182564abb91418966546e4799c679c4e1624a90f0f63737fb6d70";

fn customer() -> CustomerRef {
    CustomerRef::new(OrgId::from_bytes([1; 16]), CustomerId::from_bytes([2; 16]))
}

fn png(width: u32, height: u32) -> Photo {
    fn chunk(out: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
        out.extend((data.len() as u32).to_be_bytes());
        let start = out.len();
        out.extend(kind);
        out.extend(data);
        let checksum = crc32fast::hash(&out[start..]);
        out.extend(checksum.to_be_bytes());
    }
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let sides = [width.to_be_bytes(), height.to_be_bytes()].concat();
    chunk(&mut out, *b"IHDR", &[&sides[..], &[8, 2, 0, 0, 0]].concat());
    chunk(&mut out, *b"IDAT", &[0]);
    chunk(&mut out, *b"IEND", &[]);
    Photo::parse(out).expect("a photo")
}

fn bare() -> CaptureBundle {
    CaptureBundle {
        sdk_version: None,
        platform: CapturePlatform::Web,
        frames: vec![png(1_280, 720), png(640, 480)],
        captured_at: CapturedAt::parse("2026-11-23T11:05:06+07:00").expect("a time"),
        signature: BARE.to_owned(),
        nonce: "a-nonce".to_owned(),
        flash_samples: Vec::new(),
        frame_times_ms: None,
        color_times_ms: Vec::new(),
        ocr_fields: BTreeMap::new(),
        ocr_confidence: None,
    }
}

fn full() -> CaptureBundle {
    let fields = [("nik", "3171234567890001"), ("nama", "BUDI SANTOSO"), ("alamat", "Jl. Contoh 1")];
    CaptureBundle {
        signature: FULL.to_owned(),
        frame_times_ms: Some(vec![0, 450]),
        color_times_ms: vec![0, 401, 850],
        ocr_fields: fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        ..bare()
    }
}

fn samples(times: &[u32]) -> Vec<FlashSample> {
    times.iter().map(|t_ms| FlashSample { t_ms: *t_ms, mean: [1.0, 2.0, 3.0] }).collect()
}

fn is_signed(bundle: &CaptureBundle) -> bool {
    has_signed(bundle, &TestPrf(1), &customer(), ChallengePurpose::Ktp, SECRET)
}

#[test]
fn signatures_are_what_other_code_makes_of_them() {
    let sampled = CaptureBundle { signature: SAMPLED.to_owned(), flash_samples: samples(&[7, 8]), ..bare() };
    let uneven = CaptureBundle { flash_samples: samples(&[7, 8, 9]), ..bare() };
    let both = CaptureBundle { flash_samples: samples(&[7, 8]), ..full() };
    for (name, bundle) in [
        ("with everything", full()),
        ("with nothing optional", bare()),
        ("with samples in the frames' place", sampled),
        ("with other samples than frames", uneven),
        ("with both: the frames' own times count", both),
    ] {
        assert!(is_signed(&bundle), "{name}");
    }
}

/// Whatever is bound by it: one thing changed, and it is another's.
#[test]
fn whatever_is_signed_cannot_be_changed() {
    type Change = (&'static str, fn(&mut CaptureBundle));
    let changes: [Change; 14] = [
        ("nonce", |b| b.nonce.push('x')),
        ("capturedAt, the same moment", |b| {
            b.captured_at = CapturedAt::parse("2026-11-23T04:05:06Z").expect("a time");
        }),
        ("a frame less", |b| b.frames.truncate(1)),
        ("a frame more", |b| b.frames.push(png(640, 480))),
        ("another frame", |b| b.frames[1] = png(640, 481)),
        ("the frames' order", |b| b.frames.swap(0, 1)),
        ("a frame's time", |b| b.frame_times_ms = Some(vec![0, 451])),
        ("no times", |b| b.frame_times_ms = None),
        ("a colour's time", |b| b.color_times_ms[2] = 851),
        ("no colour's time", |b| b.color_times_ms.clear()),
        ("a field", |b| {
            b.ocr_fields.insert("nik".into(), "3171234567890002".into());
        }),
        ("a field less", |b| {
            b.ocr_fields.remove("nik");
        }),
        ("an upper-case signature", |b| b.signature.make_ascii_uppercase()),
        ("a shorter signature", |b| {
            b.signature.truncate(62);
        }),
    ];
    for (name, change) in changes {
        let mut bundle = full();
        change(&mut bundle);
        assert!(!is_signed(&bundle), "{name}");
    }
    for place in 0..FULL.len() {
        let mut bytes = FULL.as_bytes().to_vec();
        bytes[place] ^= 1;
        let signature = String::from_utf8(bytes).expect("ASCII");
        assert!(!is_signed(&CaptureBundle { signature, ..full() }), "{place}");
    }
    let signed_by = |customer: &CustomerRef, purpose, secret: &str| {
        has_signed(&full(), &TestPrf(1), customer, purpose, secret)
    };
    let other = CustomerRef::new(OrgId::from_bytes([1; 16]), CustomerId::from_bytes([3; 16]));
    assert!(!signed_by(&other, ChallengePurpose::Ktp, SECRET));
    assert!(!signed_by(&customer(), ChallengePurpose::Face, SECRET));
    assert!(!signed_by(&customer(), ChallengePurpose::Ktp, &SECRET[9..]), "the prefix is of the key");
    // What is not bound is a claim, and no more (sequence §1.5).
    let claims = CaptureBundle {
        sdk_version: Some("9".into()),
        platform: CapturePlatform::Ios,
        ocr_confidence: Some(1.0),
        ..full()
    };
    assert!(is_signed(&claims));
}

#[test]
fn a_frames_time_is_its_own_or_its_samples_or_unknown() {
    let sampled = |times: &[u32]| CaptureBundle { flash_samples: samples(times), ..bare() };
    assert_eq!(full().all_frame_times_ms(), Some(vec![0, 450]));
    assert_eq!(sampled(&[7, 8]).all_frame_times_ms(), Some(vec![7, 8]));
    assert_eq!(sampled(&[7]).all_frame_times_ms(), None);
    assert_eq!(bare().all_frame_times_ms(), None);
}

/// Sequence §1.8's order and §1.10's bounds. Issued at 0, five colours of 2.5 s together, 90 s to answer.
#[test]
fn given_when_it_came_then_it_is_judged_or_not() {
    use CaptureRefusal::{CapturedTooFast, ChallengeExpired, ChallengeVoid};
    use ChallengeStanding::{Open, Unknown, Void};
    const ISSUED: i64 = 1_795_406_400_000;
    let challenge = FlashChallenge {
        id_bytes: [7; 16],
        issued_at: Timestamp::from_millis(ISSUED),
        ttl_s: 90,
        steps: 5,
        purpose: ChallengePurpose::Ktp,
    };
    for (standing, received_ms, then) in [
        (Open, 499, Err(CapturedTooFast)),
        (Open, 500, Ok(())),
        (Unknown, 500, Ok(())),
        (Open, 91_999, Ok(())),
        (Open, 92_000, Err(ChallengeExpired)),
        (Unknown, 92_000, Err(ChallengeExpired)),
        (Void, 500, Err(ChallengeVoid)),
        (Void, 0, Err(ChallengeVoid)),
        (Void, 92_000, Err(ChallengeVoid)),
        // Another instance's clock.
        (Open, -1_500, Err(CapturedTooFast)),
    ] {
        let received = Timestamp::from_millis(ISSUED + received_ms);
        assert_eq!(admit_capture(&challenge, 2_500, standing, received), then, "{standing:?} {received_ms}");
    }
}

#[test]
fn a_clock_that_is_more_than_five_minutes_off_is_noticed() {
    let taken = bare().captured_at.time().millis();
    for (off_ms, signal) in [(0, None), (300_000, None), (300_001, Some("client_clock_skew"))] {
        for received in [taken + off_ms, taken - off_ms] {
            assert_eq!(clock_signal(&bare(), Timestamp::from_millis(received)), signal, "{off_ms}");
        }
    }
}
