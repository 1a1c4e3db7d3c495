//! `projector rebuild`, beside two `serve` and two `projector run` that go on working.

use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::world::{World, books, sum, world};
use system_tests::client::{declined, verified};
use system_tests::patience::until;
use system_tests::process::{Process, Program, command};

/// Posts verdicts until told, one after the other, at both instances by turns: what one answers with 200, the
/// other shows, whichever generation each of them reads. Gives how many it posted.
async fn keep_posting(world: &World, customers: &[String], done: &AtomicBool) -> u64 {
    let mut posted = 0;
    while !done.load(Ordering::Acquire) {
        let customer = &customers[posted % customers.len()];
        let body = if posted % 2 == 0 { declined(customer, "Data ganda") } else { verified(customer) };
        let answer = world.post(posted, &body).await;
        // A projector that joins its group again may need longer than anybody waits.
        assert!(matches!(answer.status, 200 | 202), "{answer:?}");
        if answer.status == 200 {
            world.is_shown(posted, &answer).await;
        }
        posted += 1;
    }
    posted as u64
}

/// Runs a command of the operator while verdicts keep coming.
async fn beside_verdicts(world: &World, customers: &[String], words: &[&str]) -> (Value, u64) {
    let done = AtomicBool::new(false);
    let command = async {
        let ran = world.projector(words).await;
        done.store(true, Ordering::Release);
        ran
    };
    let (ran, posted) = tokio::join!(command, keep_posting(world, customers, &done));
    (ran.json(), posted)
}

fn same(report: &Value) {
    let comparison = &report["comparison"];
    assert_eq!(comparison["different"], 0, "{report}");
    assert_eq!(comparison["oldDigest"], comparison["newDigest"], "{report}");
    assert!(comparison["compared"].as_u64().is_some_and(|compared| compared > 0), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_while_verdicts_keep_coming_ends_with_equal_digests_and_a_switch() {
    let world = world().await;
    let customers = world.customers(12).await;
    let before = world.settled().await;
    let live = before["generation"].as_u64().expect("a number");

    let (trial, posted) = beside_verdicts(&world, &customers, &["rebuild", "--dry-run", "--json"]).await;
    assert!(posted > 0);
    same(&trial);
    assert_eq!((&trial["switched"], &trial["live"]), (&json!(false), &json!(live)));

    let (report, posted) = beside_verdicts(&world, &customers, &["rebuild", "--grace", "1", "--json"]).await;
    assert!(posted > 0);
    same(&report);
    let generation = report["generation"].as_u64().expect("a number");
    assert_eq!((&report["switched"], &report["live"]), (&json!(true), &json!(generation)));
    assert!(generation > live);
    assert!(report["events"].as_u64() >= Some(sum(&before, "end")), "{report}");

    let after = world.settled().await;
    assert_eq!((&after["generation"], &after["beside"]), (&json!(generation), &Value::Null));
    let of = books(&after, &world.org);
    assert_eq!((&of["balance"], &of["read"]), (&json!(true), &json!(sum(&after, "end"))), "{after}");
    // Nothing is under way now: every customer is compared, and nothing is left out.
    let again = world.projector(&["rebuild", "--dry-run", "--json"]).await.json();
    same(&again);
    assert_eq!(again["comparison"]["notCompared"], 0, "{again}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kept_generation_goes_on_and_may_answer_again() {
    let world = world().await;
    let customers = world.customers(3).await;
    let live = world.settled().await["generation"].clone();
    let (report, _) =
        beside_verdicts(&world, &customers, &["rebuild", "--keep", "--grace", "1", "--json"]).await;
    same(&report);
    assert_eq!(report["switched"], json!(true));
    assert_eq!(world.status().await["beside"], json!({"generation": live, "is": "kept"}));
    let refused = world.projector(&["rebuild"]).await;
    assert!(refused.code == Some(1) && refused.stderr.contains("--drop-kept"), "{refused:?}");

    let (back, posted) = beside_verdicts(&world, &customers, &["rebuild", "--go-back", "--json"]).await;
    assert_eq!(back["live"], live);
    assert!(posted > 0);
    let (dropped, _) =
        beside_verdicts(&world, &customers, &["rebuild", "--drop-kept", "--grace", "1", "--json"]).await;
    assert_eq!(dropped["dropped"], report["generation"]);
    let after = world.settled().await;
    assert_eq!((&after["generation"], &after["beside"]), (&live, &Value::Null));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn until_an_offset_gives_the_same_digest_each_time_and_leaves_nothing() {
    let world = world().await;
    world.customers(3).await;
    let live = world.settled().await["generation"].clone();
    let digest = async || {
        let report = world.projector(&["rebuild", "--until", "1", "--json"]).await.json();
        assert_eq!((&report["switched"], &report["live"]), (&json!(false), &live), "{report}");
        report["digest"].as_str().expect("a digest").to_owned()
    };
    assert_eq!(digest().await, digest().await);
    assert_eq!(world.status().await["beside"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_that_was_killed_in_the_middle_is_taken_up_again() {
    let world = world().await;
    let customers = world.customers(6).await;
    let before = world.settled().await;
    // One that cannot come to its end by itself.
    let mut killed = command(Program::Projector, &[]);
    killed.args(["rebuild", "--grace", "600", "--config"]).arg(world.installation.config_file());
    let mut killed = Process::spawn(killed);
    let left = until("a generation beside the one that answers", async || {
        assert!(killed.has_ended().is_none(), "{}", killed.stderr());
        let status = world.status().await;
        let made = match status["beside"]["is"].as_str()? {
            "being built" | "being handed over to" => &status["beside"]["generation"],
            // It had been switched to before anybody looked.
            _ => &status["generation"],
        };
        Some(made.clone())
    })
    .await;
    killed.signal(Signal::KILL);
    killed.ended().await;

    let (report, posted) = beside_verdicts(&world, &customers, &["rebuild", "--grace", "1", "--json"]).await;
    assert!(posted > 0);
    assert_eq!(report["live"], left, "what was begun is gone on with, and no other is made: {report}");
    assert_ne!(left, before["generation"]);
    let after = world.settled().await;
    assert_eq!((&after["generation"], &after["beside"]), (&left, &Value::Null));
    let again = world.projector(&["rebuild", "--dry-run", "--json"]).await.json();
    same(&again);
}
