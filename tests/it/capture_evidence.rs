//! A card's capture as the API sealed it, in the hands of the auditor's program: its frames opened by two signers, what a
//! replay shows of it, and the customer's state from the log beside the API's answer.

use std::path::{Path, PathBuf};

use capture_sim::{CaptureBundle, CaptureKind, CaptureOptions, FlashChallenge, generate};
use event_codec::value_sha256;
use serde_json::{Value, json};
use system_tests::cases::challenges::KTP;
use system_tests::cases::compliance::sealed_as_compliance_shows_it;
use system_tests::client::{Api, declined, text};
use system_tests::harness::ContractHarness as _;
use system_tests::process::ProgramOutput;
use system_tests::sandbox::Sandbox;

const CAPTURE: &str = "/api/identity/document/ktp/capture";

/// A signed capture of a drawn card, and its verification.
async fn captured(api: &Api, customer: &str) -> (CaptureBundle, String) {
    // So few colours that nobody has to wait until they can have been shown.
    let asked = json!({ "customerId": customer, "steps": 3 });
    let challenge = api.post(KTP, &[], &asked).await.expect(201).to_string();
    let challenge = FlashChallenge::from_json(&challenge).expect("a challenge");
    let mut bundle = generate(&challenge, &CaptureOptions::new(CaptureKind::Bona, 11)).expect("a capture");
    bundle.sign(&challenge, customer);
    let said = api.post(CAPTURE, &[], &bundle.to_json(customer)).await.expect(200);
    // Nobody reads a card where there is no model: a person decides.
    assert_eq!(said["verification"]["status"], "pending", "{said}");
    (bundle, text(&said["verification"]["id"]).to_owned())
}

fn signer(sandbox: &Sandbox, number: u8) -> String {
    path_text(&sandbox.compliance_dir().join(format!("signer-{number}.key"))).to_owned()
}

fn path_text(path: &Path) -> &str {
    path.to_str().expect("a path that is text")
}

async fn ask(sandbox: &Sandbox, verification: &str, field: &str) -> ProgramOutput {
    let one = signer(sandbox, 1);
    let why = ["--purpose", "A complaint", "--ticket", "C-9", "--signer", &one];
    let what = ["unseal", "request", "--json", "--verification", verification, "--field", field];
    sandbox.compliance(&[&what[..], &why[..]].concat()).await
}

/// Asked for by one, approved by the other, opened by the first: the file, and the statement beside it.
async fn opened(sandbox: &Sandbox, verification: &str, field: &str) -> (PathBuf, Value) {
    let id = text(&ask(sandbox, verification, field).await.json()["requestId"]).to_owned();
    let approve = ["unseal", "approve", &id, "--json", "--signer", &signer(sandbox, 2)];
    assert_eq!(sandbox.compliance(&approve).await.json()["state"], "approved");
    let out = sandbox.scratch(field);
    let open = ["unseal", "open", &id, "--json", "--out", path_text(&out), "--signer", &signer(sandbox, 1)];
    let said = sandbox.compliance(&open).await.json();
    let statement = std::fs::read(text(&said["statement"])).expect("who, why and when");
    (out, serde_json::from_slice(&statement).expect("JSON"))
}

/// The files in a plain tar (POSIX ustar): their names and bytes.
fn files_in(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let word = |bytes: &[u8]| {
        let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        String::from_utf8(bytes.to_vec()).expect("plain text")
    };
    let (mut files, mut rest) = (Vec::new(), archive);
    while rest.first().is_some_and(|byte| *byte != 0) {
        let (head, behind) = rest.split_at(512);
        let size = usize::from_str_radix(word(&head[124..136]).trim(), 8).expect("an octal number");
        files.push((word(&head[..100]), behind[..size].to_vec()));
        rest = &behind[size.next_multiple_of(512)..];
    }
    files
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_captures_frames_are_opened_by_two_as_they_were_sent_and_its_facts_agree_with_the_api() {
    let sandbox = Sandbox::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let (bundle, verification) = captured(&api, &customer).await;
    frames_open(&sandbox, &bundle, &verification).await;
    reviewed(&sandbox, &verification).await;
    replay_reveals(&sandbox, &bundle, &customer).await;
    agrees_with_the_api(&sandbox, &customer).await;
    // A verdict has no frames, whoever asks.
    let declined = api.verdict(&declined(&customer, "Data ganda")).await.expect(200);
    let refused = ask(&sandbox, text(&declined["verification"]["id"]), "frames").await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("(no_frames)"), "{refused:?}");
}

async fn frames_open(sandbox: &Sandbox, bundle: &CaptureBundle, verification: &str) {
    let (out, said) = opened(sandbox, verification, "frames").await;
    let archive = std::fs::read(out).expect("the file");
    let digests: Vec<String> = bundle.frames.iter().map(|frame| hex(&value_sha256(frame))).collect();
    assert_eq!(said["frameSha256"], json!(digests), "of all that were sent");
    assert_eq!(
        (&said["contentType"], &said["sha256"]),
        (&json!("application/x-tar"), &json!(hex(&value_sha256(&archive))))
    );
    let files = files_in(&archive);
    assert_eq!(said["framesKept"], json!(files.len()));
    // The still and one of each colour, unless none was taken of it.
    assert!((2..=4).contains(&files.len()) && files[0].0 == "frame-00.jpg", "{} files", files.len());
    for (name, bytes) in files {
        let place = name.strip_prefix("frame-").and_then(|name| name.strip_suffix(".jpg"));
        let place: usize = place.expect("a frame's name").parse().expect("its place in the bundle");
        assert_eq!(bytes, bundle.frames[place], "{name}");
    }
}

/// A person decides, with a note.
async fn reviewed(sandbox: &Sandbox, verification: &str) {
    let made = ["keys", "create", &sandbox.info().org.clone(), "--scopes", "reviews:write", "--json"];
    let made = sandbox.orgs(&made).await.json();
    let keys = sandbox.api().with_key(text(&made["apiKey"]));
    sandbox.until_it_works(&keys).await;
    let path = format!("/api/identity/verifications/{verification}/review");
    let decided = json!({"toStatus": "failed", "reasonCode": "retake", "note": "Kartu tertutup jari"});
    keys.post(&path, &[], &decided).await.expect(200);
}

async fn replay_reveals(sandbox: &Sandbox, bundle: &CaptureBundle, customer: &str) {
    let replay = ["replay", "--json", "--customer", customer];
    let hidden = sandbox.compliance(&replay).await;
    let of_type = |lines: Vec<Value>, name: &str| {
        lines.into_iter().find(|line| line["type"] == name).unwrap_or_else(|| panic!("a line of {name}"))
    };
    assert_eq!(hidden.code, Some(0), "{hidden:?}");
    let nik = text(&bundle.to_json(customer)["bundle"]["ocrFields"]["nik"]).to_owned();
    assert!(!hidden.stdout.contains(&nik) && !hidden.stdout.contains("Kartu tertutup jari"));
    let line = of_type(hidden.json_lines(), "KtpCaptureAssessed");
    let sealed = json!({"sealed": true});
    assert_eq!((&line["evidence"]["matches"], &line["evidence"]["claims"]), (&json!(true), &sealed));
    assert_eq!((&line["assessment"]["values"], &line["evidence"]["frames"]), (&sealed, &sealed));
    assert_eq!(line["evidence"]["frameSha256"].as_array().map(Vec::len), Some(bundle.frames.len()));
    let one = signer(sandbox, 1);
    let why = ["--reveal", "--purpose", "A complaint", "--ticket", "C-9", "--signer", &one];
    let shown = sandbox.compliance(&[&replay[..], &why[..]].concat()).await;
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let capture = of_type(shown.json_lines(), "KtpCaptureAssessed");
    let claims: Value = serde_json::from_str(text(&capture["evidence"]["claims"])).expect("JSON");
    assert_eq!((text(&claims["ocrFields"]["nik"]), text(&claims["platform"])), (nik.as_str(), "web"));
    assert!(text(&capture["text"]).contains(&nik), "what the card says");
    let measured = text(&capture["assessment"]["values"]).split(' ').count();
    let voters = |panel: &str| capture["assessment"][panel]["voters"].as_array().map_or(0, Vec::len);
    assert_eq!(measured, voters("antiSpoof") + voters("tamper"), "a number or a dash of each: {capture}");
    // Evidence takes two, and is never among it.
    assert_eq!((&capture["evidence"]["frames"], &capture["evidence"]["features"]), (&sealed, &sealed));
    let review = of_type(shown.json_lines(), "VerificationReviewed");
    assert_eq!((text(&review["note"]), text(&review["reasonCode"])), ("Kartu tertutup jari", "retake"));
}

async fn agrees_with_the_api(sandbox: &Sandbox, customer: &str) {
    let wanted = sandbox.api().get(&format!("/api/identity/kyc/{customer}?asOf=2100-01-01T00:00:00Z")).await;
    let wanted = wanted.expect(200);
    assert_eq!(wanted["verifications"][0]["review"]["reasonCode"], "retake", "{wanted}");
    let state = ["state", "--json", "--customer", customer, "--as-of", "2100-01-01T00:00:00Z"];
    let state = sandbox.compliance(&state).await;
    assert_eq!(state.json(), sealed_as_compliance_shows_it(wanted));
    let what_if = sandbox.compliance(&["what-if", "--json", "--policy-version", "2"]).await.json();
    assert_eq!(what_if["moved"], json!([]), "{what_if}");
}
