//! The program: what it prints, and how it ends.

use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

use crate::world::{DEADLINE, World};

/// What a program that ended left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the program to its end, without what the tests' own environment would set of it.
pub(crate) async fn projector(words: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_projector"));
    command.args(words).stdin(Stdio::null()).kill_on_drop(true);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("IDENTITY_") || text.starts_with("OTEL_") || text == "RUST_LOG" {
            command.env_remove(&name);
        }
    }
    let output = tokio::time::timeout(DEADLINE, command.output()).await.expect("in time").expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_what_it_is_and_how_to_use_it() {
    let version = projector(&["--version"]).await;
    assert_eq!((version.code, version.stdout.starts_with("projector ")), (Some(0), true), "{version:?}");
    for words in [&["--help"][..], &["run", "--help"], &["status", "--help"], &["rebuild", "--help"]] {
        let help = projector(words).await;
        assert!(help.code == Some(0) && help.stdout.contains("Examples:"), "{words:?}");
    }
    for words in [&[][..], &["status"], &["rebuild", "--keep", "--dry-run", "--data-dir", "x"], &["fly"]] {
        assert_eq!(projector(words).await.code, Some(2), "{words:?}");
    }
    let nowhere = projector(&["status", "--data-dir", "/nowhere/at/all"]).await;
    assert_eq!(nowhere.code, Some(1));
    assert!(nowhere.stderr.contains("is no sandbox's folder"), "{nowhere:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_embedded_engine_it_does_not_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("identity.toml");
    std::fs::write(&file, "[engine]\nkind = \"embedded\"\n\n[projector]\nadmin_listen = \"127.0.0.1:0\"\n")
        .expect("written");
    let ran = projector(&["run", "--config", file.to_str().expect("a path")]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("on the embedded engine the projector runs inside ingest-api"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn status_shows_lag_books_and_generation() {
    let world = World::new(3).await;
    world.append_verdicts(40).await;
    let folder = world.folder.path().to_str().expect("a path").to_owned();
    let status = async || {
        let ran = projector(&["status", "--json", "--data-dir", &folder]).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        serde_json::from_str::<Value>(&ran.stdout).expect("JSON")
    };
    let sum = |status: &Value, name: &str| {
        let partitions = status["partitions"].as_array().expect("partitions");
        partitions.iter().filter_map(|of| of[name].as_u64()).sum::<u64>()
    };
    let before = status().await;
    assert_eq!((sum(&before, "lag"), &before["generation"]), (43, &1.into()), "{before}");
    let partitions = before["partitions"].as_array().expect("partitions");
    let still = |of: &&Value| of["standsStill"] == true;
    let lagging = partitions.iter().filter(|of| of["lag"] != 0).count();
    assert_eq!(partitions.iter().filter(still).count(), lagging, "nobody projects");
    world.project_all().await;
    let after = status().await;
    assert_eq!((sum(&after, "lag"), sum(&after, "end")), (0, 43), "{after}");
    assert_eq!((&after["books"][0]["read"], &after["books"][0]["balance"]), (&43.into(), &true.into()));
    let words = projector(&["status", "--data-dir", &folder]).await;
    assert!(words.stdout.starts_with("generation 1 answers\n"), "{words:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_beside_a_running_projector_is_followed() {
    let world = World::new(3).await;
    world.append_verdicts(60).await;
    let running = world.project("one");
    world.caught_up().await;
    let folder = world.folder.path().to_str().expect("a path");
    let ran = projector(&["rebuild", "--grace", "0", "--data-dir", folder]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.contains("digests are equal"), "{ran:?}");
    assert!(ran.stdout.contains("replayed 63 events into generation 2 in "), "{ran:?}");
    assert!(ran.stdout.ends_with("generation 2 answers\n"), "{ran:?}");
    world.append_verdicts(20).await;
    world.caught_up().await;
    let ran = projector(&["rebuild", "--dry-run", "--json", "--data-dir", folder]).await;
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!((ran.code, &report["comparison"]["different"]), (Some(0), &0.into()), "{report}");
    running.stop().await;
}
