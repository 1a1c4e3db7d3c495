//! Outage windows against a function that looks at every pair of failures, on a hundred thousand random histories.

use std::collections::BTreeMap;

use domain::limits::{FALLBACK_AGE_MAX_MS, OUTAGE_GAP_MAX_MS};
use domain::recheck::{AttemptCause, OutageFailure, OutageWindow, RecheckStatus, outage_windows};
use domain::time::Timestamp;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + ms)
}

fn failed(minute: i64) -> OutageFailure {
    OutageFailure { at: at(minute * MINUTE_MS), cause: AttemptCause::Timeout, opened: None }
}

#[test]
fn given_failures_and_verdicts_then_these_windows() {
    type Then = Vec<(i64, i64, u64, Option<i64>)>;
    // Minutes: failures, verdicts, now; then first, last, failures, to.
    let table: Vec<(&[i64], &[i64], i64, Then)> = vec![
        (&[], &[1], 100, vec![]),
        (&[10], &[], 100, vec![(10, 10, 1, None)]),
        (&[10], &[5], 100, vec![(10, 10, 1, None)]),
        (&[10], &[10], 100, vec![(10, 10, 1, None)]),
        (&[10], &[11], 100, vec![(10, 10, 1, Some(11))]),
        // Another failure may still join it.
        (&[10], &[11], 25, vec![(10, 10, 1, None)]),
        (&[10], &[11], 26, vec![(10, 10, 1, Some(11))]),
        // A verdict amid failures ends nothing.
        (&[10, 20, 35], &[12, 60, 70], 100, vec![(10, 35, 3, Some(60))]),
        (&[10, 26], &[12], 100, vec![(10, 10, 1, Some(12)), (26, 26, 1, None)]),
        // Two that no verdict lies between end at the same one.
        (&[10, 26], &[40], 100, vec![(10, 10, 1, Some(40)), (26, 26, 1, Some(40))]),
    ];
    for (failures, verdicts, now, then) in table {
        let failures: Vec<OutageFailure> = failures.iter().copied().map(failed).collect();
        let verdicts: Vec<Timestamp> = verdicts.iter().map(|minute| at(minute * MINUTE_MS)).collect();
        let windows = outage_windows(&failures, &verdicts, at(now * MINUTE_MS));
        let minute = |time: Timestamp| (time.millis() - at(0).millis()) / MINUTE_MS;
        let found: Then = windows
            .iter()
            .map(|of| {
                (minute(of.cluster.first), minute(of.cluster.last), of.cluster.failures, of.to.map(minute))
            })
            .collect();
        assert_eq!(found, then, "{failures:?} {verdicts:?} {now}");
    }
}

/// A late declaration may move it for seven days.
#[test]
fn a_window_is_settled_when_no_declaration_can_move_it() {
    let settled = |to: i64, now: i64| outage_windows(&[failed(0)], &[at(to)], at(now))[0].settled;
    let joins = OUTAGE_GAP_MAX_MS + FALLBACK_AGE_MAX_MS;
    assert_eq!((settled(MINUTE_MS, joins), settled(MINUTE_MS, joins + 1)), (false, true));
    let to = 60 * MINUTE_MS;
    assert_eq!(
        (settled(to, to + FALLBACK_AGE_MAX_MS), settled(to, to + FALLBACK_AGE_MAX_MS + 1)),
        (false, true)
    );
    assert!(!outage_windows(&[failed(0)], &[], at(90 * DAY_MS))[0].settled);
}

/// xorshift64*: a seed repeats a failure, and nothing else is needed.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % n
    }
}

struct History {
    failures: Vec<OutageFailure>,
    verdicts: Vec<Timestamp>,
    now: Timestamp,
}

fn history(seed: u64) -> History {
    let mut random = Seeded(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    // Steps of 5 minutes often meet the boundary of 15 exactly.
    let reach = 1 + random.below(60);
    let time =
        |random: &mut Seeded| at((random.below(reach) * 5) as i64 * MINUTE_MS + random.below(2) as i64);
    let mut failures: Vec<OutageFailure> = (0..random.below(12))
        .map(|_| OutageFailure {
            at: time(&mut random),
            cause: AttemptCause::ALL[random.below(6) as usize],
            opened: (random.below(2) == 0).then(|| RecheckStatus::ALL[random.below(5) as usize]),
        })
        .collect();
    let mut verdicts: Vec<Timestamp> = (0..random.below(8)).map(|_| time(&mut random)).collect();
    failures.sort_by_key(|failure| failure.at);
    verdicts.sort();
    let now = at((random.below(12 * 24 * 12) * 5) as i64 * MINUTE_MS + random.below(2) as i64);
    History { failures, verdicts, now }
}

/// From, last failure, to, settled, failures by cause, and what became of the rechecks it opened.
type PlainWindow = (Timestamp, Timestamp, Option<Timestamp>, bool, BTreeMap<AttemptCause, u64>, [u64; 4]);

/// To the letter: a failure starts a window unless another one lies in the fifteen minutes before it; of each start, its
/// window has every failure that a chain of such steps leads to.
fn brute_force(of: &History) -> Vec<PlainWindow> {
    let close = |a: Timestamp, b: Timestamp| a <= b && b.millis() - a.millis() <= 15 * MINUTE_MS;
    let times: Vec<Timestamp> = of.failures.iter().map(|failure| failure.at).collect();
    let mut starts: Vec<Timestamp> =
        times.iter().filter(|t| !times.iter().any(|u| u < t && close(*u, **t))).copied().collect();
    starts.dedup();
    let window = |start: Timestamp| {
        let mut last = start;
        while let Some(next) = times.iter().filter(|t| **t > last && close(last, **t)).max() {
            last = *next;
        }
        let within: Vec<&OutageFailure> =
            of.failures.iter().filter(|failure| failure.at >= start && failure.at <= last).collect();
        let quiet = of.now.millis() - last.millis() > 15 * MINUTE_MS;
        let to = of.verdicts.iter().filter(|verdict| **verdict > last && quiet).min().copied();
        let moved_until = to.map(|to| to.millis().max(last.millis() + 15 * MINUTE_MS) + 7 * DAY_MS);
        let mut causes = BTreeMap::new();
        within.iter().for_each(|failure| *causes.entry(failure.cause).or_default() += 1);
        let count = |status: Option<RecheckStatus>| {
            within
                .iter()
                .filter(|of| of.opened.is_some() && status.is_none_or(|only| of.opened == Some(only)))
                .count() as u64
        };
        let counts = [
            None,
            Some(RecheckStatus::Confirmed),
            Some(RecheckStatus::Contradicted),
            Some(RecheckStatus::Open),
        ];
        (start, last, to, moved_until.is_some_and(|until| of.now.millis() > until), causes, counts.map(count))
    };
    starts.into_iter().map(window).collect()
}

#[test]
fn a_hundred_thousand_histories_are_as_a_look_at_every_failure_says() {
    for seed in 0..100_000 {
        let history = history(seed);
        let windows = outage_windows(&history.failures, &history.verdicts, history.now);
        let found: Vec<_> = windows
            .into_iter()
            .map(|OutageWindow { cluster: of, to, settled }| {
                assert_eq!(of.failures, of.causes.values().sum::<u64>(), "seed {seed}");
                let counts = [of.opened, of.confirmed, of.contradicted, of.open];
                (of.first, of.last, to, settled, of.causes, counts)
            })
            .collect();
        assert_eq!(found, brute_force(&history), "seed {seed}");
    }
}
