//! Captures of drawn cards, and cheaper ones of plain pictures where it is not about what is on them: challenged, signed
//! and sent as a bank's backend does. Captures that are put into a log by hand are `captures.rs`'s.

use std::sync::OnceLock;

use capture_sim::{CaptureBundle, CaptureKind, CaptureOptions, FlashChallenge, SpecimenPerson, generate};
use domain::ports::Picture;
use serde_json::json;
use testkit::patience::PHOTOS_READ_WITHIN;

use crate::cases::challenges::KTP;
use crate::client::{Answer, Api, text};
use crate::harness::ContractHarness;
use crate::patience::until_within;
use crate::portraits::jpeg;

pub const CAPTURE: &str = "/api/identity/document/ktp/capture";

/// An org whose captures nobody counts by the minute.
pub async fn unlimited<H: ContractHarness>(sandbox: &H) -> (String, Api) {
    sandbox.org(&["--dukcapil-enabled", "--limit", "ktp_capture=0,ktp_challenge=0"]).await
}

/// A challenge of so many colours. Three take less than the two seconds that clocks may differ by: never too fast.
pub async fn challenged(api: &Api, customer: &str, steps: u8, ttl_ms: u32) -> FlashChallenge {
    let body = json!({ "customerId": customer, "steps": steps, "ttlMs": ttl_ms });
    let answer = api.post(KTP, &[], &body).await.expect(201);
    FlashChallenge::from_json(&answer.to_string()).expect("a challenge")
}

/// A capture with a card on it, signed.
pub fn drawn(challenge: &FlashChallenge, customer: &str, options: &CaptureOptions) -> CaptureBundle {
    let mut bundle = generate(challenge, options).expect("a capture");
    bundle.sign(challenge, customer);
    bundle
}

/// An honest capture, with that portrait on the card.
pub fn honest(seed: u64, portrait: Option<Vec<u8>>) -> CaptureOptions {
    let mut options = CaptureOptions::new(CaptureKind::Bona, seed);
    options.portrait = portrait;
    options
}

/// A picture of one grey.
pub fn grey(width: usize, height: usize, level: u8) -> Vec<u8> {
    let bytes = width * height * 3;
    jpeg(&Picture::new(width, height, vec![level; bytes]).expect("a picture"), 80)
}

/// A capture without a card on it, signed: one flash frame for each colour.
pub fn plain(challenge: &FlashChallenge, customer: &str) -> CaptureBundle {
    static STILL: OnceLock<Vec<u8>> = OnceLock::new();
    let still = STILL.get_or_init(|| grey(1_280, 960, 128)).clone();
    let flashes = (0..challenge.colors.len()).map(|at| grey(320, 240, 100 + 8 * at as u8));
    let onsets: Vec<u32> =
        (0..challenge.colors.len()).map(|at| challenge.hold_ms[..at].iter().sum()).collect();
    let mut bundle = CaptureBundle {
        version: "1.0".to_owned(),
        sdk_version: "tests/1.0".to_owned(),
        platform: "android".to_owned(),
        frames: std::iter::once(still).chain(flashes).collect(),
        captured_at: challenge.expires_at.clone(),
        nonce: challenge.nonce.clone(),
        flash_samples: None,
        frame_times: Some(std::iter::once(0).chain(onsets.iter().map(|onset| onset + 200)).collect()),
        color_times: Some(onsets),
        ocr_fields: Some(SpecimenPerson::from_seed(7).fields),
        ocr_confidence: None,
        signature: None,
    };
    bundle.sign(challenge, customer);
    bundle
}

/// The answer to a capture once it is decided, however long its frames wait to be looked at.
pub async fn decided(api: &Api, customer: &str, bundle: &CaptureBundle) -> Answer {
    let body = bundle.to_json(customer);
    until_within(PHOTOS_READ_WITHIN, "a capture to be decided", async || {
        let answer = api.post(CAPTURE, &[], &body).await;
        assert!(answer.status != 503 || answer.header("retry-after").is_some(), "{answer:?}");
        // The generator may be done before a phone could have shown every colour.
        let is_early = answer.status == 422 && answer.json()["code"] == "captured_too_fast";
        (answer.status != 503 && answer.status != 202 && !is_early).then_some(answer)
    })
    .await
}

/// The error's code of an answer with that status.
#[track_caller]
pub fn is_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(text(&answer.expect(status)["code"]), code, "{answer:?}");
}
