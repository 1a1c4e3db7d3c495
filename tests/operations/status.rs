//! `projector status`: lag by partition, books by org, which generation answers.

use serde_json::json;

use crate::world::{books, sum, world};
use system_tests::client::{VERDICT, declined};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn status_shows_lag_books_that_balance_and_the_generation() {
    let mut world = world().await;
    let customers = world.customers(4).await;
    let before = world.settled().await;
    assert!(before["generation"].is_u64() && before["beside"].is_null(), "{before}");

    world.stop_projectors().await;
    for (number, customer) in customers.iter().enumerate() {
        let body = declined(customer, "Kuota habis");
        world.each[number % 2].post(VERDICT, &[("prefer", "respond-async")], &body).await.expect(202);
    }
    let lagging = world.status().await;
    assert_eq!(sum(&lagging, "lag"), 4, "{lagging}");
    assert_eq!(sum(&lagging, "end"), sum(&before, "end") + 4);
    let partitions = lagging["partitions"].as_array().expect("partitions");
    assert!(partitions.iter().all(|of| of["standsStill"] == (of["lag"] != 0)), "nobody projects: {lagging}");

    world.start_projectors().await;
    let after = world.settled().await;
    let (old, new) = (books(&before, &world.org), books(&after, &world.org));
    assert_eq!(new["balance"], json!(true));
    assert_eq!(new["applied"].as_u64(), old["applied"].as_u64().map(|applied| applied + 4), "{after}");
    let words = world.projector(&["status"]).await;
    assert_eq!(words.code, Some(0), "{words:?}");
    let generation = after["generation"].as_u64().expect("a number");
    assert!(words.stdout.starts_with(&format!("generation {generation} answers\n")), "{words:?}");
}
