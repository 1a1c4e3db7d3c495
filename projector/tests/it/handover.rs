//! The steps of a handover, each broken off, and what follows the pointer.

use domain::event::{Offset, Partition};
use domain::ports::{Acknowledgement, Handover, Pointer, SecondGeneration, Topic};
use domain::rows::Generation;
use generation_watch::LiveGeneration;
use projector::rebuild::{RebuildError, RebuildOptions, RebuildPatience, drop_kept, go_back};
use tokio_util::sync::CancellationToken;

use crate::world::{Quiet, World, quick, until};

const ONE: Generation = Generation(1);
const TWO: Generation = Generation(2);

async fn ready() -> World {
    let world = World::new(5).await;
    world.append_verdicts(150).await;
    world.project_all().await;
    world
}

/// Where generation 1 stands.
async fn here(world: &World) -> Handover {
    let ports = world.ports();
    let topic = ports.ports.log.describe(Topic::Events).await.expect("described");
    let rows = ports.inspection.positions(ONE).await.expect("positions");
    let from: Vec<(Partition, Offset)> = rows.into_iter().map(|row| (row.partition, row.next)).collect();
    Handover { topic_id: topic.id, from }
}

async fn point(world: &World, live: Generation, beside: SecondGeneration) -> Pointer {
    let generations = world.ports().generations;
    let to = generations.pointer().await.expect("a pointer").changed(live, Some(beside));
    assert!(generations.point(&to).await.expect("pointed"));
    to
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handover_that_was_broken_off_is_taken_back_and_finished() {
    let world = ready().await;
    let at = here(&world).await;
    point(&world, ONE, SecondGeneration::Next(TWO, at)).await;
    // What comes meanwhile goes into both.
    world.append_verdicts(20).await;
    let running = world.project("one");
    world.caught_up().await;
    let report = world.rebuild(quick()).await.expect("rebuilt");
    assert_eq!((report.generation, report.live), (Some(TWO), TWO));
    assert_eq!(report.comparison.map(|comparison| comparison.different), Some(0));
    world.append_verdicts(20).await;
    world.caught_up().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_that_was_broken_off_before_the_drop_is_finished() {
    for leaving in [true, false] {
        let world = ready().await;
        let kept = world.rebuild(RebuildOptions { keep: true, ..quick() }).await.expect("rebuilt");
        assert_eq!(kept.live, TWO);
        let at = here(&world).await;
        let left = if leaving { SecondGeneration::Leaving(ONE, at) } else { SecondGeneration::Dropping(ONE) };
        point(&world, TWO, left).await;
        let report = world.rebuild(quick()).await.expect("finished");
        assert_eq!((report.generation, report.live, report.switched), (None, TWO, false));
        let ports = world.ports();
        assert_eq!(ports.generations.pointer().await.expect("a pointer").beside, None);
        assert_eq!(ports.inspection.customers(ONE, None, 1).await.expect("customers"), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_that_was_broken_off_is_cleared_away_first() {
    let world = ready().await;
    point(&world, ONE, SecondGeneration::Building(TWO)).await;
    let report = world.rebuild(RebuildOptions { dry_run: true, ..quick() }).await.expect("compared");
    assert_eq!(report.generation, Some(Generation(3)));
    point(&world, ONE, SecondGeneration::Dropping(Generation(4))).await;
    let report = world.rebuild(quick()).await.expect("rebuilt");
    assert_eq!((report.generation, world.live().await), (Some(Generation(5)), Generation(5)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_generation_is_written_and_may_answer_again() {
    let world = ready().await;
    let running = world.project("one");
    let patience = quick().patience;
    let cancel = CancellationToken::new();
    world.rebuild(RebuildOptions { keep: true, ..quick() }).await.expect("rebuilt");
    assert_eq!(world.live().await, TWO);
    let refused = world.rebuild(quick()).await;
    assert!(matches!(refused, Err(RebuildError::Kept(ONE))), "{refused:?}");
    world.append_verdicts(50).await;
    world.caught_up().await;
    let ports = world.ports();
    let customers = ports.inspection.customers(TWO, None, 100).await.expect("customers");
    let same = async || {
        let one = ports.inspection.rows_of(ONE, &customers).await.expect("rows");
        one == ports.inspection.rows_of(TWO, &customers).await.expect("rows")
    };
    assert!(same().await, "both are written");
    assert_eq!(go_back(&ports, patience, &cancel).await.expect("back"), ONE);
    assert_eq!(world.live().await, ONE);
    world.append_verdicts(50).await;
    world.caught_up().await;
    assert!(same().await, "still both");
    assert_eq!(drop_kept(&ports, patience, &Quiet, &cancel).await.expect("dropped"), TWO);
    let nothing = drop_kept(&ports, patience, &Quiet, &cancel).await;
    assert!(matches!(nothing, Err(RebuildError::NothingKept)), "{nothing:?}");
    assert_eq!(ports.inspection.customers(TWO, None, 1).await.expect("customers"), []);
    running.stop().await;
    let expected = world.all(Topic::Events).await.len();
    let books = ports.ports.projection.books(ONE).await.expect("books");
    assert_eq!(books.iter().map(|row| row.books.read).sum::<u64>(), expected as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_follows_the_pointer_says_so_and_leaves() {
    let world = ready().await;
    let generations = world.ports().generations;
    let running = world.project("one");
    let to = point(&world, ONE, SecondGeneration::Building(TWO)).await;
    let by = async |version| {
        let said = generations.acknowledgements().await.expect("heard");
        said.iter().any(|said| said.instance == "one" && said.version == version)
    };
    until("it says that it follows", async || by(to.version).await).await;
    let dropping = point(&world, ONE, SecondGeneration::Dropping(TWO)).await;
    until("it follows again", async || by(dropping.version).await).await;
    let none = dropping.changed(ONE, None);
    assert!(generations.point(&none).await.expect("pointed"));
    until("it says nothing more", async || generations.acknowledgements().await.expect("heard").is_empty())
        .await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_was_killed_is_waited_for_and_then_taken_for_gone() {
    let world = ready().await;
    let generations = world.ports().generations;
    point(&world, ONE, SecondGeneration::Building(TWO)).await;
    let running = world.project("killed");
    until("it has said something", async || !generations.acknowledgements().await.expect("heard").is_empty())
        .await;
    running.kill();
    let patience = RebuildPatience { gone: std::time::Duration::from_millis(300), ..quick().patience };
    let report = world.rebuild(RebuildOptions { patience, ..quick() }).await.expect("rebuilt");
    assert_eq!(report.live, TWO);
    let left = generations.acknowledgements().await.expect("heard");
    assert_eq!(left, [], "forgotten");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_reads_by_the_new_pointer_before_a_rebuild_ends() {
    let world = ready().await;
    let generations = world.ports().generations;
    let cancel = CancellationToken::new();
    let (live, following) = LiveGeneration::start(generations.clone(), "api", cancel.clone());
    assert_eq!(live.generation().await, Ok(ONE));
    // What a rebuild that was broken off has left: while it stands the reader says by what it reads.
    point(&world, ONE, SecondGeneration::Building(TWO)).await;
    let names = async || {
        let said = generations.acknowledgements().await.expect("heard");
        said.into_iter().map(|said| said.instance).collect::<Vec<_>>()
    };
    until("the reader says so", async || names().await == ["reader/api"]).await;
    let report = world.rebuild(quick()).await.expect("rebuilt");
    assert_eq!((report.live, live.generation().await), (TWO, Ok(TWO)));
    until("at rest nobody says anything", async || names().await.is_empty()).await;
    cancel.cancel();
    following.await.expect("ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_rebuild_at_a_time() {
    let world = ready().await;
    let generations = world.ports().generations;
    let gone = CancellationToken::new();
    let beating = {
        let (generations, gone) = (generations.clone(), gone.clone());
        tokio::spawn(async move {
            let mut every = tokio::time::interval(std::time::Duration::from_millis(20));
            for beat in 1.. {
                if gone.run_until_cancelled(every.tick()).await.is_none() {
                    break;
                }
                let instance = "rebuild/another".to_owned();
                let said = Acknowledgement { instance, version: 0, beat };
                generations.acknowledge("rebuild/another", Some(&said)).await.expect("said");
            }
        })
    };
    until("it has said something", async || !generations.acknowledgements().await.expect("heard").is_empty())
        .await;
    let refused = world.rebuild(quick()).await;
    assert!(matches!(refused, Err(RebuildError::Running(_))), "{refused:?}");
    // Between two beats: what it began to say would otherwise be said after it is gone.
    gone.cancel();
    beating.await.expect("ended");
    world.rebuild(quick()).await.expect("one that is gone is no hindrance");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_switched_while_somebody_projects_without_following() {
    let world = ready().await;
    // One that writes generation 1 for ever, as earlier builds did.
    let ports = world.ports();
    let cancel = CancellationToken::new();
    let runner =
        projector::ProjectorRunner::new(ports.ports.clone(), projector::ProjectorSettings::default());
    let token = cancel.clone();
    let stubborn = tokio::spawn(async move { runner.run(token).await.expect("it runs") });
    // That somebody reads by the pointer does not say that anybody writes by it.
    let (_live, reading) = LiveGeneration::start(ports.generations, "api", cancel.clone());
    let done = CancellationToken::new();
    let more = async {
        let mut every = tokio::time::interval(std::time::Duration::from_millis(20));
        while done.run_until_cancelled(every.tick()).await.is_some() {
            world.append_verdicts(5).await;
        }
    };
    let rebuild = async {
        let report = world.rebuild(quick()).await;
        done.cancel();
        report
    };
    let (refused, ()) = tokio::join!(rebuild, more);
    assert!(matches!(refused, Err(RebuildError::NotFollowed)), "{refused:?}");
    assert_eq!(world.live().await, ONE);
    cancel.cancel();
    stubborn.await.expect("ended");
    reading.await.expect("ended");
}
