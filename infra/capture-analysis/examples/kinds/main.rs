//! What comes of each kind of capture that the generator draws: `cargo run --release -p capture-analysis --example kinds --
//! 20` takes twenty seeds a kind and writes the table of docs/capture.md; with `each` after it, a line on each capture that
//! is not as the kind's others. What the card says is taken for read and right, so that what counts is the pixels alone. Not
//! here: what must hold (`tests/kinds.rs`), and reading text.

mod captured;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use capture_sim::CaptureKind;
use domain::capture::{
    AssuranceTier, CaptureFindings, CaptureVerdict, TextSource, VoterFinding, VoterState, decide_capture,
};
use domain::ports::CardAnalysis;

/// Of a normal distribution, two-sided 95 %.
const Z: f64 = 1.959_964;
/// Captures of a kind at most: half an hour.
const SEEDS_MAX: u64 = 2000;

/// What came of one capture.
struct Outcome {
    verdict: CaptureVerdict,
    /// Voters that did not pass, with their reasons.
    against: String,
    line: String,
}

fn main() {
    let mut words = std::env::args().skip(1);
    let seeds = words.next().and_then(|word| word.parse().ok()).unwrap_or(20).clamp(1, SEEDS_MAX);
    let rest: Vec<String> = words.collect();
    let each = rest.iter().any(|word| word == "each");
    let named: Vec<CaptureKind> = rest.iter().filter_map(|word| word.parse().ok()).collect();
    let kinds = if named.is_empty() { CaptureKind::ALL.to_vec() } else { named };
    let work: Vec<(CaptureKind, u64)> =
        kinds.iter().flat_map(|kind| (1..=seeds).map(|seed| (*kind, seed))).collect();
    let outcomes = in_parallel(&work);
    println!("| `--kind` | n | verified, % | pending, % | failed, % | voters that did not pass, how often |");
    println!("|---|---|---|---|---|---|");
    for (kind, outcomes) in kinds.iter().zip(outcomes.chunks(seeds as usize)) {
        println!("{}", row(*kind, outcomes));
    }
    if each {
        outcomes.iter().for_each(|outcome| println!("{}", outcome.line));
    }
}

/// In the order of the work.
fn in_parallel(work: &[(CaptureKind, u64)]) -> Vec<Outcome> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((at, (kind, seed))) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, *work.get(at)?)))
                {
                    let outcome = outcome(kind, seed);
                    done.lock().unwrap_or_else(PoisonError::into_inner).insert(at, outcome);
                }
            });
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
}

fn outcome(kind: CaptureKind, seed: u64) -> Outcome {
    let CardAnalysis { findings, guidance, .. } = captured::analysed(kind, seed);
    let not_passed = findings.iter().filter(|voter| voter.state != VoterState::Pass);
    let against: Vec<String> = not_passed.map(|voter| format!("`{}` {}", voter.name, voter.reason)).collect();
    let value = |voter: &VoterFinding| voter.value.map_or_else(|| "-".to_owned(), |of| format!("{of:?}"));
    let all: Vec<String> = findings
        .iter()
        .map(|of| format!("{}={}:{}:{}", of.name, of.state.as_str(), of.reason, value(of)))
        .collect();
    let read = |name: &str, state| VoterFinding {
        name: name.to_owned(),
        state,
        reason: "taken_for_granted".to_owned(),
        value: None,
        threshold: None,
    };
    // Nobody finds a NIK or a face on a card that is no KTP.
    let state = if kind == CaptureKind::OtherCard { VoterState::Abstain } else { VoterState::Pass };
    let decision = decide_capture(CaptureFindings {
        anti_spoof: findings,
        nik_read: read("nik_read", state),
        nik_consistency: read("nik_consistency", state),
        portrait_face: read("portrait_face", state),
        text_source: Some(TextSource::Server),
        guidance,
        assurance_min: AssuranceTier::Standard,
    });
    let line = format!("{kind} {seed} {:?} {}", decision.verdict, all.join(" "));
    Outcome { verdict: decision.verdict, against: against.join(", "), line }
}

fn row(kind: CaptureKind, outcomes: &[Outcome]) -> String {
    let n = outcomes.len();
    let share = |verdict| {
        let count = outcomes.iter().filter(|outcome| outcome.verdict == verdict).count();
        let [least, most] = wilson(count, n);
        format!("{:.0} ({least:.0}–{most:.0})", 100.0 * count as f64 / n as f64)
    };
    let verdicts =
        [CaptureVerdict::Passed, CaptureVerdict::RequiresReview, CaptureVerdict::Failed].map(share);
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for outcome in outcomes.iter().filter(|outcome| !outcome.against.is_empty()) {
        *reasons.entry(&outcome.against).or_default() += 1;
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let told: Vec<String> = reasons.iter().map(|(reason, count)| format!("{reason}: {count}")).collect();
    format!("| `{kind}` | {n} | {} | {} |", verdicts.join(" | "), told.join("; "))
}

/// The interval of a share by Wilson, in per cent.
fn wilson(count: usize, of: usize) -> [f64; 2] {
    let (n, share) = (of as f64, count as f64 / of as f64);
    let square = Z * Z / n;
    let middle = share + square / 2.0;
    let reach = Z * (share * (1.0 - share) / n + square / (4.0 * n)).sqrt();
    [middle - reach, middle + reach].map(|end| 100.0 * (end / (1.0 + square)).clamp(0.0, 1.0))
}
