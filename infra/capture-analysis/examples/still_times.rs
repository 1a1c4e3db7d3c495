//! How long a still of twelve megapixels takes: `cargo run --release -p capture-analysis --example still_times`. The budget
//! for decoding, straightening and the spectrum is 250 ms on one core (sequence §8). Not here: what a vote is worth.

use std::time::Instant;

use capture_analysis::analyse;
use domain::ports::CardCapture;
use jpeg_encoder::{ColorType, Encoder};
use zeroize::Zeroizing;

const ROUNDS: u32 = 20;

fn main() {
    let still = still();
    println!("a still of 4000 x 3000, {} KiB", still.len() / 1024);
    let capture = CardCapture {
        frames: vec![Zeroizing::new(still)],
        frame_times_ms: None,
        color_times_ms: None,
        colors: Vec::new(),
        hold_ms: Vec::new(),
        client_means: Vec::new(),
    };
    let mut whole = Vec::new();
    let mut decoding = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let picture = picture_decode::decode(&capture.frames[0]).expect("a JPEG");
        decoding.push(start.elapsed().as_secs_f64() * 1e3);
        drop(picture);
        let start = Instant::now();
        let analysis = analyse(&capture).expect("a capture");
        whole.push(start.elapsed().as_secs_f64() * 1e3);
        assert_eq!(analysis.cards.len(), 1, "{:?}", analysis.findings);
    }
    for (what, mut times) in [("decoding alone", decoding), ("the whole analysis", whole)] {
        times.sort_by(f64::total_cmp);
        println!("{what}: median {:.0} ms, largest {:.0} ms", times[times.len() / 2], times[times.len() - 1]);
    }
}

/// A card with rows of strokes on a table, with some grain.
fn still() -> Vec<u8> {
    let (width, height) = (4000_usize, 3000_usize);
    let mut noise = 1_u32;
    let mut rgb = Vec::with_capacity(width * height * 3);
    for at in 0..width * height {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (x, y) = (at % width, at / width);
        let on_card = (450..3550).contains(&x) && (522..2478).contains(&y);
        let stroke = on_card && y % 150 < 70 && x % 40 < 12 && (700..2500).contains(&x);
        let level = match (on_card, stroke) {
            (true, true) => [40_i32, 40, 45],
            (true, false) => [165, 185, 200],
            _ => [90, 80, 70],
        };
        let grain = (noise >> 24) as i32 % 7 - 3;
        rgb.extend(level.map(|level| (level + grain) as u8));
    }
    let mut bytes = Vec::new();
    let encoder = Encoder::new(&mut bytes, 85);
    encoder.encode(&rgb, width as u16, height as u16, ColorType::Rgb).expect("a JPEG");
    bytes
}
