//! Rechecks as a sandbox alone shows them: the story of an outage, as docs/recheck.md has a newcomer run it; that a rebuild comes
//! to the same; and what an operator's metrics say. What holds on both engines is the library's (`cases/fallbacks.rs`,
//! `cases/rechecks.rs`).

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use system_tests::client::{Api, declined, verified};
use system_tests::fallback_calls::{RECHECKS, SUMMARY, WINDOWS, close, declare};
use system_tests::harness::ContractHarness as _;
use system_tests::patience::until;
use system_tests::process::{Process, Program, run_program};
use system_tests::sandbox::Sandbox;

/// By its own words, from another terminal.
#[tokio::test]
async fn the_story_of_an_outage_comes_out_as_it_is_told() {
    let sandbox = Sandbox::start().await;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let page = std::fs::read_to_string(root.join("docs/recheck.md")).expect("a file");
    assert!(
        page.contains(
            "python3 docs/recheck/outage.py --data-dir data --ingest-api target/release/ingest-api"
        )
    );
    let mut story = Command::new("python3");
    story.arg(root.join("docs/recheck/outage.py")).arg("--data-dir").arg(sandbox.folder());
    story.arg("--ingest-api").arg(Program::IngestApi.path());
    let mut process = Process::spawn(story);
    let status = process.ended().await;
    let said = process.stdout();
    assert!(status.success(), "{said}{}", process.stderr());
    assert!(said.trim_end().ends_with("Every number was as told.") && !said.contains("FAILED"), "{said}");
}

/// Everything that the ledger shows of an org.
async fn shown(api: &Api) -> Vec<Value> {
    let mut all = Vec::new();
    for path in [&format!("{RECHECKS}?limit=100"), WINDOWS, SUMMARY] {
        all.push(api.get(path).await.expect(200));
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_comes_to_the_same_rechecks() {
    let sandbox = Sandbox::start().await;
    let (org, api) = sandbox.org(&["--dukcapil-enabled"]).await;
    let (_, keys) = sandbox.key(&org, &["--scopes", "reviews:write"]).await;
    for end in ["open", "confirmed", "contradicted", "closed", "twice"] {
        let customer = api.customer("Budi Santoso").await;
        let opened = declare(&api, &customer, 1_800).await;
        match end {
            "confirmed" => drop(api.verdict(&verified(&customer)).await.expect(200)),
            "contradicted" => {
                drop(api.verdict(&declined(&customer, "Data tidak ditemukan")).await.expect(200));
            }
            "closed" => {
                let body = serde_json::json!({ "reasonCode": "customer_left", "note": "Pindah." });
                close(&keys, &opened, &[("idempotency-key", "k")], &body).await.expect(200);
            }
            "twice" => drop(declare(&api, &customer, 1_750).await),
            _ => {}
        }
    }
    let before = shown(&api).await;
    let folder = sandbox.folder();
    let words = ["rebuild", "--grace", "0", "--data-dir", folder.to_str().expect("a path")];
    let ran = run_program(Program::Projector, &[], words).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(shown(&api).await, before);
}

#[tokio::test]
async fn open_rechecks_are_counted_for_the_operator_without_a_label_for_an_org() {
    let mut sandbox = Sandbox::start().await;
    let api = sandbox.api();
    let customer = api.customer("Budi Santoso").await;
    declare(&api, &customer, 60).await;
    // They are counted at the start and every minute.
    sandbox.sigterm().await;
    sandbox.restart().await;
    let lines = until("the gauges", async || {
        let shown = String::from_utf8(sandbox.admin().get("/metrics").await.body).expect("text");
        let lines: Vec<String> =
            shown.lines().filter(|line| line.starts_with("identity_fallback_")).map(str::to_owned).collect();
        lines.iter().any(|line| line == "identity_fallback_rechecks_open 1").then_some(lines)
    })
    .await;
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines.contains(&"identity_fallback_rechecks_overdue 0".to_owned()), "{lines:?}");
}
