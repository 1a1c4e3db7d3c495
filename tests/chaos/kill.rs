//! Kill -9 at any moment under load (contract §1 and §2): every 200 and 202 is there exactly once afterwards,
//! and what was not answered counts once when it is sent again. `CHAOS_SEED=n` runs one seed, `CHAOS_KILLS=n`
//! so many kills.

use std::sync::Arc;

use rand::RngExt as _;
use tokio::sync::watch;
use tokio::task::JoinSet;

use system_tests::harness::ContractHarness as _;
use system_tests::load::{Sent, all_is_there_once, raw_is_identical, rng, work};
use system_tests::sandbox::Sandbox;

const CONNECTIONS: u64 = 8;

/// Kills of one run; each needs a start, a load and a check.
const KILLS: u64 = 6;

/// Answers before a kill, at most: a random point between a cold start and a warm load.
const ANSWERS_MAX: u64 = 60;

fn variable(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Loads the sandbox from every connection, and kills it after a random number of answers.
async fn load_and_kill(
    sandbox: &mut Sandbox,
    seed: u64,
    kill: u64,
    customers: &Arc<Vec<String>>,
) -> Vec<Sent> {
    let mut moments = rng(seed, 1_000_000 + kill);
    let target = moments.random_range(0..ANSWERS_MAX);
    let (answered, mut count) = watch::channel(0);
    let mut tasks = JoinSet::new();
    for connection in 0..CONNECTIONS {
        let (api, customers) = (sandbox.api().kept_open(), Arc::clone(customers));
        let rng = rng(seed, kill * CONNECTIONS + connection);
        tasks.spawn(work(api, rng, format!("k{kill}-c{connection}"), customers, answered.clone()));
    }
    count.wait_for(|count| *count >= target).await.expect("the connections work");
    sandbox.kill9().await;
    let sent: Vec<Sent> = tasks.join_all().await.into_iter().flatten().collect();
    let open = sent.iter().filter(|one| one.answered.is_none()).count();
    println!("seed {seed}, kill {kill}: {} requests, {open} without an answer", sent.len());
    sent
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_survives_kill_9_and_every_retry_counts_once() {
    let seed = variable("CHAOS_SEED", 20_261_123);
    let mut sandbox = Sandbox::start().await;
    let mut customers = vec![sandbox.info().customer.clone()];
    for number in 0..11 {
        customers.push(sandbox.api().customer(&format!("Nasabah {number}")).await);
    }
    let customers = Arc::new(customers);
    let mut all: Vec<Sent> = Vec::new();
    for kill in 0..variable("CHAOS_KILLS", KILLS) {
        let mut sent = load_and_kill(&mut sandbox, seed, kill, &customers).await;
        sandbox.restart().await;
        let api = sandbox.api();
        // What was not answered, and every fifth that was: the same key again.
        for (number, one) in sent.iter_mut().enumerate() {
            if one.answered.is_none() || number % 5 == 0 {
                one.settle(&api).await;
            }
        }
        all.extend(sent);
        all_is_there_once(&api, &all, &customers).await;
    }
    // Twice more: once killed with nothing to do, once in order.
    sandbox.kill9().await;
    sandbox.restart().await;
    all_is_there_once(&sandbox.api(), &all, &customers).await;
    assert_eq!(sandbox.sigterm().await.code(), Some(0));
    raw_is_identical(&sandbox.kept(&sandbox.info().org).await, &all);
    sandbox.restart().await;
    let api = sandbox.api();
    for one in all.iter_mut().step_by(7) {
        one.settle(&api).await;
    }
    all_is_there_once(&api, &all, &customers).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_from_many_connections_across_a_kill_is_one_verdict() {
    let mut sandbox = Sandbox::start().await;
    for round in 0..4 {
        let customer = sandbox.info().customer.clone();
        let mut one = Sent::verdict(&mut rng(round, 7), format!("same-{round}"), &customer);
        let mut tasks = JoinSet::new();
        let (begun, mut seen) = watch::channel(0);
        for connection in 0..16 {
            let (api, one, begun) = (sandbox.api(), one.clone(), begun.clone());
            tasks.spawn(async move {
                begun.send_modify(|count| *count += 1);
                let prefer = if connection % 2 == 0 { "wait=10" } else { "respond-async" };
                one.send(&api, prefer).await.map(|(_, ids)| ids)
            });
        }
        seen.wait_for(|count| *count > 4 * round).await.expect("the connections work");
        sandbox.kill9().await;
        let promised: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
        assert!(promised.windows(2).all(|two| two[0] == two[1]), "two answers to one key: {promised:?}");
        one.answered = promised.into_iter().next();
        sandbox.restart().await;
        one.settle(&sandbox.api()).await;
        assert_eq!(sandbox.api().total("").await, round + 1);
    }
}
