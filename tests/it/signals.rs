//! Signals (contract §6): which end a program in order, and which do not end it.

use std::ffi::OsString;

use rustix::process::Signal;

use system_tests::client::{declined, text};
use system_tests::harness::ContractHarness as _;
use system_tests::patience::until;
use system_tests::sandbox::{Options, Sandbox};
use system_tests::wire::{Wire, post_head};

fn wrapped(script: &str) -> Options {
    Options { wrapper: ["sh", "-c", script, "sh"].map(OsString::from).to_vec(), ..Options::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sighup_lets_what_began_end_and_exits_with_zero() {
    let mut sandbox = Sandbox::start().await;
    let (api, admin) = (sandbox.api(), sandbox.admin());
    let body = declined(&sandbox.info().customer, "Data ganda").to_string();
    let length = body.len().to_string();
    let (json, expect) = (("Content-Type", "application/json"), ("Expect", "100-continue"));
    let headers = [json, ("Content-Length", length.as_str()), expect];
    let mut wire = Wire::open(&sandbox.address()).await;
    wire.send(post_head(system_tests::client::VERDICT, api.key(), &headers)).await;
    wire.body_is_asked_for().await;
    let (first, rest) = body.split_at(body.len() / 2);
    wire.send(first).await;
    sandbox.process().signal(Signal::HUP);
    until("draining", async || (admin.get("/readyz").await.status == 503).then_some(())).await;
    wire.send(rest).await;
    let answer = wire.answer().await.expect("a request that began is answered");
    assert!(matches!(answer.status, 200 | 202), "{answer:?}");
    let id = text(&answer.json()["verification"]["id"]).to_owned();
    assert_eq!(sandbox.wait().await.code(), Some(0));
    sandbox.restart().await;
    sandbox.api().get(&format!("/api/identity/verifications/{id}")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sighup_that_its_starter_ignored_stays_ignored() {
    // As `nohup` does.
    let mut sandbox = Sandbox::start_with(wrapped("trap '' HUP; exec \"$@\"")).await;
    sandbox.process().signal(Signal::HUP);
    let customer = sandbox.info().customer.clone();
    for _ in 0..20 {
        sandbox.api().verdict(&declined(&customer, "Data ganda")).await.expect(200);
    }
    assert_eq!(sandbox.admin().get("/readyz").await.status, 200);
    assert_eq!(sandbox.sigterm().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signals_of_a_pipe_or_a_files_limit_end_nothing() {
    // Also where whoever started it had set them back to what ends a process.
    let mut sandbox = Sandbox::start_with(wrapped("trap - PIPE XFSZ; exec \"$@\"")).await;
    let customer = sandbox.info().customer.clone();
    for signal in [Signal::PIPE, Signal::XFSZ] {
        sandbox.process().signal(signal);
        sandbox.api().verdict(&declined(&customer, "Data ganda")).await.expect(200);
    }
    assert_eq!(sandbox.sigterm().await.code(), Some(0));
}
