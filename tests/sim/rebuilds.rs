//! A rebuild and its handover in the middle of everything that may go wrong: tried with faults as often as it
//! takes, over projectors that crash, and zombies that follow the pointer in their own time. Whichever
//! generation answers in the end must be what a fresh replay makes, and so must one that was kept.

use std::time::Duration;

use domain::ports::{EventLog as _, Generations as _, SecondGeneration, Topic};
use domain::rows::Generation;
use projector::rebuild::{RebuildError, RebuildReport};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use testkit::faults::{NO_FAULTS, Rates};
use testkit::memory::{MemoryLog, MemoryViews};
use tokio::task::JoinSet;

use crate::world::World;
use crate::{PROJECTORS_MAX, check_books, compare, compare_outcomes, every_seed, script};

/// Fewer than of the plain simulation: each has up to three times as much to do.
const SEEDS: u64 = 2_000;

#[test]
fn a_rebuild_in_the_middle_ends_where_a_fresh_replay_ends() {
    every_seed(SEEDS, |seed| Box::pin(simulate(seed)));
}

type Rebuilds = JoinSet<Option<Result<RebuildReport, RebuildError>>>;

/// Whether a rebuild that ended has switched, or an earlier one had.
fn switched(ended: Option<Result<RebuildReport, RebuildError>>) -> bool {
    match ended {
        Some(Ok(report)) => report.switched || report.generation.is_none(),
        Some(Err(RebuildError::Kept(_))) => true,
        Some(Err(
            RebuildError::Store(_)
            | RebuildError::Log(_)
            | RebuildError::Running(_)
            | RebuildError::NotTogether(_)
            // The projector that moved the positions has crashed before it said a word.
            | RebuildError::NotFollowed
            | RebuildError::Overtaken,
        ))
        | None => false,
        Some(Err(error)) => panic!("{error}"),
    }
}

async fn simulate(seed: u64) -> u64 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let log = MemoryLog::with_zombies(rng.random_range(1..=3));
    let views = MemoryViews::default();
    let mut world = World::new(&mut rng, false).await;
    let mut script = script::write(&mut world, &mut rng);
    let after = script.split_off(script.len() - rng.random_range(0..=script.len().min(10)));
    let rates = Rates {
        fail_before: rng.random_range(0..30),
        fail_after: rng.random_range(0..30),
        crash: rng.random_range(0..30),
    };
    let keep = rng.random_range(0..2) == 0;
    let mut projectors = JoinSet::new();
    let mut rebuilds = Rebuilds::new();
    let (mut ended, mut done) = (0, false);
    for record in script {
        log.append(Topic::Events, record).await.expect("the log beneath has no faults");
        while projectors.try_join_next().is_some() {
            ended += 1;
        }
        while let Some(one) = rebuilds.try_join_next() {
            done |= one.is_ok_and(switched);
        }
        if projectors.is_empty() || projectors.len() < PROJECTORS_MAX && rng.random_range(0..8) == 0 {
            projectors.spawn(world.project(&log, &views, rng.random(), rates, true));
        }
        if rng.random_range(0..25) == 0 {
            projectors.abort_all();
        }
        if !done && rebuilds.is_empty() && rng.random_range(0..4) == 0 {
            rebuilds.spawn(world.rebuild(&log, &views, rng.random(), rates, keep));
        }
        if rng.random_range(0..60) == 0 {
            rebuilds.abort_all();
        }
        let pause = Duration::from_millis(rng.random_range(0..1_000));
        tokio::time::sleep(pause).await;
    }
    projectors.abort_all();
    rebuilds.abort_all();
    while projectors.join_next().await.is_some() {
        ended += 1;
    }
    while let Some(one) = rebuilds.join_next().await {
        done |= one.is_ok_and(switched);
    }
    world.catch_up(&log, &views, rng.random()).await;
    finish(&world, &log, &views, &mut rng, done).await;
    for record in after {
        log.append(Topic::Events, record).await.expect("no faults");
    }
    world.catch_up(&log, &views, rng.random()).await;

    let replay_log = log.fork_events();
    let replayed = MemoryViews::default();
    world.catch_up(&replay_log, &replayed, rng.random()).await;
    let pointer = views.pointer().await.expect("a pointer");
    assert!(pointer.live > Generation(1), "it was switched to another generation");
    for generation in pointer.written() {
        compare(&views, generation, &replayed);
        check_books(&views, generation, &log).await;
    }
    compare_outcomes(&world, &log, &replay_log);
    ended
}

/// Without faults: a rebuild that has not come to its end does, and finds nothing that differs.
async fn finish(world: &World, log: &MemoryLog, views: &MemoryViews, rng: &mut ChaCha8Rng, done: bool) {
    let left = views.pointer().await.expect("a pointer").beside;
    if done && matches!(left, None | Some(SecondGeneration::Previous(..))) {
        return;
    }
    // The first may only finish what an earlier one had switched already.
    let report = world.rebuild(log, views, rng.random(), NO_FAULTS, false).await;
    match report.expect("no crash") {
        Ok(report) => {
            if let Some(comparison) = report.comparison {
                assert_eq!((comparison.different, comparison.beyond), (0, 0), "{:?}", comparison.shown);
                assert_eq!(comparison.old, comparison.new);
            }
        }
        Err(RebuildError::Kept(_)) => {}
        Err(error) => panic!("{error}"),
    }
}
