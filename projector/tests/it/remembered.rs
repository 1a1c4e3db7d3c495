//! A verdict that stands is known again, whatever the projector remembers of its customer.

use domain::ids::derived;
use domain::rows::Books;
use projector::limits::REMEMBERED_IDS_MAX;

use crate::world::World;

/// Of the one customer's partition.
async fn books(world: &World) -> Books {
    let ports = world.ports().ports;
    let mut rows = ports.projection.books(world.live().await).await.expect("books");
    assert_eq!(rows.len(), 1);
    rows.remove(0).books
}

/// Given so many verdicts of a customer, when the first and the last come again, to the same projector or to
/// one that must ask the store, then both are known.
#[tokio::test(flavor = "multi_thread")]
async fn what_stands_is_known_again() {
    for count in [1, 3, REMEMBERED_IDS_MAX - 1, REMEMBERED_IDS_MAX, REMEMBERED_IDS_MAX + 1] {
        let world = World::new(1).await;
        let verdict = |n: usize, body| {
            let name = derived("verdict", "remembered", n as u64);
            world.verdict_named(0, name, body, true)
        };
        let running = world.project("one");
        for n in 0..count {
            world.append(&verdict(n, 1)).await;
        }
        world.caught_up().await;
        world.append(&verdict(0, 1)).await;
        world.append(&verdict(count - 1, 2)).await;
        world.caught_up().await;
        running.stop().await;

        let running = world.project("two");
        world.append(&verdict(count - 1, 1)).await;
        world.append(&verdict(0, 2)).await;
        // One that is new, and again at once.
        world.append(&verdict(count, 1)).await;
        world.append(&verdict(count, 1)).await;
        world.caught_up().await;
        running.stop().await;

        let books = books(&world).await;
        // The registration counts too.
        assert_eq!(
            (books.read, books.applied, books.duplicate, books.conflict),
            (count as u64 + 7, count as u64 + 2, 3, 2),
            "{count} verdicts"
        );
    }
}
