//! Evidence as the API wrote it, opened by two signers with the auditor's program beside whoever serves, and what one of
//! them alone, or whoever may write the logs and the rows, does not get. Each way of being refused is tested where it is
//! decided (`infra/unsealing`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::event::{ActKind, AuditRecord, ComplianceAct, Source};
use domain::ids::{CustomerId, CustomerRef, OrgId};
use domain::ports::{NewRecord, Topic};
use domain::sealed::{Purpose, Purposes};
use domain::time::Timestamp;
use engine::{Engine, Role};
use event_codec::{Codec, Meta};
use serde_json::{Value, json};
use vault::{AlwaysCurrent, SignerKeys};

use crate::cases::console::account;
use crate::client::{VERDICT, declined, text, verified};
use crate::console::ConsoleBrowser;
use crate::harness::ContractHarness;
use crate::photos;
use crate::process::{Program, ProgramOutput, run_program};

const RAW: &str = "{ \"nik\" : \"3174096112900001\",\r\n\"a\":1e400,\"a\":2,\"\u{202e}\":\"\\ud83d\\ude00\"}";

fn signer<H: ContractHarness>(sandbox: &H, number: u8) -> PathBuf {
    sandbox.compliance_dir().join(format!("signer-{number}.key"))
}

fn path_text(path: &Path) -> &str {
    path.to_str().expect("a path")
}

/// `compliance …` in the case's own org.
async fn compliance<H: ContractHarness>(sandbox: &H, words: &[&str]) -> ProgramOutput {
    let org = sandbox.info().org.clone();
    let own = ["--json", "--org", &org];
    sandbox.compliance(&[words, &own].concat()).await
}

/// One that is refused with that code.
async fn refused<H: ContractHarness>(sandbox: &H, words: &[&str], code: &str) {
    let ran = compliance(sandbox, words).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{words:?}: {ran:?}");
    assert!(ran.stderr.contains(&format!("({code})")), "{words:?}: {ran:?}");
}

/// A declined verdict with that raw answer and a photo.
async fn verdict<H: ContractHarness>(sandbox: &H, customer: &str) -> String {
    let body = format!(
        "{{\"customerId\":\"{customer}\",\"valid\":false,\"photo\":\"{}\",\"raw\":{RAW}}}",
        data_encoding::BASE64.encode(&photos::jpeg())
    );
    let said: Value = sandbox.api().post_bytes(VERDICT, &[], body.into_bytes()).await.expect(200);
    text(&said["verification"]["id"]).to_owned()
}

async fn asked<H: ContractHarness>(sandbox: &H, verification: &str, field: &str) -> String {
    let key = signer(sandbox, 1);
    let why = ["--purpose", "OJK question 12/2026", "--ticket", "C-481", "--signer", path_text(&key)];
    let what = ["unseal", "request", "--verification", verification, "--field", field];
    let said = compliance(sandbox, &[&what[..], &why[..]].concat()).await.json();
    text(&said["requestId"]).to_owned()
}

async fn approved<H: ContractHarness>(sandbox: &H, verification: &str, field: &str) -> String {
    let (id, key) = (asked(sandbox, verification, field).await, signer(sandbox, 2));
    let ran = compliance(sandbox, &["unseal", "approve", &id, "--signer", path_text(&key)]).await;
    assert_eq!(ran.json()["state"], "approved");
    id
}

/// Every act of a signer in the case's org.
async fn acts<H: ContractHarness>(sandbox: &H) -> Vec<ComplianceAct> {
    let codec = Codec::committed();
    let records = sandbox.records(Topic::Audit).await;
    let acts = records.iter().filter_map(|record| match codec.decode_audit(record).expect("a record") {
        AuditRecord::ComplianceAct(act) => Some(act),
        _ => None,
    });
    acts.collect()
}

pub async fn two_signers_open_what_was_sent_byte_for_byte<H: ContractHarness>() {
    let sandbox = H::start().await;
    let customer = sandbox.info().customer.clone();
    let (verification, photo) = (verdict(&sandbox, &customer).await, photos::jpeg());
    let keys = [signer(&sandbox, 1), signer(&sandbox, 2)];
    let [one, two] = [path_text(&keys[0]), path_text(&keys[1])];
    for (field, sent) in [("raw", RAW.as_bytes()), ("photo", photo.as_slice())] {
        let id = asked(&sandbox, &verification, field).await;
        let (out, other) = (sandbox.scratch(field), sandbox.scratch("other"));
        let open = ["unseal", "open", &id, "--out", path_text(&out), "--signer"];
        refused(&sandbox, &["unseal", "approve", &id, "--signer", one], "same_signer").await;
        refused(&sandbox, &[&open[..], &[one]].concat(), "not_approved").await;
        compliance(&sandbox, &["unseal", "approve", &id, "--signer", two]).await.json();
        refused(&sandbox, &["unseal", "approve", &id, "--signer", two], "used").await;
        refused(&sandbox, &[&open[..], &[two]].concat(), "not_the_requester").await;
        let nowhere = sandbox.scratch("no-such-folder").join("raw");
        let nowhere = ["unseal", "open", &id, "--out", path_text(&nowhere), "--signer", one];
        let ran = compliance(&sandbox, &nowhere).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""), "nothing is used up: {ran:?}");
        let said = compliance(&sandbox, &[&open[..], &[one]].concat()).await.json();
        assert_eq!(std::fs::read(&out).expect("the file"), sent, "{field}");
        let statement = std::fs::read(text(&said["statement"])).expect("who, why and when");
        let statement: Value = serde_json::from_slice(&statement).expect("JSON");
        assert_eq!(
            [&statement["requestedBy"], &statement["approvedBy"], &statement["ticket"]],
            [&json!("signer-1"), &json!("signer-2"), &json!("C-481")]
        );
        refused(&sandbox, &["unseal", "open", &id, "--out", path_text(&other), "--signer", one], "used")
            .await;
        assert!(!other.exists());
    }
    let frames = ["unseal", "request", "--verification", &verification, "--field", "frames"];
    let why = ["--purpose", "p", "--ticket", "t", "--signer", one];
    refused(&sandbox, &[&frames[..], &why[..]].concat(), "no_frames").await;
    let acts = acts(&sandbox).await;
    let count = |kind, code: Option<&str>| {
        acts.iter().filter(|act| act.kind == kind && act.refusal.as_deref() == code).count()
    };
    assert_eq!(count(ActKind::UnsealOpen, None), 2);
    for (kind, code, times) in [
        (ActKind::UnsealApprove, "same_signer", 2),
        (ActKind::UnsealApprove, "used", 2),
        (ActKind::UnsealOpen, "not_approved", 2),
        (ActKind::UnsealOpen, "not_the_requester", 2),
        (ActKind::UnsealOpen, "used", 2),
        (ActKind::UnsealRequest, "no_frames", 1),
    ] {
        assert_eq!(count(kind, Some(code)), times, "{kind:?} {code}");
    }
    let listed = compliance(&sandbox, &["access", "list", "--customer", &customer]).await.json_lines();
    let opened = listed.iter().filter(|line| line["act"] == "unseal.open" && line["refusal"].is_null());
    assert_eq!(opened.count(), 2, "{listed:?}");
    let (name, password) = account(&sandbox, "compliance").await;
    let staff = ConsoleBrowser::new(&sandbox.info().url);
    staff.sign_in(&name, &password).await.goes_to();
    let page = staff.get(&format!("/console/access?lang=en&customer={customer}")).await;
    let page = page.page(200);
    for (step, times) in [("asked for evidence", 2), ("approved that evidence", 2), ("opened evidence", 2)] {
        assert_eq!(page.matches(step).count(), times, "{step}: {page}");
    }
}

/// A record as somebody writes it to the log who is no program of ours.
async fn append_by_hand(engine: &Engine, act: ComplianceAct) -> Source {
    let meta = Meta { time: Timestamp::default(), traceparent: None };
    let record: NewRecord = engine.codec.audit(&AuditRecord::ComplianceAct(act), &meta).expect("encoded");
    engine.log.append(Topic::Audit, record).await.expect("appended").source
}

pub async fn an_approval_that_was_appended_by_hand_opens_nothing<H: ContractHarness>() {
    let sandbox = H::start().await;
    let customer = sandbox.info().customer.clone();
    let verification = verdict(&sandbox, &customer).await;
    let genuine = approved(&sandbox, &verification, "raw").await;
    let id = asked(&sandbox, &verification, "raw").await;
    let of_genuine = acts(&sandbox).await.into_iter();
    let mut of_genuine =
        of_genuine.filter(|act| act.kind == ActKind::UnsealApprove && act.request == genuine);
    let mut forged = of_genuine.next().expect("its approval");
    forged.request = id.clone();
    forged.text = forged.text.replace(&genuine, &id);
    // By the requester, whose own key is at hand.
    let own = SignerKeys::read(&signer(&sandbox, 1), || None).expect("a signer");
    forged.signature = own.sign(forged.text.as_bytes());
    let engine = Engine::open(&sandbox.config(), Role::Tool).await.expect("it opens beside whoever serves");
    let at = append_by_hand(&engine, forged).await;
    let note = format!("requests/{id}");
    let before = engine.notes.note(&note).await.expect("read").expect("a row");
    let mut row: Value = serde_json::from_str(&before).expect("JSON");
    row["state"] = "approved".into();
    row["approvals"] = json!([{
        "topic": at.topic_id.0, "partition": at.partition.0, "offset": at.offset.0,
    }]);
    let changed = engine.notes.change_note(&note, Some(&before), &row.to_string()).await;
    assert!(changed.expect("changed"));
    engine.close().await;
    let (key, out) = (signer(&sandbox, 1), sandbox.scratch("forged"));
    let open = ["unseal", "open", &id, "--out", path_text(&out), "--signer", path_text(&key)];
    refused(&sandbox, &open, "bad_signature").await;
    assert!(!out.exists());
    let last = acts(&sandbox).await.into_iter().filter(|act| act.request == id);
    assert!(last.filter_map(|act| act.refusal).any(|code| code == "bad_signature"), "it is recorded");
}

pub async fn of_two_opens_at_once_one_shows<H: ContractHarness>() {
    let sandbox = H::start().await;
    let customer = sandbox.info().customer.clone();
    let verification = verdict(&sandbox, &customer).await;
    let id = approved(&sandbox, &verification, "raw").await;
    let key = signer(&sandbox, 1);
    let outs = [sandbox.scratch("one"), sandbox.scratch("two")];
    let open = async |out: &Path| {
        let words = ["unseal", "open", &id, "--out", path_text(out), "--signer", path_text(&key)];
        compliance(&sandbox, &words).await
    };
    let (one, two) = tokio::join!(open(&outs[0]), open(&outs[1]));
    let mut codes = [one.code, two.code];
    codes.sort_unstable();
    assert_eq!(codes, [Some(0), Some(1)], "{one:?} {two:?}");
    assert_eq!(outs.iter().filter(|out| out.exists()).count(), 1);
}

pub async fn of_an_erased_customer_nothing_opens<H: ContractHarness>() {
    let sandbox = H::start().await;
    let customer = sandbox.api().customer("Siti Rahayu").await;
    let verification = verdict(&sandbox, &customer).await;
    let id = approved(&sandbox, &verification, "raw").await;
    let engine = Engine::open(&sandbox.config(), Role::Tool).await.expect("it opens beside whoever serves");
    let org = OrgId::parse(&sandbox.info().org).expect("an org");
    let who = CustomerRef::new(org, CustomerId::parse(&customer).expect("a customer"));
    let evidence = Purposes::NONE.with(Purpose::Evidence);
    let destroyed = engine.vault(Arc::new(AlwaysCurrent)).destroy(&who, evidence).await;
    assert!(destroyed.expect("destroyed"));
    engine.close().await;
    let (key, out) = (signer(&sandbox, 1), sandbox.scratch("erased"));
    let open = ["unseal", "open", &id, "--out", path_text(&out), "--signer", path_text(&key)];
    refused(&sandbox, &open, "erased").await;
    assert!(!out.exists());
}

pub async fn signers_come_and_go_and_older_hours_are_shared_anew<H: ContractHarness>() {
    let sandbox = H::start().await;
    let customer = sandbox.info().customer.clone();
    let verification = verdict(&sandbox, &customer).await;
    let keys = [signer(&sandbox, 1), signer(&sandbox, 2), sandbox.scratch("dewi.key")];
    let [one, two, new] = [path_text(&keys[0]), path_text(&keys[1]), path_text(&keys[2])];
    let ran = run_program(Program::Compliance, &[], ["signers", "keygen", "--out", new]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let public = format!("dewi={}", path_text(&keys[2].with_extension("pub")));
    let both = ["--signer", one, "--signer", two];
    refused(&sandbox, &["signers", "add", &public, "--signer", one], "too_few_signers").await;
    let added = compliance(&sandbox, &[&["signers", "add", &public][..], &both[..]].concat()).await.json();
    assert_eq!((&added["version"], &added["signers"]), (&json!(2), &json!(["signer-1", "signer-2", "dewi"])));
    let id = asked(&sandbox, &verification, "raw").await;
    let approve = ["unseal", "approve", &id, "--signer", new];
    refused(&sandbox, &approve, "no_share").await;
    let drill = compliance(&sandbox, &["signers", "drill", "--signer", one, "--signer", new]).await.json();
    assert_eq!(drill["opened"], true);
    let reshare =
        async || compliance(&sandbox, &[&["signers", "reshare"][..], &both[..]].concat()).await.json();
    let shared = reshare().await;
    assert_eq!((shared["shared"].as_u64() > Some(0), &shared["present"]), (true, &json!(0)), "{shared}");
    assert_eq!(reshare().await["shared"], 0);
    compliance(&sandbox, &approve).await.json();
    let out = sandbox.scratch("by-dewi");
    let open = ["unseal", "open", &id, "--out", path_text(&out), "--signer", one];
    compliance(&sandbox, &open).await.json();
    assert_eq!(std::fs::read(&out).expect("the file"), RAW.as_bytes());
    let gone = ["signers", "remove", "signer-2", "--signer", one, "--signer", new];
    assert_eq!(compliance(&sandbox, &gone).await.json()["version"], 3);
    refused(&sandbox, &["signers", "remove", "dewi", "--signer", one, "--signer", new], "not_a_set").await;
    let refused_since = asked(&sandbox, &verification, "raw").await;
    refused(&sandbox, &["unseal", "approve", &refused_since, "--signer", two], "not_a_signer").await;
    let listed = compliance(&sandbox, &["signers", "list"]).await.json_lines();
    let signed: Vec<&Value> = listed.iter().map(|line| &line["signedBy"]).collect();
    assert_eq!(signed, [&json!([]), &json!(["signer-1", "signer-2"]), &json!(["signer-1", "dewi"])]);
}

pub async fn a_replay_reveals_what_is_recorded_first<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = api.customer("Siti Rahayu").await;
    api.verdict(&declined(&customer, "Nama tidak sesuai")).await.expect(200);
    api.verdict(&verified(&customer)).await.expect(200);
    let key = signer(&sandbox, 1);
    let replay = ["replay", "--customer", &customer];
    let why = ["--reveal", "--purpose", "A complaint", "--ticket", "C-7", "--signer"];
    let hidden = compliance(&sandbox, &replay).await;
    assert!(!hidden.stdout.contains("Siti"), "{hidden:?}");
    let stranger = sandbox.scratch("stranger.key");
    SignerKeys::generate().write(&stranger, None).expect("written");
    refused(&sandbox, &[&replay[..], &why[..], &[path_text(&stranger)]].concat(), "not_a_signer").await;
    let lines = compliance(&sandbox, &[&replay[..], &why[..], &[path_text(&key)]].concat()).await;
    assert_eq!(lines.code, Some(0), "{lines:?}");
    let lines = lines.json_lines();
    assert_eq!(
        (&lines[0]["fullName"], &lines[1]["reason"]),
        (&json!("Siti Rahayu"), &json!("Nama tidak sesuai"))
    );
    let photo = data_encoding::BASE64.decode(text(&lines[2]["photo"]).as_bytes()).expect("base64");
    assert!(photo.starts_with(&[0xFF, 0xD8]), "a JPEG");
    let revealed = acts(&sandbox).await.into_iter().filter(|act| act.kind == ActKind::ReplayReveal);
    let (refused, revealed): (Vec<_>, Vec<_>) = revealed.partition(|act| act.refusal.is_some());
    assert_eq!((refused.len(), revealed.len()), (1, 1), "to the stranger, and to the signer");
    assert!(revealed[0].text.contains("purpose=A complaint\n"), "{}", revealed[0].text);
    let listed = compliance(&sandbox, &["access", "list", "--customer", &customer]).await.json_lines();
    assert!(listed.iter().any(|line| line["act"] == "replay.reveal" && line["actor"] == "signer-1"));
    let engine = Engine::open(&sandbox.config(), Role::Tool).await.expect("it opens beside whoever serves");
    let org = OrgId::parse(&sandbox.info().org).expect("an org");
    let who = CustomerRef::new(org, CustomerId::parse(&customer).expect("a customer"));
    let profile = Purposes::NONE.with(Purpose::Profile);
    assert!(engine.vault(Arc::new(AlwaysCurrent)).destroy(&who, profile).await.expect("destroyed"));
    engine.close().await;
    let lines =
        compliance(&sandbox, &[&replay[..], &why[..], &[path_text(&key)]].concat()).await.json_lines();
    let erased = json!({"erased": true});
    assert_eq!((&lines[0]["fullName"], &lines[1]["reason"]), (&erased, &erased));
    assert!(lines[2]["photo"].is_string());
}
