//! From numbers to votes, as a table; and whole captures, drawn, through the port's arithmetic.

use domain::capture::FlashColor::{self, Blue, Cyan, Red, White, Yellow};
use domain::capture::VoterState::{self, Abstain, Fail, Pass};
use domain::ports::{CardAnalyserError, CardCapture};
use zeroize::Zeroizing;

use super::*;
use crate::analysis::analyse;
use crate::drawn::{CardKind, DrawnScene, TableKind, lying, screen_light};
use crate::flash::RegionLight;
use crate::limits::FEATURE_BYTES_MAX;
use crate::quad::Quad;
use crate::quality::QualityNumbers;
use crate::recapture::GridNumbers;

const COLORS: [FlashColor; 5] = [Red, Cyan, White, Blue, Yellow];
const HOLD_MS: u32 = 450;

/// Numbers of a capture in which all is well.
fn fair() -> CardFeatures {
    let frame = |at: u32| {
        let time = at * 225 + 112;
        let channels = COLORS[(time / HOLD_MS) as usize].channels();
        let light = channels.map(|full| if full { 0.3 } else { 0.25 });
        let card = Some(RegionLight { light, usable: 0.9 });
        FrameNumbers { time_ms: Some(time), levels: [120.0; 3], card }
    };
    let still = FrameNumbers { time_ms: Some(2400), levels: [130.0; 3], card: None };
    CardFeatures {
        still: [4000, 3000],
        card: Some(CardNumbers {
            quad: lying([4000, 3000], 0.7, 3.0, 5.0),
            hidden_corners: 0,
            grid: GridNumbers { prominence: 4.0, windows: 12 },
            chroma_spread: Some(0.3),
        }),
        quality: QualityNumbers { sharpness: 400.0, glare: 0.0, brightness: 120.0 },
        frames: std::iter::once(still).chain((0..10).map(frame)).collect(),
        colors: COLORS.to_vec(),
        holds_ms: vec![HOLD_MS; COLORS.len()],
        color_times_ms: None,
        claims: Vec::new(),
    }
}

/// Spoils fair numbers.
type Spoil = fn(&mut CardFeatures);

fn card(features: &mut CardFeatures) -> &mut CardNumbers {
    features.card.as_mut().expect("a card")
}

/// What is spoiled, who tells it, and how.
const TABLE: [(Spoil, &str, VoterState, &str, Option<GuidanceCode>); 26] = [
    (|_| {}, "card_geometry", Pass, "as_expected", None),
    (|all| all.card = None, "card_geometry", Abstain, "no_card", Some(GuidanceCode::CardCut)),
    (|all| card(all).hidden_corners = 1, "card_geometry", Fail, "card_cut", Some(GuidanceCode::CardCut)),
    (|all| card(all).quad.0[1][0] = 4001.0, "card_geometry", Fail, "card_cut", Some(GuidanceCode::CardCut)),
    (
        |all| card(all).quad = Quad([[900.0, 500.0], [3000.0, 500.0], [3000.0, 2000.0], [900.0, 2000.0]]),
        "card_geometry",
        Fail,
        "wrong_shape",
        Some(GuidanceCode::CardCut),
    ),
    (
        |all| card(all).quad = lying([4000, 3000], 0.7, 0.0, 34.0),
        "card_geometry",
        Fail,
        "card_tilted",
        Some(GuidanceCode::Retry),
    ),
    (
        |all| card(all).quad = lying([4000, 3000], 0.4, 0.0, 0.0),
        "card_geometry",
        Fail,
        "card_small",
        Some(GuidanceCode::MoveCloser),
    ),
    (|_| {}, "image_quality", Pass, "as_expected", None),
    (|all| all.quality.sharpness = 59.0, "image_quality", Fail, "blur", Some(GuidanceCode::Blur)),
    (|all| all.quality.glare = 0.016, "image_quality", Fail, "glare", Some(GuidanceCode::Glare)),
    (|all| all.quality.brightness = 59.0, "image_quality", Fail, "too_dark", Some(GuidanceCode::TooDark)),
    (
        |all| all.quality.brightness = 201.0,
        "image_quality",
        Fail,
        "too_bright",
        Some(GuidanceCode::TooBright),
    ),
    (
        |all| card(all).quad = lying([4000, 3000], 0.2, 0.0, 0.0),
        "image_quality",
        Fail,
        "card_small",
        Some(GuidanceCode::MoveCloser),
    ),
    (|all| all.card = None, "image_quality", Abstain, "no_card", Some(GuidanceCode::CardCut)),
    (|_| {}, "screen_recapture", Pass, "as_expected", None),
    (|all| card(all).grid.prominence = 15.0, "screen_recapture", Abstain, "cannot_tell", None),
    (|all| card(all).grid.prominence = 40.0, "screen_recapture", Fail, "screen_grid", None),
    (
        |all| card(all).grid.windows = 0,
        "screen_recapture",
        Abstain,
        "card_small",
        Some(GuidanceCode::MoveCloser),
    ),
    (|_| {}, "grey_copy", Pass, "as_expected", None),
    (|all| card(all).chroma_spread = Some(0.01), "grey_copy", Fail, "no_colors", None),
    (|all| card(all).chroma_spread = None, "grey_copy", Abstain, "cannot_tell", None),
    (|_| {}, "flash_reflectance", Pass, "as_expected", None),
    (|all| all.frames.truncate(1), "flash_reflectance", Abstain, "too_few_frames", Some(GuidanceCode::Retry)),
    (
        |all| all.frames.iter_mut().for_each(|frame| frame.time_ms = None),
        "flash_reflectance",
        Abstain,
        "no_frame_times",
        None,
    ),
    (
        |all| all.color_times_ms = Some(vec![0, 450, 900, 1350, 1901]),
        "flash_reflectance",
        Fail,
        "timeline_altered",
        None,
    ),
    (
        |all| all.claims = vec![[160.0, 120.0, 120.0]; 10],
        "flash_reflectance",
        Fail,
        "samples_disagree_with_frames",
        None,
    ),
];

#[test]
fn numbers_come_to_votes() {
    for (spoil, name, state, reason, guidance) in TABLE {
        let mut features = fair();
        spoil(&mut features);
        let found = votes(&features);
        let vote = found.findings.iter().find(|vote| vote.name == name).expect("every voter votes");
        assert_eq!((vote.state, vote.reason.as_str()), (state, reason), "{vote:?}");
        assert!(guidance.is_none_or(|code| found.guidance.contains(&code)), "{name} {reason}: {found:?}");
    }
}

#[test]
fn claims_are_held_against_the_frames_that_they_are_of() {
    let claims = |count: usize, wrong: usize| {
        let mut features = fair();
        let own: Vec<[f64; 3]> = features.frames.iter().map(|frame| frame.levels).collect();
        features.claims = own[own.len().saturating_sub(count)..].to_vec();
        features.claims.iter_mut().take(wrong).for_each(|claim| claim[2] += 12.5);
        votes(&features).signals
    };
    let disagree = vec![CaptureSignal::SamplesDisagreeWithFrames];
    assert_eq!(claims(10, 2), []);
    assert_eq!(claims(10, 3), disagree);
    assert_eq!(claims(11, 2), []);
    assert_eq!(claims(11, 3), disagree);
    assert_eq!(claims(9, 9), [], "nobody knows which frames they mean");
}

/// A whole capture: the still, and ten frames of 640 × 480 in the screen's light.
fn capture(scene: &DrawnScene, shown: [FlashColor; 5], gain: f64) -> CardCapture {
    let still = scene.jpeg();
    let flash = |at: u32| {
        let color = shown[(at / 2) as usize];
        let scale = 640.0 / scene.size[0] as f64;
        let quad = scene.quad.map(|quad| quad.map(|[x, y]| [x * scale + f64::from(at % 3), y * scale]));
        let screen = screen_light(color, gain);
        let seed = u64::from(at) + 7;
        let scene = DrawnScene { size: [640, 480], quad, screen, seed, jpeg_quality: 75, ..scene.clone() };
        scene.jpeg()
    };
    let frames = std::iter::once(still).chain((0..10).map(flash)).map(Zeroizing::new).collect();
    let times = std::iter::once(2400).chain((0..10).map(|at| at * 225 + 150)).collect();
    CardCapture {
        frames,
        frame_times_ms: Some(times),
        color_times_ms: Some(vec![0, 460, 905, 1360, 1810]),
        colors: COLORS.to_vec(),
        hold_ms: vec![HOLD_MS; 5],
        client_means: Vec::new(),
    }
}

fn states(capture: &CardCapture) -> Vec<(String, VoterState, String)> {
    let analysis = analyse(capture).expect("a capture");
    analysis.findings.into_iter().map(|vote| (vote.name, vote.state, vote.reason)).collect()
}

#[test]
fn a_card_on_a_table_passes_every_voter_and_leaves_what_is_kept() {
    for table in [TableKind::Plain(0.22), TableKind::Cluttered] {
        let scene = DrawnScene { table, ..DrawnScene::fair() };
        let analysis = analyse(&capture(&scene, COLORS, 0.2)).expect("a capture");
        assert!(analysis.findings.iter().all(|vote| vote.state == Pass), "{:#?}", analysis.findings);
        assert_eq!(
            (analysis.engine, &analysis.guidance[..], &analysis.signals[..]),
            ("ktp1", &[][..], &[][..])
        );
        let cards: Vec<_> = analysis.cards.iter().map(|card| (card.width(), card.height())).collect();
        assert_eq!(cards, [(1024, 646), (1024, 646)]);
        let again = findings_of(&analysis.features).expect("features");
        assert_eq!((again.findings, again.guidance), (analysis.findings, analysis.guidance));
        assert!(analysis.features.len() <= FEATURE_BYTES_MAX);
        let portrait = picture_decode::decode(&analysis.portrait.expect("a card")).expect("a JPEG");
        // The portrait's red ground, in its upper left.
        let at = (portrait.height() / 8 * portrait.width() + portrait.width() / 5) * 3;
        let [r, g, b] = [0, 1, 2].map(|channel| portrait.rgb()[at + channel]);
        assert!(r > 2 * g && r > 2 * b, "{r} {g} {b}");
        let copy = analysis.review_copy.expect("a card");
        assert!(copy.len() <= 200 * 1024 && picture_decode::decode(&copy).is_ok());
    }
}

#[test]
fn each_kind_of_capture_is_told_by_its_voter() {
    let fair = DrawnScene::fair();
    let with = |change: fn(&mut DrawnScene)| {
        let mut scene = fair.clone();
        change(&mut scene);
        scene
    };
    let table: [(DrawnScene, &str, VoterState, &str); 9] = [
        (with(|scene| scene.card = CardKind::Grey), "grey_copy", Fail, "no_colors"),
        (with(|scene| scene.card = CardKind::Screen(3.4)), "screen_recapture", Fail, "screen_grid"),
        (with(|scene| scene.card = CardKind::Screen(3.4)), "flash_reflectance", Fail, "colors_not_followed"),
        (with(|scene| scene.blur = 5), "image_quality", Fail, "blur"),
        (with(|scene| scene.glare = Some([0.4, 0.5, 0.16])), "image_quality", Fail, "glare"),
        (with(|scene| scene.exposure = 0.05), "image_quality", Fail, "too_dark"),
        (with(|scene| scene.thumb = 0.28), "card_geometry", Fail, "card_cut"),
        (
            with(|scene| scene.quad = Some(lying([1600, 1200], 0.66, 0.0, 33.0))),
            "card_geometry",
            Fail,
            "card_tilted",
        ),
        (
            with(|scene| scene.quad = Some(lying([1600, 1200], 0.5, 0.0, 0.0))),
            "card_geometry",
            Fail,
            "card_small",
        ),
    ];
    for (scene, name, state, reason) in table {
        let all = states(&capture(&scene, COLORS, 0.2));
        let wanted = (name.to_owned(), state, reason.to_owned());
        assert!(all.contains(&wanted), "{wanted:?}, but {all:#?}");
    }
}

#[test]
fn colours_of_another_challenge_and_no_colours_do_not_pass() {
    let fair = DrawnScene::fair();
    let all = states(&capture(&fair, [Cyan, Blue, Red, White, Blue], 0.2));
    assert_eq!((all[4].0.as_str(), all[4].1), ("flash_reflectance", Fail), "{all:?}");
    // Of nothing but noise, chance may look like a reflection that is too weak.
    let all = states(&capture(&fair, COLORS, 0.0));
    assert_ne!((all[4].0.as_str(), all[4].1), ("flash_reflectance", Pass), "{all:?}");
}

#[test]
fn what_is_no_capture_is_refused() {
    let small = DrawnScene { size: [640, 480], quad: None, ..DrawnScene::fair() }.jpeg();
    let tiny = DrawnScene { size: [320, 160], quad: None, ..DrawnScene::fair() }.jpeg();
    let still = DrawnScene { quad: None, ..DrawnScene::fair() }.jpeg();
    let other = DrawnScene { size: [640, 400], quad: None, ..DrawnScene::fair() }.jpeg();
    let refused = |frames: &[&Vec<u8>]| {
        let frames = frames.iter().map(|frame| Zeroizing::new((*frame).clone())).collect();
        let (colors, hold_ms) = (COLORS.to_vec(), vec![HOLD_MS; 5]);
        let capture = CardCapture {
            frames,
            frame_times_ms: None,
            color_times_ms: None,
            colors,
            hold_ms,
            client_means: Vec::new(),
        };
        analyse(&capture).err()
    };
    assert_eq!(refused(&[]), Some(CardAnalyserError::Undecodable { frame: 0 }));
    assert_eq!(refused(&[&b"GIF89a".to_vec()]), Some(CardAnalyserError::Undecodable { frame: 0 }));
    assert_eq!(refused(&[&small]), Some(CardAnalyserError::FrameSize { frame: 0 }));
    assert_eq!(refused(&[&still, &tiny]), Some(CardAnalyserError::FrameSize { frame: 1 }));
    assert_eq!(refused(&[&still, &small, &other]), Some(CardAnalyserError::FrameSize { frame: 2 }));
    assert_eq!(refused(&[&still, &small, &vec![]]), Some(CardAnalyserError::Undecodable { frame: 2 }));
    assert_eq!(refused(&[&still, &small, &small]), None);
}
