//! Many hostile connections at once: what they may hold of the program's memory, and that no org keeps another
//! out (contract §1, Admission).

use std::time::Duration;

use futures::future::join_all;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::connections::slow_reader;
use system_tests::client::{Api, VERDICT, declined};
use system_tests::harness::ContractHarness as _;
use system_tests::patience::until;
use system_tests::sandbox::{Options, Sandbox};
use system_tests::wire::{Wire, post, post_head};

/// Connections of each kind.
const CONNECTIONS: usize = 300;

/// What they may take above idle, in KiB.
const MEMORY_KIB_MAX: u64 = 150 * 1024;

const JSON: (&str, &str) = ("Content-Type", "application/json");

/// Resident memory of the program, in KiB.
fn resident_kib(sandbox: &Sandbox) -> u64 {
    let pid = sandbox.process().pid().as_raw_nonzero();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a running process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Opens connections that send these bytes (as much of them as is taken within a moment), and the most memory
/// meanwhile, above what it was before.
async fn hold(sandbox: &Sandbox, what: &str, bytes: Vec<u8>) -> Vec<TcpStream> {
    let idle = resident_kib(sandbox);
    let address = sandbox.address();
    let opened = (0..CONNECTIONS).map(|_| async {
        let mut stream = slow_reader(&address, b"").await;
        let _ = tokio::time::timeout(Duration::from_millis(500), stream.write_all(&bytes)).await;
        stream
    });
    let mut held = Vec::new();
    let mut most = 0;
    let opening = async { held = join_all(opened).await };
    let watching = async {
        loop {
            most = most.max(resident_kib(sandbox));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = opening => {}
        () = watching => {}
    }
    for _ in 0..50 {
        most = most.max(resident_kib(sandbox));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let above = most.saturating_sub(idle);
    println!("{what}: {} MiB above {} MiB", above / 1024, idle / 1024);
    assert!(above < MEMORY_KIB_MAX, "{what}: {above} KiB above {idle} KiB");
    held
}

/// Waits until the program has ended all of them.
async fn all_ended(what: &str, held: Vec<TcpStream>) {
    for mut stream in held {
        until(what, async || stream.write_all(b" ").await.is_err().then_some(())).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_hostile_connections_take_little_memory_and_end() {
    let sandbox = Sandbox::start_with(Options::environment(&[
        ("IDENTITY_API__ANSWER_PROGRESS_TIMEOUT_MS", "4000"),
        ("IDENTITY_API__HEAD_TIMEOUT_MS", "4000"),
        ("IDENTITY_API__BODY_PROGRESS_TIMEOUT_MS", "4000"),
    ]))
    .await;
    let key = sandbox.api().key().to_owned();
    let largest = vec![b' '; 4 * 1024 * 1024 - 1];
    let with_body = |headers: &[(&str, &str)], body: &[u8]| {
        [post_head(VERDICT, &key, &[&[JSON], headers].concat()).as_bytes(), body].concat()
    };
    let bundle = "GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n".repeat(20);
    let chunks = b"1\r\n \r\n".repeat(100_000);
    for (what, bytes) in [
        ("a hidden length", with_body(&[("Content-Length", "1"), ("Upgrade", "websocket")], &largest)),
        ("slow readers", bundle.into_bytes()),
        ("dripping heads", format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(60_000)).into_bytes()),
        ("dripping bodies", with_body(&[("Content-Length", "4194304")], &largest)),
        ("small chunks", with_body(&[("Transfer-Encoding", "chunked")], &chunks)),
        (
            "a body nobody reads",
            [post_head(VERDICT, "x", &[JSON, ("Transfer-Encoding", "chunked")]).as_bytes(), &chunks].concat(),
        ),
    ] {
        let held = hold(&sandbox, what, bytes).await;
        all_ended(what, held).await;
    }
    assert_eq!(sandbox.api().total("").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_chunked_bodies_cost_what_they_are() {
    let sandbox = Sandbox::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let body = declined(&customer, "Data ganda").to_string();
    let head = post_head(VERDICT, api.key(), &[JSON, ("Transfer-Encoding", "chunked")]);
    let (first, rest) = body.split_at(10);
    let mut wires = Vec::new();
    for _ in 0..64 {
        let mut wire = Wire::open(&sandbox.address()).await;
        wire.send(format!("{head}{:x}\r\n{first}\r\n", first.len())).await;
        wires.push(wire);
    }
    // All of them are in flight at once.
    for wire in &mut wires {
        let refused = wire.answer_within(Duration::from_millis(20)).await;
        assert!(refused.is_none(), "{refused:?}");
    }
    for wire in &mut wires {
        wire.send(format!("{:x}\r\n{rest}\r\n0\r\n\r\n", rest.len())).await;
    }
    for wire in &mut wires {
        wire.answer().await.expect("an answer").expect(200);
    }
    assert_eq!(api.total("").await, 64);
}

/// Eight connections that hold as much as they are given, and bring a byte from time to time.
async fn dripping(sandbox: &Sandbox, api: &Api) -> Vec<Wire> {
    let head = post_head(VERDICT, api.key(), &[JSON, ("Content-Length", "4194304")]);
    let most = [head.into_bytes(), vec![b' '; 4 * 1024 * 1024 - 1_000]].concat();
    let mut wires = Vec::new();
    for _ in 0..8 {
        let mut wire = Wire::open(&sandbox.address()).await;
        let _ = tokio::time::timeout(Duration::from_secs(2), wire.send(&most)).await;
        wires.push(wire);
    }
    wires
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hostile_orgs_do_not_keep_a_third_out() {
    let sandbox = Sandbox::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let flags = ["--dukcapil-enabled", "--ingest-limit", "60000"];
    let (_, one) = sandbox.org(&flags).await;
    let (_, two) = sandbox.org(&flags).await;
    let mut hostile = dripping(&sandbox, &one).await;
    hostile.extend(dripping(&sandbox, &two).await);
    let verdict = post(VERDICT, api.key(), declined(&customer, "Data ganda").to_string().as_bytes());
    let address = sandbox.address();
    let (mut sent, mut taken) = (0, 0);
    for _ in 0..38 {
        for wire in &mut hostile {
            let _ = tokio::time::timeout(Duration::from_millis(5), wire.send(" ")).await;
        }
        let answers = (0..8).map(|_| async {
            let mut wire = Wire::open(&address).await;
            wire.send(&verdict).await;
            wire.answer().await.expect("an answer").status
        });
        let answers = join_all(answers).await;
        sent += answers.len();
        taken += answers.iter().filter(|&&status| status == 200).count();
    }
    println!("{taken} of {sent} verdicts were taken");
    assert!((sent - taken) * 100 <= sent, "{taken} of {sent}");
}
