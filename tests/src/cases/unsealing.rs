//! Evidence as the API wrote it, opened by two signers: the bytes that were sent. Who is refused, and how, is tested where
//! it is decided (`infra/unsealing`).

use std::path::Path;
use std::sync::Arc;

use domain::event::{ActKind, AuditRecord};
use domain::ids::{OrgId, VerificationId};
use domain::ports::Topic;
use domain::time::Timestamp;
use engine::{Engine, Role};
use org_directory::signers::SignerSets;
use serde_json::{Value, json};
use unsealing::refusal::{ActError, Refusal};
use unsealing::unseal::{self, UnsealField, UnsealOrder, UnsealPorts};
use vault::{AlwaysCurrent, SignerKeys};

use crate::client::{VERDICT, text};
use crate::harness::ContractHarness;
use crate::photos;

fn now() -> Timestamp {
    Timestamp::from_millis(chrono::Utc::now().timestamp_millis())
}

fn ports(engine: &Engine) -> UnsealPorts {
    UnsealPorts {
        log: Arc::clone(&engine.log),
        codec: engine.codec.clone(),
        notes: Arc::clone(&engine.notes),
        views: Arc::clone(&engine.views),
        vault: engine.vault(Arc::new(AlwaysCurrent)),
        signers: SignerSets::of(engine),
        now,
    }
}

/// Asked, approved and opened; the bytes.
async fn opened(
    ports: &UnsealPorts,
    keys: &[SignerKeys; 2],
    order: &UnsealOrder,
    out: &Path,
) -> Result<Vec<u8>, ActError> {
    let (id, _) = unseal::request(ports, &keys[0], order).await?;
    let alone = unseal::approve(ports, &keys[0], &order.org, &id).await;
    assert!(matches!(alone, Err(ActError::Refused(Refusal::SameSigner))), "{alone:?}");
    unseal::approve(ports, &keys[1], &order.org, &id).await?;
    unseal::open(ports, &keys[0], &order.org, &id, out).await?;
    Ok(std::fs::read(out).expect("the file"))
}

pub async fn two_signers_open_what_was_sent_byte_for_byte<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let raw = "{ \"nik\" : \"3174096112900001\",\r\n\"a\":1e400,\"a\":2,\"\u{202e}\":\"\\ud83d\\ude00\"}";
    let photo = photos::jpeg();
    let body = format!(
        "{{\"customerId\":\"{customer}\",\"valid\":false,\"photo\":\"{}\",\"raw\":{raw}}}",
        data_encoding::BASE64.encode(&photo)
    );
    let said: Value = api.post_bytes(VERDICT, &[], body.into_bytes()).await.expect(200);
    let verification = text(&said["verification"]["id"]);
    let engine =
        Engine::open(&sandbox.config(), Role::Tool).await.expect("it opens beside whoever serves it");
    let ports = ports(&engine);
    let read =
        |file: &str| SignerKeys::read(&sandbox.compliance_dir().join(file), || None).expect("a signer");
    let keys = ["signer-1.key", "signer-2.key"].map(read);
    let folder = tempfile::tempdir().expect("a folder");
    for (field, sent) in [(UnsealField::Raw, raw.as_bytes()), (UnsealField::Photo, photo.as_slice())] {
        let order = UnsealOrder {
            org: OrgId::parse(&sandbox.info().org).expect("an org"),
            verification: VerificationId::parse(verification).expect("a verification"),
            field,
            purpose: "OJK question 12/2026".to_owned(),
            ticket: "C-481".to_owned(),
        };
        let out = folder.path().join(field.as_str());
        assert_eq!(opened(&ports, &keys, &order, &out).await.expect("opened"), sent, "{field:?}");
        let statement = folder.path().join(format!("{}.json", field.as_str()));
        let said: Value =
            serde_json::from_slice(&std::fs::read(statement).expect("it is there")).expect("JSON");
        assert_eq!((&said["requestedBy"], &said["approvedBy"]), (&json!("signer-1"), &json!("signer-2")));
    }
    let codec = engine.codec.clone();
    drop(ports);
    engine.close().await;
    let records = sandbox.records(Topic::Audit).await;
    let acts = records.iter().filter_map(|record| match codec.decode_audit(record).expect("a record") {
        AuditRecord::ComplianceAct(act) => Some((act.kind, act.refusal)),
        _ => None,
    });
    let acts: Vec<_> = acts.collect();
    assert_eq!(acts.iter().filter(|(kind, why)| *kind == ActKind::UnsealOpen && why.is_none()).count(), 2);
    assert_eq!(acts.iter().filter(|(_, why)| why.as_deref() == Some("same_signer")).count(), 2);
}
