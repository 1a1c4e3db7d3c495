//! What every kind of capture keeps to, and what makes the kinds differ: sizes, times and bytes as a request may have
//! them, the same bytes from the same seed, and the screen's light in the frames. Not here: what judges captures.

use capture_sim::{CaptureBundle, CaptureKind, CaptureOptions, FlashChallenge, RoomLight, ScreenGain};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;

const CUSTOMER: &str = "cus_00000000000000000000000000";

fn challenge(colors: &[&str]) -> FlashChallenge {
    let holds = [400, 550, 350, 650, 500, 450];
    FlashChallenge {
        id: "fc_00000000000000000000000000".to_owned(),
        purpose: "ktp".to_owned(),
        nonce: "bm9uY2U".to_owned(),
        colors: colors.iter().map(|color| (*color).to_owned()).collect(),
        hold_ms: (0..colors.len()).map(|at| holds[at % holds.len()]).collect(),
        expires_at: "2026-11-30T00:01:30.000Z".to_owned(),
        hmac_secret: "qe_whsec_NOBODYSSECRET".to_owned(),
    }
}

fn five() -> FlashChallenge {
    challenge(&["#FF0000", "#000000", "#0000FF", "#FFFF00", "#00FFFF"])
}

fn made(kind: CaptureKind, seed: u64) -> CaptureBundle {
    capture_sim::generate(&five(), &CaptureOptions::new(kind, seed)).expect("a capture")
}

struct Decoded {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

fn decoded(frame: &[u8]) -> Decoded {
    let mut decoder = JpegDecoder::new(ZCursor::new(frame));
    let rgb = decoder.decode().expect("a JPEG");
    let info = decoder.info().expect("decoded");
    Decoded { width: info.width.into(), height: info.height.into(), rgb }
}

#[test]
fn every_kind_keeps_within_what_a_request_may_have() {
    for kind in CaptureKind::ALL {
        let bundle = made(kind, 7);
        let count = bundle.frames.len();
        assert!((3..=12).contains(&count), "{kind}: {count} frames");
        assert!(bundle.frames[0].len() <= 1_048_576, "{kind}: the still");
        assert!(bundle.frames[1..].iter().all(|frame| frame.len() <= 204_800), "{kind}: a frame");
        let bytes: usize = bundle.frames.iter().map(Vec::len).sum();
        assert!(bytes <= 2_936_012, "{kind}: {bytes} bytes together");
        let sizes: Vec<_> =
            bundle.frames.iter().map(|frame| decoded(frame)).map(|of| (of.width, of.height)).collect();
        assert!((1280..=4096).contains(&sizes[0].0.max(sizes[0].1)), "{kind}: {:?}", sizes[0]);
        assert!(sizes[1..].iter().all(|size| *size == sizes[1]), "{kind}: one size for the others");
        let times = bundle.frame_times.as_ref().expect("times");
        assert!(
            times.len() == count && times.is_sorted() && times.iter().all(|time| *time <= 120_000),
            "{kind}"
        );
        assert_eq!(bundle.flash_samples.as_ref().map(Vec::len), Some(count), "{kind}");
        let colors = bundle.color_times.as_ref().expect("times of colours");
        assert!(colors.len() == 5 && colors.is_sorted(), "{kind}");
        let fields = bundle.ocr_fields.clone().unwrap_or_default();
        assert!(fields.len() <= 20 && fields.values().all(|text| text.chars().count() <= 200), "{kind}");
    }
}

#[test]
fn any_number_of_steps_fits() {
    let palette = ["#FF0000", "#00FF00", "#0000FF", "#FFFFFF", "#00FFFF", "#FF00FF", "#FFFF00", "#000000"];
    for steps in [3, 4, 6, 8, 10] {
        let colors: Vec<&str> = palette.iter().cycle().take(steps).copied().collect();
        let challenge = challenge(&colors);
        let options = CaptureOptions::new(CaptureKind::Small, 3);
        let bundle = capture_sim::generate(&challenge, &options).expect("a capture");
        let frames = bundle.frames.len();
        assert!(frames > steps && frames <= 12, "{steps} steps: {frames} frames");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for kind in [CaptureKind::Clutter, CaptureKind::Screen] {
        let [first, second, other] = [11, 11, 12].map(|seed| made(kind, seed));
        assert!(first == second, "{kind}: from one seed");
        assert!(first.frames != other.frames, "{kind}: from another");
    }
}

#[test]
fn a_body_is_what_the_endpoint_reads() {
    let challenge = five();
    let mut options = CaptureOptions::new(CaptureKind::Bona, 5);
    options.captured_at = Some("2026-11-30T00:00:10.000Z".to_owned());
    options.person.set("nik", "3273011205900001");
    let mut bundle = capture_sim::generate(&challenge, &options).expect("a capture");
    bundle.sign(&challenge, CUSTOMER);
    let body = bundle.to_json(CUSTOMER);
    assert_eq!(body["customerId"], CUSTOMER);
    let sent = &body["bundle"];
    assert_eq!(sent["flashChallengeNonce"], "bm9uY2U");
    assert_eq!(sent["capturedAt"], "2026-11-30T00:00:10.000Z");
    assert_eq!(sent["ocrFields"]["nik"], "3273011205900001");
    assert_eq!(sent["signature"].as_str().map(str::len), Some(64));
    assert!(sent["flashSamples"][0]["meanR"].is_f64() && sent["flashSamples"][0]["tMs"] == 0);
    let read: CaptureBundle = serde_json::from_value(sent.clone()).expect("a bundle");
    assert!(read == bundle, "what is written is what is read");
    let rest: usize =
        body.to_string().len() - bundle.frames.iter().map(|frame| frame.len().div_ceil(3) * 4).sum::<usize>();
    assert!(rest < 262_144, "{rest} bytes beside the frames");
}

#[test]
fn a_portrait_takes_the_figures_place() {
    let mut options = CaptureOptions::new(CaptureKind::Bona, 5);
    let figure = capture_sim::generate(&five(), &options).expect("a capture");
    // Any JPEG does: a frame of a capture is one.
    options.portrait = Some(figure.frames[1].clone());
    let placed = capture_sim::generate(&five(), &options).expect("a capture");
    assert!(placed.frames[0] != figure.frames[0]);
    options.portrait = Some(b"no picture".to_vec());
    assert!(capture_sim::generate(&five(), &options).is_err(), "what is no JPEG is said to be none");
}

/// Logarithms of red and blue over green in the middle of a frame, of pixels that are neither black nor clipped.
fn hue(frame: &[u8]) -> [f64; 2] {
    let Decoded { width, height, rgb } = decoded(frame);
    let mut sums = [0.0f64; 3];
    for row in height / 3..height * 2 / 3 {
        for column in width / 3..width * 2 / 3 {
            let at = (row * width + column) * 3;
            let pixel = &rgb[at..at + 3];
            if pixel.iter().all(|level| (5..248).contains(level)) {
                for channel in 0..3 {
                    sums[channel] += (f64::from(pixel[channel]) / 255.0).powf(2.2);
                }
            }
        }
    }
    [(sums[0] / sums[1]).ln(), (sums[2] / sums[1]).ln()]
}

/// How well the hues of a capture's frames follow the colours that the challenge asked for: 1 is perfectly.
fn follows(bundle: &CaptureBundle, challenge: &FlashChallenge) -> f64 {
    let colors: Vec<[f64; 2]> = challenge
        .colors
        .iter()
        .map(|color| {
            let full = |at: usize| f64::from(u8::from(&color[at..at + 2] == "FF"));
            [full(1) - full(3), full(5) - full(3)]
        })
        .collect();
    let of_each = (bundle.frames.len() - 1) / colors.len();
    let (mut seen, mut asked) = (Vec::new(), Vec::new());
    for (at, frame) in bundle.frames[1..].iter().enumerate() {
        seen.push(hue(frame));
        asked.push(colors[at / of_each]);
    }
    let mean =
        |of: &[[f64; 2]], channel: usize| of.iter().map(|two| two[channel]).sum::<f64>() / of.len() as f64;
    let centred = |of: &[[f64; 2]]| -> Vec<f64> {
        let means = [mean(of, 0), mean(of, 1)];
        of.iter().flat_map(|two| [two[0] - means[0], two[1] - means[1]]).collect()
    };
    let (seen, asked) = (centred(&seen), centred(&asked));
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    product(&seen, &asked) / (product(&seen, &seen) * product(&asked, &asked)).sqrt().max(1e-12)
}

#[test]
fn the_screens_light_is_in_the_frames_of_what_is_there() {
    let challenge = five();
    for light in RoomLight::ALL {
        for gain in ScreenGain::ALL {
            let mut options = CaptureOptions::new(CaptureKind::Bona, 21);
            (options.light, options.gain) = (Some(light), Some(gain));
            let bundle = capture_sim::generate(&challenge, &options).expect("a capture");
            let follows = follows(&bundle, &challenge);
            assert!(follows > 0.8, "{light:?} {gain:?}: {follows}");
        }
    }
}

#[test]
fn kinds_differ_in_how_they_follow_the_screen() {
    let challenge = five();
    for (kind, follow) in [
        (CaptureKind::GreyCopy, true),
        (CaptureKind::ColorPrint, true),
        (CaptureKind::Tinted, true),
        (CaptureKind::Replay, false),
        (CaptureKind::Shifted, false),
        (CaptureKind::Untinted, false),
    ] {
        let mut options = CaptureOptions::new(kind, 1);
        options.gain = Some(ScreenGain::Middle);
        let bundle = capture_sim::generate(&challenge, &options).expect("a capture");
        let follows = follows(&bundle, &challenge);
        assert_eq!(follows > 0.75, follow, "{kind}: {follows}");
    }
}
