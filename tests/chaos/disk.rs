//! A disk without room: 503, a state that can be read, and it goes on when there is room again.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;

use rustix::process::{Resource, Rlimit, prlimit};

use system_tests::harness::ContractHarness as _;
use system_tests::load::{Sent, all_is_there_once, raw_is_identical, rng};
use system_tests::patience::until;
use system_tests::sandbox::{Options, Sandbox, inside};

/// Requests that must be refused while there is no room.
const REFUSED: usize = 5;

/// Room of the small disk: a fresh data folder needs about a tenth of it.
const DISK_MIB: u32 = 24;

/// With this, no file of a data folder can grow.
const FILE_BYTES_MAX: u64 = 16 * 1024;

fn words(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

/// A verdict whose record is larger than what little room may be left in some page.
fn verdict(number: usize, customer: &str) -> Sent {
    (0..)
        .map(|stream| Sent::verdict(&mut rng(number as u64, stream), format!("disk-{number}"), customer))
        .find(|one| matches!(one.what, system_tests::load::What::Verdict { valid: true, .. }))
        .expect("a third of all seeds")
}

/// The same for every kind of no room.
async fn refuses_and_goes_on(
    sandbox: &Sandbox,
    fill: impl AsyncFn(),
    make_room: impl AsyncFn(),
) -> Vec<Sent> {
    let api = sandbox.api();
    let customer = sandbox.info().customer.clone();
    let mut all = Vec::new();
    for number in 0..3 {
        let mut one = verdict(number, &customer);
        one.settle(&api).await;
        all.push(one);
    }
    fill().await;
    let mut refused = 0;
    until("refusals", async || {
        let mut one = verdict(all.len(), &customer);
        let headers = [("idempotency-key", one.key.as_str())];
        let probe = api.post_bytes(system_tests::client::VERDICT, &headers, one.bytes()).await;
        match probe.status {
            503 => {
                assert!(probe.json()["error"].is_string(), "{probe:?}");
                refused += 1;
            }
            200 | 202 => one.answered = one.send(&api, "respond-async").await.map(|(_, ids)| ids),
            _ => panic!("{probe:?}"),
        }
        all.push(one);
        // What is there can be read.
        assert_eq!(api.kyc(&customer).await["customer"]["kycLevel"], "standard");
        assert!(api.total("").await >= 3);
        (refused >= REFUSED).then_some(())
    })
    .await;
    make_room().await;
    for one in &mut all {
        one.settle(&api).await;
    }
    let mut last = verdict(all.len(), &customer);
    last.settle(&api).await;
    all.push(last);
    all_is_there_once(&api, &all, &[customer]).await;
    all
}

#[tokio::test]
async fn files_that_may_not_grow_are_a_503_and_nothing_is_lost() {
    // A write beyond the limit is an error, as on a full disk, and no signal that ends it.
    let mut sandbox = Sandbox::start().await;
    let pid = sandbox.process().pid();
    let limit = async |current: Option<u64>| {
        prlimit(Some(pid), Resource::Fsize, Rlimit { current, maximum: None })
            .expect("a limit that is ours to set");
    };
    let all =
        refuses_and_goes_on(&sandbox, async || limit(Some(FILE_BYTES_MAX)).await, async || limit(None).await)
            .await;
    assert_eq!(sandbox.sigterm().await.code(), Some(0));
    raw_is_identical(&sandbox.kept(&sandbox.info().org).await, &all);
    sandbox.restart().await;
    all_is_there_once(&sandbox.api(), &all, &[sandbox.info().customer.clone()]).await;
}

/// `unshare` and what makes the data folder a small disk of the sandbox's own, if this machine lets us.
fn small_disk() -> Option<Vec<OsString>> {
    let size = format!("mount -t tmpfs -o size={DISK_MIB}m tmpfs \"$0\" && exec \"$@\"");
    let private = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", size.as_str()];
    let place = tempfile::tempdir().expect("a folder");
    let tried =
        std::process::Command::new(private[0]).args(&private[1..]).arg(place.path()).arg("true").output();
    match tried {
        Ok(output) if output.status.success() => Some(words(&[&private[..], &["{folder}"]].concat())),
        Ok(_) | Err(_) => None,
    }
}

fn write_until_full(path: PathBuf) {
    let mut file = File::create(path).expect("a file");
    for size in [64 * 1024, 4 * 1024, 1] {
        while file.write_all(&vec![0x5A; size]).is_ok() {}
    }
}

#[tokio::test]
async fn a_full_disk_is_a_503_and_it_goes_on_when_there_is_room() {
    let Some(wrapper) = small_disk() else {
        // Past the test harness, which would keep it to itself: the other test of this file stands in.
        let remark = b"REMARK: this machine lets nobody mount a small disk, so none was filled\n";
        std::io::stderr().write_all(remark).expect("stderr");
        return;
    };
    let mut sandbox = Sandbox::start_with(Options { wrapper, own_mounts: true, ..Options::default() }).await;
    let filler = inside(sandbox.process(), &sandbox.folder()).join("filler");
    let fill = async || write_until_full(filler.clone());
    let make_room = async || std::fs::remove_file(&filler).expect("the filler is there");
    refuses_and_goes_on(&sandbox, fill, make_room).await;
    assert_eq!(sandbox.sigterm().await.code(), Some(0));
}
