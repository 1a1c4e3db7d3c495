//! A folder whose evidence an earlier build sealed to one key: a server of this one leaves it alone until it is shared
//! among signers.

use bytes::Bytes;
use domain::ids::OrgId;
use domain::orgs::DirectoryRecord;
use domain::ports::Topic;
use domain::time::Timestamp;
use engine::{Engine, Role};
use event_codec::Meta;
use org_directory::orgs::Orgs;
use system_tests::client::verified;
use system_tests::harness::ContractHarness as _;
use system_tests::process::run;
use system_tests::sandbox::Sandbox;
use vault::EvidenceKeyPair;

async fn beside(sandbox: &Sandbox) -> Engine {
    Engine::open(&sandbox.config(), Role::Tool).await.expect("the engine opens")
}

/// Puts an evidence key into the org's record, as an earlier build made one.
async fn give_evidence_key(sandbox: &Sandbox, pair: &EvidenceKeyPair) {
    let engine = beside(sandbox).await;
    let org = OrgId::parse(&sandbox.info().org).expect("an org's id");
    let all = Orgs::new(&engine).list().await.expect("listed");
    let mut record = all.into_iter().find(|record| record.org == org).expect("the sandbox's org");
    record.evidence_key_id = pair.key_id();
    record.evidence_public_key = Bytes::copy_from_slice(pair.public().as_bytes());
    let meta = Meta { time: Timestamp::default(), traceparent: None };
    let record = engine.codec.directory(&DirectoryRecord::Org(record), &meta).expect("encoded");
    engine.log.append(Topic::Orgs, record).await.expect("appended");
    engine.close().await;
}

#[tokio::test]
async fn a_server_refuses_it_and_names_the_command() {
    let mut sandbox = Sandbox::start().await;
    let customer = sandbox.info().customer.clone();
    sandbox.sigterm().await;
    give_evidence_key(&sandbox, &EvidenceKeyPair::generate()).await;
    let folder = sandbox.folder().to_str().expect("a path").to_owned();
    let line = ["sandbox", "--data-dir", &folder, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
    let ran = run(line).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let org = sandbox.info().org.clone();
    let command = format!("compliance signers init --adopt --org {org} ");
    assert!(ran.stderr.contains(&command), "{ran:?}");
    assert!(ran.stderr.contains(&format!("--data-dir {folder}")), "{ran:?}");

    let engine = beside(&sandbox).await;
    let org = OrgId::parse(&org).expect("an org's id");
    Orgs::new(&engine).retire_evidence_key(&org).await.expect("done");
    Orgs::new(&engine).retire_evidence_key(&org).await.expect("again is no error");
    engine.close().await;
    sandbox.restart().await;
    sandbox.api().verdict(&verified(&customer)).await.expect(200);
}
