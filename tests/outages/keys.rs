//! Org keys that a program does not have: it says so before it takes part, and one org's key holds up that org only.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::rough;
use system_tests::client::{VERDICT, declined, text};
use system_tests::installation::settings;
use system_tests::patience::until;

/// A file of org keys, as the programs want it.
fn write(file: &Path, text: &str) {
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(file).expect("a file");
    file.write_all(text.as_bytes()).expect("written");
}

/// A place for a file of org keys that nobody else reads.
fn place(folder: PathBuf) -> PathBuf {
    fs::DirBuilder::new().mode(0o700).create(&folder).expect("a folder");
    folder.join("org-keys.json")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_orgs_missing_key_holds_up_that_org_until_the_file_is_right() {
    let mut rough = rough::take().await;
    let (ours, other) = (rough.bank(1).await, rough.bank(1).await);
    for projector in &mut rough.projectors {
        projector.sigterm().await;
    }
    let whole = fs::read_to_string(rough.installation.config().kms_file()).expect("org keys");
    let mut without: serde_json::Value = serde_json::from_str(&whole).expect("JSON");
    without["orgs"].as_object_mut().expect("orgs").remove(&ours.org).expect("its key");
    let file = place(rough.installation.scratch("kms-without-one"));
    write(&file, &without.to_string());
    let lacking = settings(&[("IDENTITY_KMS__FILE", file.to_str().expect("a path"))]);
    let mut projector = rough.installation.project(&lacking).await;

    let api = &ours.doors.all()[0];
    let mut waiting = Vec::new();
    for _ in 0..3 {
        let body = declined(&ours.customers[0], "Data ganda");
        let said = api.post(VERDICT, &[("prefer", "wait=1")], &body).await.expect(202);
        waiting.push(text(&said["verification"]["id"]).to_owned());
        let body = declined(&other.customers[0], "Data ganda");
        other.doors.all()[0].post(VERDICT, &[("prefer", "wait=10")], &body).await.expect(200);
    }
    until("the projector to say who waits", async || {
        projector.metric("identity_projector_held_orgs", "").await.filter(|held| *held >= 1.0)
    })
    .await;
    assert_eq!(projector.admin().get("/readyz").await.status, 200);
    assert_eq!(projector.metric("identity_projector_dead_letters_total", "").await, None);
    assert!(projector.output().contains("a key is not available"), "{}", projector.output());

    write(&file, &whole);
    for id in &waiting {
        until("a verdict that waited", async || {
            let row = api.get(&format!("/api/identity/verifications/{id}")).await;
            (row.status == 200).then_some(())
        })
        .await;
    }
    until("nobody waits", async || {
        projector.metric("identity_projector_held_orgs", "").await.filter(|held| *held == 0.0)
    })
    .await;
    projector.sigterm().await;
    rough.installation.forget(&projector);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_without_org_keys_is_unready_and_takes_no_partition() {
    let rough = rough::take().await;
    drop(rough.bank(1).await);
    let file = place(rough.installation.scratch("kms-without-all"));
    let lacking = settings(&[("IDENTITY_KMS__FILE", file.to_str().expect("a path"))]);
    let (mut serve, mut projector) =
        tokio::join!(rough.installation.begin_serve(&lacking), rough.installation.begin_project(&lacking));
    for instance in [&serve, &projector] {
        until("its words", async || instance.output().contains("holds no org's key").then_some(())).await;
        assert_eq!(instance.admin().get("/readyz").await.status, 503);
    }
    let partitions = projector.metric("identity_kafka_group_partitions", "").await;
    assert!(partitions.is_none_or(|partitions| partitions == 0.0), "{partitions:?}");

    fs::copy(rough.installation.config().kms_file(), &file).expect("copied");
    serve.ready().await;
    projector.ready().await;
    for mut instance in [serve, projector] {
        instance.sigterm().await;
        rough.installation.forget(&instance);
    }
}
