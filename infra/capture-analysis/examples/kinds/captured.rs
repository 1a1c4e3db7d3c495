//! Captures that the generator draws, as the analyser takes them. The generator shares nothing with the analyser; what
//! they meet in is here. Not here: what is expected of which kind.

use capture_analysis::analyse;
use capture_sim::{CaptureKind, CaptureOptions, FlashChallenge};
use domain::capture::FlashColor::{self, Black, Blue, Cyan, Green, Magenta, Red, White, Yellow};
use domain::ports::{CardAnalysis, CardCapture};
use zeroize::Zeroizing;

/// Colours by the rules of a challenge's generator: no neighbours of one class, three hues, black or white among them.
const ORDERS: [[FlashColor; 5]; 6] = [
    [Red, Black, Blue, Yellow, Cyan],
    [Green, Magenta, White, Red, Blue],
    [White, Cyan, Red, Green, Magenta],
    [Blue, Yellow, Magenta, Black, Green],
    [Yellow, Blue, White, Cyan, Red],
    [Magenta, Green, Red, Cyan, Black],
];
/// Milliseconds, by the same rules.
const HOLDS: [u32; 7] = [400, 550, 350, 650, 500, 450, 600];

/// Draws a capture of that kind and analyses it.
pub(crate) fn analysed(kind: CaptureKind, seed: u64) -> CardAnalysis {
    let colors = ORDERS[seed as usize % ORDERS.len()];
    let hold_ms: Vec<u32> = (0..colors.len()).map(|at| HOLDS[(seed as usize + at) % HOLDS.len()]).collect();
    let challenge = FlashChallenge {
        id: "fc_00000000000000000000000000".to_owned(),
        purpose: "ktp".to_owned(),
        nonce: "bm9uY2U".to_owned(),
        colors: colors.iter().map(|color| color.as_str().to_owned()).collect(),
        hold_ms: hold_ms.clone(),
        expires_at: "2026-11-30T00:01:30.000Z".to_owned(),
        hmac_secret: "qe_whsec_NOBODYSSECRET".to_owned(),
    };
    let bundle =
        capture_sim::generate(&challenge, &CaptureOptions::new(kind, seed)).expect("a capture is drawn");
    let samples = bundle.flash_samples.unwrap_or_default();
    let capture = CardCapture {
        frames: bundle.frames.into_iter().map(Zeroizing::new).collect(),
        frame_times_ms: bundle.frame_times,
        color_times_ms: bundle.color_times,
        colors: colors.to_vec(),
        hold_ms,
        client_means: samples.iter().map(|of| [of.mean_r, of.mean_g, of.mean_b]).collect(),
    };
    analyse(&capture).expect("frames of a capture")
}
