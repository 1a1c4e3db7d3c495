//! A folder whose evidence an earlier build sealed to one key: a server of this one leaves it alone until it is shared
//! among signers.

use std::sync::Arc;

use bytes::Bytes;
use domain::event::{AuditRecord, AuditRef, DukcapilVerdictReceived, Event, Fingerprint, VerdictEvidence};
use domain::ids::{CustomerId, CustomerRef, EventId, OrgId, VerificationId};
use domain::orgs::{DirectoryRecord, Suite};
use domain::ports::Topic;
use domain::sealed::Field;
use domain::time::Timestamp;
use engine::{Engine, Role};
use event_codec::{Meta, value_sha256};
use org_directory::orgs::Orgs;
use serde_json::json;
use system_tests::client::{text, verified};
use system_tests::harness::ContractHarness as _;
use system_tests::process::run;
use system_tests::sandbox::Sandbox;
use vault::{AlwaysCurrent, EvidenceKeyPair, EvidenceSecret, SealContext, random_id};

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

const RAW: &[u8] = b"{ \"nik\" : \"3174096112900001\" }";

/// A declined verdict whose raw answer is sealed to that key, in both logs.
async fn verdict_of_before(sandbox: &Sandbox, customer: &str, pair: &EvidenceKeyPair) -> String {
    let engine = beside(sandbox).await;
    let org = OrgId::parse(&sandbox.info().org).expect("an org's id");
    let customer = CustomerRef::new(org.clone(), CustomerId::parse(customer).expect("a customer"));
    let vault = engine.vault(Arc::new(AlwaysCurrent));
    let keys = vault.customer_keys(&customer, Suite::Aes256GcmSiv).await.expect("an answer").expect("keys");
    let secret = EvidenceSecret::encapsulate(&org, &pair.key_id(), pair.public().as_bytes());
    let secret = secret.expect("a secret");
    let event_id = EventId::from_bytes(random_id());
    let verification_id = VerificationId::from_bytes(random_id());
    let place = SealContext { event_id: &event_id, field: Field::Raw, content_type: "application/json" };
    let evidence = VerdictEvidence {
        event_id: event_id.clone(),
        verification_id: verification_id.clone(),
        customer: customer.clone(),
        valid: false,
        raw: Some(keys.seal_evidence(&place, &secret, RAW).expect("sealed")),
        raw_binding: Some(secret.binding().clone()),
        declined_photo: None,
        declined_photo_content_type: None,
        sealed_sha256: Vec::new(),
        body_fingerprint: Fingerprint([2; 32]),
        received_at: Timestamp::default(),
        api_key_id: "key".to_owned(),
    };
    let meta = Meta { time: Timestamp::default(), traceparent: None };
    let record = engine.codec.audit(&AuditRecord::VerdictEvidence(evidence), &meta).expect("encoded");
    let value_sha256 = value_sha256(&record.value);
    let source = engine.log.append(Topic::Audit, record).await.expect("appended").source;
    let event = Event::DukcapilVerdictReceived(DukcapilVerdictReceived {
        event_id,
        customer,
        verification_id: verification_id.clone(),
        enrolment_id: None,
        valid: false,
        photo: None,
        photo_content_type: None,
        reason: None,
        reason_category: None,
        classifier_version: 1,
        body_fingerprint: Fingerprint([2; 32]),
        policy_version: 1,
        audit: AuditRef { source, value_sha256 },
        raw_reading: None,
    });
    let record = engine.codec.event(&event, &meta).expect("encoded");
    engine.log.append(Topic::Events, record).await.expect("appended");
    engine.close().await;
    verification_id.to_string()
}

#[tokio::test]
async fn a_server_refuses_it_and_names_the_command() {
    let mut sandbox = Sandbox::start().await;
    let customer = sandbox.info().customer.clone();
    sandbox.sigterm().await;
    let pair = EvidenceKeyPair::generate();
    give_evidence_key(&sandbox, &pair).await;
    let key = sandbox.compliance_dir().join(format!("{}.key", sandbox.info().org));
    pair.private().write(&key).expect("written");
    let verification = verdict_of_before(&sandbox, &customer, &pair).await;
    let folder = sandbox.folder().to_str().expect("a path").to_owned();
    let line = ["sandbox", "--data-dir", &folder, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
    let ran = run(line).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let org = sandbox.info().org.clone();
    let command = format!("compliance signers init --adopt --org {org} ");
    assert!(ran.stderr.contains(&command), "{ran:?}");
    assert!(ran.stderr.contains(&format!("--data-dir {folder}")), "{ran:?}");

    let adopt = async || sandbox.compliance(&["signers", "init", "--adopt"]).await;
    // The key's file is not where it was: nothing is given up.
    let key = sandbox.compliance_dir().join(format!("{org}.key"));
    let elsewhere = sandbox.scratch("elsewhere.key");
    std::fs::rename(&key, &elsewhere).expect("moved");
    let missing = adopt().await;
    assert_eq!(missing.code, Some(3), "{missing:?}");
    assert!(missing.stderr.contains("its file is not there"), "{missing:?}");
    std::fs::rename(&elsewhere, &key).expect("moved back");
    let adopted = adopt().await;
    assert_eq!(adopted.code, Some(0), "{adopted:?}");
    assert!(adopted.stderr.contains("1 secrets of 1 records"), "{adopted:?}");
    assert!(!key.exists(), "it is destroyed");
    assert_eq!(adopt().await.code, Some(0), "again is no error");
    sandbox.restart().await;
    sandbox.api().verdict(&verified(&customer)).await.expect(200);
    assert_eq!(opened(&sandbox, &verification).await, RAW);
}

/// What two signers open of it.
async fn opened(sandbox: &Sandbox, verification: &str) -> Vec<u8> {
    let keys = ["signer-1.key", "signer-2.key"].map(|file| sandbox.compliance_dir().join(file));
    let [one, two] = keys.each_ref().map(|key| key.to_str().expect("a path"));
    let why = ["--purpose", "a test", "--ticket", "T-1", "--json", "--signer", one];
    let ask = [&["unseal", "request", "--verification", verification][..], &why[..]].concat();
    let asked = sandbox.compliance(&ask).await.json();
    let id = text(&asked["requestId"]);
    let approved = sandbox.compliance(&["unseal", "approve", id, "--signer", two]).await;
    assert_eq!(approved.code, Some(0), "{approved:?}");
    let out = sandbox.scratch("raw");
    let path = out.to_str().expect("a path");
    let done = sandbox.compliance(&["unseal", "open", id, "--signer", one, "--out", path]).await;
    assert_eq!(done.code, Some(0), "{done:?}");
    std::fs::read(out).expect("the file")
}

/// A live org needs two replicas in sync, which the one broker of the distributed engine's tests has not.
#[tokio::test]
async fn a_live_org_takes_verdicts_once_it_has_signers() {
    let sandbox = Sandbox::start().await;
    let (org, api) = sandbox.org(&["--environment", "live", "--dukcapil-enabled"]).await;
    let customer = api.customer("Budi Santoso").await;
    let body = json!({"customerId": customer, "valid": false, "raw": {"nik": "3174096112900001"}});
    let refused = api.verdict(&body).await;
    let said = refused.expect(403);
    assert_eq!(
        (&said["code"], &said["details"]["capability"]),
        (&json!("capability_disabled"), &json!("signers"))
    );
    sandbox.give_signers(&org).await;
    let said = api.verdict(&body).await.expect(200);
    let kept = sandbox.kept(&org).await;
    assert_eq!(kept[0].verification, text(&said["verification"]["id"]));
    assert_eq!(kept[0].raw.as_deref(), Some(br#"{"nik":"3174096112900001"}"#.as_slice()));
}
