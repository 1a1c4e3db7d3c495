//! The steps of one capture on one thread, in this process, each beside its limit. What belongs here: which steps, on what.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow};
use capture_sim::{CaptureKind, CaptureOptions};
use domain::capture::{
    CaptureBundle, CapturePlatform, CapturedAt, ChallengePurpose, FlashChallenge, answered_challenge,
};
use domain::ids::{CustomerId, CustomerRef, OrgId};
use domain::nik::Nik;
use domain::photo::Photo;
use domain::ports::CardCapture;
use domain::time::Timestamp;
use face::FaceModels;
use jpeg_encoder::{ColorType, Encoder};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use vault::{OrgIds, random_id};
use zeroize::Zeroizing;

use super::Arguments;
use crate::limits::{CAPTURE_STEP_REPEATS, KTP_FRAMES};
use crate::report::Report;
use crate::stages::time;
use crate::stat::Spread;

/// 16 digits: a woman's of 1990 in Jakarta, invented.
const NIK: &str = "3171014508900001";

/// Side and quality at which a picture of noise comes to a twelfth of 2.5 MiB.
const NOISE: (u16, u8) = (460, 75);

/// Measures and reports.
pub(super) fn measure(arguments: &Arguments, report: &mut Report) -> Result<()> {
    let org = OrgId::from_bytes(random_id());
    let ids = OrgIds::from_secret(org.clone(), &[7; 32]);
    let customer = CustomerRef::new(org, CustomerId::from_bytes(random_id()));
    let now = Timestamp::from_millis(chrono::Utc::now().timestamp_millis());
    let mut rows = Vec::new();
    let mut row = |name: String, ms: Spread, limit: &str| {
        rows.push(vec![name, format!("{ms:.4}"), limit.to_owned()]);
    };
    let of_us = |us: Spread| Spread { median: us.median / 1e3, min: us.min / 1e3, max: us.max / 1e3 };
    let challenge = || FlashChallenge {
        id_bytes: random_id(),
        issued_at: now,
        ttl_s: 90,
        steps: 5,
        purpose: ChallengePurpose::Ktp,
    };
    let key = ids.challenges();
    let issued = time(|| {
        let challenge = challenge();
        let secret = challenge.hmac_secret(key, &customer);
        Ok((challenge.nonce(key, &customer), challenge.flashes(key, &customer), secret))
    })?;
    row("challenge: nonce, colours, secret, without its append".to_owned(), of_us(issued), "< 0.3");
    let bundle = bundle(challenge().nonce(key, &customer), now)?;
    let bytes: usize = bundle.frames.iter().map(|frame| frame.as_bytes().len()).sum();
    // Refused at its end: a signature that is wrong is computed like one that is right.
    let signed = time(|| Ok(answered_challenge(&bundle, key, &customer, ChallengePurpose::Ktp).is_ok()))?;
    row(
        format!("nonce, signature and hashes of {:.2} MiB", bytes as f64 / 1_048_576.0),
        of_us(signed),
        "≤ 4",
    );
    let nik = time(|| Ok(Nik::parse(NIK).context("16 digits")?.structure(now)))?;
    row("NIK: digits, region, date".to_owned(), of_us(nik), "≤ 0.001");
    let still = still_of_twelve_megapixels()?;
    let size = still.len() / 1024;
    let capture = only(still);
    let analysis = capture_analysis::analyse(&capture)?;
    let card = analysis.cards.first().context("no card was found in the still")?;
    let analysed = repeated(|| capture_analysis::analyse(&capture).map_err(|error| anyhow!("{error}")))?;
    row(
        format!("still of 4000 × 3000 ({size} KiB): decoded, card found, straightened, spectra, crops"),
        analysed,
        "≤ 250",
    );
    let models = FaceModels::load(&arguments.models).map_err(|error| anyhow!("{error}"))?;
    let read = repeated(|| models.read_card(card).map_err(|_| anyhow!("the card was not read")))?;
    row("reading a straightened card, the model's own time in it".to_owned(), read, "≤ 400 without it");
    report.say(&format!(
        "Steps of one capture on one thread, beside the limits of the specification. Medians (least–largest) of many batches; \
         of the still and the text, of {CAPTURE_STEP_REPEATS} runs.",
    ));
    report.table(&["step", "ms", "limit, ms"], &rows);
    Ok(())
}

/// Median and extremes in ms; a first time is not counted.
fn repeated<T>(mut run: impl FnMut() -> Result<T>) -> Result<Spread> {
    run()?;
    let mut ms = Vec::with_capacity(CAPTURE_STEP_REPEATS);
    for _ in 0..CAPTURE_STEP_REPEATS {
        let began = Instant::now();
        std::hint::black_box(run()?);
        ms.push(began.elapsed().as_secs_f64() * 1e3);
    }
    Ok(Spread::of(ms))
}

/// As many bytes as a bundle's frames may be, of noise.
fn bundle(nonce: String, now: Timestamp) -> Result<CaptureBundle> {
    let (side, quality) = NOISE;
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut noise = vec![0; usize::from(side) * usize::from(side) * 3];
    rng.fill(&mut noise[..]);
    let frame = Photo::parse(jpeg(&noise, side, side, quality)?).map_err(|error| anyhow!("{error}"))?;
    let captured_at = chrono::DateTime::from_timestamp_millis(now.millis()).context("a time")?.to_rfc3339();
    Ok(CaptureBundle {
        sdk_version: None,
        platform: CapturePlatform::Web,
        frames: vec![frame; KTP_FRAMES],
        captured_at: CapturedAt::parse(&captured_at).context("RFC 3339")?,
        signature: "00".repeat(32),
        nonce,
        flash_samples: Vec::new(),
        frame_times_ms: Some((0..KTP_FRAMES as u32).map(|frame| 200 * frame).collect()),
        color_times_ms: vec![0, 400, 800, 1_200, 1_600],
        ocr_fields: BTreeMap::new(),
        ocr_confidence: None,
    })
}

fn jpeg(rgb: &[u8], width: u16, height: u16, quality: u8) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes, quality).encode(rgb, width, height, ColorType::Rgb)?;
    Ok(bytes)
}

/// The still of a drawn capture, two and a half times as large on each side.
fn still_of_twelve_megapixels() -> Result<Vec<u8>> {
    let challenge = capture_sim::FlashChallenge {
        id: "fc_00000000000000000000000000".to_owned(),
        purpose: "ktp".to_owned(),
        nonce: "bm9uY2U".to_owned(),
        colors: ["#FF0000", "#000000", "#0000FF"].map(str::to_owned).into(),
        hold_ms: vec![400; 3],
        expires_at: "2026-11-30T00:01:30.000Z".to_owned(),
        hmac_secret: String::new(),
    };
    let bundle = capture_sim::generate(&challenge, &CaptureOptions::new(CaptureKind::Bona, 1))?;
    let still = bundle.frames.first().context("a still")?;
    let small = picture_decode::decode(still).map_err(|_| anyhow!("the still is a JPEG"))?;
    let (width, height) = (4_000_usize, 3_000_usize);
    let mut rgb = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            let at = (y * small.height() / height) * small.width() + x * small.width() / width;
            rgb.extend_from_slice(&small.rgb()[at * 3..at * 3 + 3]);
        }
    }
    jpeg(&rgb, width as u16, height as u16, 80)
}

/// A capture of nothing but its still.
fn only(still: Vec<u8>) -> CardCapture {
    CardCapture {
        frames: vec![Zeroizing::new(still)],
        frame_times_ms: None,
        color_times_ms: None,
        colors: Vec::new(),
        hold_ms: Vec::new(),
        client_means: Vec::new(),
    }
}
