//! Replay, comparison, and what a rebuild mends.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use domain::event::Offset;
use domain::ports::Topic;
use domain::rows::{Generation, RowKey, ViewRow, ViewWrite, WriteTimestamp};
use projector::rebuild::{RebuildError, RebuildOptions, RebuildPhase, RebuildProgress, ReplayUntil};
use tokio_util::sync::CancellationToken;

use crate::world::{World, quick};

/// Events that come while a rebuild runs, at most.
const BESIDE_MAX: u64 = 1_000;

/// All rows about all customers of a generation, and its books, in an order that depends on nothing else.
async fn dump(world: &World, generation: Generation) -> Vec<String> {
    let ports = world.ports();
    let customers = ports.inspection.customers(generation, None, usize::MAX).await.expect("customers");
    let rows = ports.inspection.rows_of(generation, &customers).await.expect("rows");
    let mut all: Vec<String> = rows.into_iter().flatten().map(|row| format!("{row:?}")).collect();
    let tallies = ports.inspection.tallies(generation, None, usize::MAX).await.expect("tallies");
    all.extend(tallies.into_iter().map(|row| format!("{row:?}")));
    let books = ports.ports.projection.books(generation).await.expect("books");
    all.extend(books.into_iter().map(|row| format!("{row:?}")));
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_while_events_keep_coming_ends_with_equal_digests() {
    let world = World::new(40).await;
    world.append_verdicts(2_000).await;
    let running = world.project("one");
    world.caught_up().await;
    let done = AtomicBool::new(false);
    let more = async {
        let mut more = 0;
        // At the pace of the living projector and bounded: a log that grows faster than a replay reads it is
        // not what is tried here.
        while !done.load(Ordering::Acquire) && more < BESIDE_MAX {
            world.append_verdicts(10).await;
            more += 10;
            world.caught_up().await;
        }
        more
    };
    let rebuild = async {
        let report = world.rebuild(quick()).await;
        done.store(true, Ordering::Release);
        report
    };
    let (report, more) = tokio::join!(rebuild, more);
    let report = report.expect("rebuilt");
    let comparison = report.comparison.expect("compared");
    assert_eq!(comparison.different, 0, "{:?}", comparison.shown);
    // Customers with a batch under way at the cut are not compared, and counted as such.
    assert_eq!(comparison.old, comparison.new);
    assert!(comparison.compared > 40 && report.events >= 2_040 && more > 0, "{comparison:?}");
    assert!(report.switched);
    assert_eq!((report.live, world.live().await), (Generation(2), Generation(2)));

    world.append_verdicts(100).await;
    world.caught_up().await;
    running.stop().await;
    assert!(dump(&world, Generation(1)).await.is_empty(), "the old one is dropped");
    // What was spoken of, by whichever generation, is what another replay would say of every event.
    let verdicts = world.all(Topic::Events).await.len();
    let books = world.ports().ports.projection.books(Generation(2)).await.expect("books");
    assert_eq!(books.iter().map(|row| row.books.read).sum::<u64>(), verdicts as u64);
    assert!(books.iter().all(|row| row.books.balance()));
    let spoken = world.outcomes().await;
    let applied: u64 = books.iter().map(|row| row.books.applied).sum();
    let created = spoken
        .values()
        .filter(|outcome| matches!(outcome, domain::outcome::Outcome::VerificationCreated(_)))
        .count();
    assert_eq!(created as u64, applied - world.customers.len() as u64, "one for each verification");
    // And a second rebuild finds nothing either.
    let again = world.rebuild(RebuildOptions { dry_run: true, ..quick() }).await.expect("rebuilt");
    // Nothing is under way now: every customer is compared.
    assert_eq!(again.comparison.map(|comparison| (comparison.different, comparison.beyond)), Some((0, 0)));
    assert_eq!(world.live().await, Generation(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_was_changed_is_found_and_mended() {
    let world = World::new(5).await;
    world.append_verdicts(200).await;
    world.project_all().await;
    let right = dump(&world, Generation(1)).await;
    let ports = world.ports();
    let customer = world.customers[2].customer().clone();
    let rows = ports.inspection.rows_of(Generation(1), std::slice::from_ref(&customer)).await.expect("rows");
    let verification = rows.into_iter().flatten().find_map(|(at, row)| match row {
        ViewRow::Verification(row) => Some((at, row)),
        _ => None,
    });
    let (at, mut verification) = verification.expect("one");
    verification.score = Some(1);
    let mut books = ports.ports.projection.books(Generation(1)).await.expect("books").remove(0);
    books.books.applied += 1;
    let here = WriteTimestamp::upsert(books.as_of.epoch, books.as_of.offset);
    let writes = vec![
        ViewWrite { at, row: ViewRow::Verification(verification.clone()) },
        ViewWrite { at: here, row: ViewRow::Books(books.clone()) },
    ];
    ports.ports.projection.write(Generation(1), writes).await.expect("written");

    let report = world.rebuild(RebuildOptions { dry_run: true, ..quick() }).await.expect("compared");
    let comparison = report.comparison.expect("compared");
    assert_eq!((comparison.different, report.switched), (2, false), "{:?}", comparison.shown);
    assert_ne!(comparison.old, comparison.new);
    let shown: Vec<_> = comparison.shown.iter().map(|one| (one.what.clone(), one.kinds.clone())).collect();
    assert!(shown.contains(&(customer.record_key(), vec!["verification"])), "{shown:?}");
    assert!(shown.iter().any(|(_, kinds)| *kinds == ["books"]), "{shown:?}");
    assert_eq!(world.live().await, Generation(1));
    assert!(dump(&world, Generation(2)).await.is_empty(), "a trial leaves nothing");

    let report = world.rebuild(quick()).await.expect("rebuilt");
    assert_eq!(report.comparison.map(|comparison| comparison.different), Some(2));
    assert_eq!(world.live().await, Generation(3), "no number is given twice");
    assert_eq!(dump(&world, Generation(3)).await, right);
    let key = RowKey::Verification(customer.org.clone(), verification.id.clone());
    let mended = ports.ports.projection.load(Generation(3), &[key]).await.expect("loaded");
    assert!(matches!(&mended[..], [Some(ViewRow::Verification(row))] if row.score != Some(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_one_of_them_lacks_is_a_difference() {
    let world = World::new(3).await;
    world.append_verdicts(30).await;
    world.project_all().await;
    let ports = world.ports();
    // A customer nobody has an event of.
    let strange = domain::fold::blank(
        domain::ids::CustomerRef::new(
            world.org.clone(),
            domain::ids::CustomerId::from_bytes(world.name("stranger")),
        ),
        domain::rows::AsOf {
            topic_id: ports.ports.log.describe(Topic::Events).await.expect("described").id,
            epoch: domain::rows::Epoch(1),
            offset: Offset(0),
        },
        domain::event::Partition(0),
    );
    let at = WriteTimestamp::from_value(0);
    let row = ViewRow::State(Box::new(strange.clone()));
    ports.ports.projection.write(Generation(1), vec![ViewWrite { at, row }]).await.expect("written");
    let report = world.rebuild(RebuildOptions { dry_run: true, ..quick() }).await.expect("compared");
    let comparison = report.comparison.expect("compared");
    let shown: Vec<_> = comparison.shown.into_iter().map(|one| (one.what, one.kinds)).collect();
    assert_eq!(shown, [(strange.customer.record_key(), vec!["state"])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn until_an_offset_or_a_time_gives_the_same_digest_each_time_and_leaves_nothing() {
    let world = World::new(4).await;
    world.append_verdicts(100).await;
    world.project_all().await;
    let until = async |until| {
        let options = RebuildOptions { until: Some(until), ..quick() };
        let report = world.rebuild(options).await.expect("replayed");
        assert!(!report.switched && report.comparison.is_none());
        assert!(dump(&world, report.generation.expect("one")).await.is_empty());
        (report.digest.expect("a digest"), report.events)
    };
    let five = until(ReplayUntil::Offset(Offset(5))).await;
    assert_eq!(until(ReplayUntil::Offset(Offset(5))).await, five);
    let all = until(ReplayUntil::Offset(Offset(u64::MAX))).await;
    assert_eq!(all.1, 104);
    assert_ne!(all.0, five.0);
    let never = until(ReplayUntil::Time(domain::time::Timestamp::EPOCH)).await;
    assert_eq!(never.1, 0);
    let records = world.all(Topic::Events).await;
    let last = records.iter().map(|record| record.appended_at).max().expect("some");
    let past = domain::time::Timestamp::from_millis(last.millis() + 1);
    assert_eq!(until(ReplayUntil::Time(past)).await, all);
    assert_eq!(world.live().await, Generation(1));
}

/// Breaks a rebuild off after so many events.
struct BreakOff {
    after: u64,
    seen: AtomicU64,
    cancel: CancellationToken,
}

impl RebuildProgress for BreakOff {
    fn phase(&self, _: RebuildPhase, _: u64) {}
    fn events(&self, count: u64) {
        if self.seen.fetch_add(count, Ordering::Relaxed) + count >= self.after {
            self.cancel.cancel();
        }
    }
    fn compared(&self, _: u64) {}
    fn line(&self, _: &str) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_was_broken_off_is_gone_on_with() {
    let world = World::new(6).await;
    world.append_verdicts(300).await;
    world.project_all().await;
    let cancel = CancellationToken::new();
    let watch = BreakOff { after: 50, seen: AtomicU64::new(0), cancel: cancel.clone() };
    let broken = world.rebuild_watched(quick(), &watch, &cancel).await;
    assert!(matches!(broken, Err(RebuildError::Cancelled)), "{broken:?}");
    assert_eq!(world.live().await, Generation(1));
    let report = world.rebuild(quick()).await.expect("rebuilt");
    assert_eq!((report.generation, report.live), (Some(Generation(2)), Generation(2)));
    assert!(report.events < 306, "{} events: it went on from where it was", report.events);
    assert_eq!(report.comparison.map(|comparison| comparison.different), Some(0));
}
