//! What only a sandbox shows of faces: the README's commands, an org of environment live, the models' own command.
//! What holds on both engines is the library's (`cases/faces.rs`).

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use data_encoding::BASE64;
use domain::event::{CustomerErased, Event};
use domain::ids::{CustomerId, CustomerRef, EventId, OrgId};
use domain::orgs::Suite;
use domain::outcome::{ErasureAnnounced, Outcome};
use domain::ports::Topic;
use domain::sealed::{Purpose, Purposes};
use domain::time::Timestamp;
use engine::{Engine, Role};
use event_codec::Meta;
use serde_json::{Value, json};
use system_tests::client::text;
use system_tests::evidence;
use system_tests::face_calls::{ENROLMENTS, compare_at, match_by, until_read};
use system_tests::harness::ContractHarness as _;
use system_tests::patience::until;
use system_tests::portraits::{commented, models, portrait, portrait_text};
use system_tests::process::{Process, Program, run_program};
use system_tests::sandbox::{Options, Sandbox};
use vault::AlwaysCurrent;

/// A sandbox that was started with `--models`; none where there are none.
async fn sandbox() -> Option<Sandbox> {
    let folder = models()?;
    let mut options = Options::flags(&["--models", folder.to_str().expect("a path that is text")]);
    options.environment.push(("IDENTITY_API__WAIT_DEFAULT_MS".to_owned(), "10000".to_owned()));
    Some(Sandbox::start_with(options).await)
}

#[tokio::test]
async fn the_readmes_two_steps_end_in_premium() {
    let Some(sandbox) = sandbox().await else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let readme = std::fs::read_to_string(root.join("README.md")).expect("a file");
    let mut blocks = readme.split("```sh\n").skip(1).filter_map(|rest| rest.split_once("```"));
    let script = blocks.find_map(|(block, _)| block.contains("portrait()").then_some(block));
    let script = script.expect("the commands by hand");
    let (verdict, matching) = script.trim_end().rsplit_once('\n').expect("two steps");
    let functions = verdict.rsplit_once("\n\n").expect("functions before the steps").0;
    // As from the repository's folder, beside `data`.
    let place = sandbox.scratch("");
    std::os::unix::fs::symlink(root.join("target"), place.join("target")).expect("a link");
    let shell = async |script: &str| -> Value {
        let mut command = Command::new("bash");
        command.arg("-euc").arg(script).current_dir(&place);
        let mut process = Process::spawn(command);
        let status = process.ended().await;
        assert!(status.success(), "{script}: {}{}", process.stdout(), process.stderr());
        serde_json::from_str(&process.stdout()).expect("JSON")
    };
    let said = shell(verdict).await;
    assert_eq!(said["verification"]["status"], "verified", "{said}");
    let api = sandbox.api();
    until_read(&api, &sandbox.info().customer).await;
    let said = shell(&format!("{functions}\n{matching}")).await;
    assert_eq!(
        (&said["match"]["verdict"], &said["reference"]["source"]),
        (&json!("match"), &json!("dukcapil"))
    );
    let kyc = api.kyc(&sandbox.info().customer).await;
    assert_eq!(kyc["customer"]["kycLevel"], "premium", "{kyc}");
    let me = api.get("/api/auth/me").await.expect(200);
    assert_eq!(me["models"]["embedder"]["id"], "sface-2021dec-int8bq", "{me}");
    assert!(
        text(&me["models"]["detector"]["sha256"]).len() == 64 && me["models"]["passiveNet"].is_null(),
        "{me}"
    );
    let ready = sandbox.admin().get("/readyz").await.expect(200);
    assert!(text(&ready["detail"]["faceModels"]).starts_with("sface-2021dec-int8bq@"), "{ready}");
}

#[tokio::test]
async fn in_a_live_org_the_reference_shown_again_is_no_match() {
    let Some(sandbox) = sandbox().await else { return };
    let (org, api) = sandbox.org(&["--environment", "live", "--dukcapil-enabled"]).await;
    sandbox.give_signers(&org).await;
    let customer = api.customer("Budi Santoso").await;
    let photo = portrait("ardern_2018");
    let body = json!({ "customerId": customer, "valid": true, "photo": BASE64.encode(&photo) });
    api.verdict(&body).await.expect(200);
    until_read(&api, &customer).await;
    let commented = commented(&photo, &[1, 2, 3, 4]);
    for image in [photo, commented] {
        let said = compare_at(&api, &customer, &BASE64.encode(&image), "low").await.expect(200);
        assert_eq!(
            (&said["match"]["verdict"], &said["verification"]["status"]),
            (&json!("no_match"), &json!("failed"))
        );
        assert_eq!(said["signals"][0]["code"], "probe_equals_reference", "{said}");
    }
    assert_eq!(api.kyc(&customer).await["customer"]["kycLevel"], "standard");
    let said = compare_at(&api, &customer, &portrait_text("ardern_2022"), "low").await.expect(200);
    assert_eq!((&said["match"]["verdict"], &said["signals"]), (&json!("match"), &json!([])), "{said}");
}

/// Whether somebody with every key that the customer has left could try bodies against the fingerprint of the match.
async fn can_be_tried(sandbox: &Sandbox, customer: &str, body: &Value) -> bool {
    let records = evidence::records(&sandbox.config(), Topic::Events, &sandbox.info().org).await;
    let engine =
        Engine::open(&sandbox.config(), Role::Tool).await.expect("it opens beside whoever serves it");
    let decided = records.iter().find_map(|record| match engine.codec.decode_event(record) {
        Ok(Event::FaceMatchDecided(decided)) if decided.customer.customer.as_str() == customer => {
            Some(decided)
        }
        _ => None,
    });
    let decided = decided.expect("a match");
    let vault = engine.vault(Arc::new(AlwaysCurrent));
    let keys = vault.customer_keys(&decided.customer, Suite::Aes256GcmSiv).await;
    let (keys, body) = (keys.expect("an answer").expect("a row"), body.to_string().into_bytes());
    let of_purposes = (0..8).map(|bits| keys.fingerprint_under(Purposes::from_bits(bits), &body));
    let found = of_purposes.chain([keys.fingerprint(&body)]).any(|made| made == Ok(decided.body_fingerprint));
    drop((keys, vault));
    engine.close().await;
    found
}

/// Erases as compliance's eraser does, beside the running sandbox: the fact, its announcement, then the keys.
async fn erase(sandbox: &Sandbox, customer: &str, purpose: Purpose) {
    let engine =
        Engine::open(&sandbox.config(), Role::Tool).await.expect("it opens beside whoever serves it");
    let org = OrgId::parse(&sandbox.info().org).expect("an org's id");
    let customer = CustomerRef::new(org, CustomerId::parse(customer).expect("a customer's id"));
    let purposes: Purposes = [purpose].into_iter().collect();
    let id = EventId::from_bytes(vault::random_id());
    let meta = Meta { time: Timestamp::default(), traceparent: None };
    let erased = CustomerErased { event_id: id.clone(), customer: customer.clone(), purposes };
    let event = engine.codec.event(&Event::CustomerErased(erased), &meta).expect("encoded");
    engine.log.append(Topic::Events, event).await.expect("appended");
    let announced = ErasureAnnounced { id, customer: customer.clone(), purposes };
    let outcome = engine.codec.outcome(&Outcome::CustomerErased(announced), &meta).expect("encoded");
    engine.log.append(Topic::Outcomes, outcome).await.expect("appended");
    let vault = engine.vault(Arc::new(AlwaysCurrent));
    assert!(vault.destroy(&customer, purposes).await.expect("destroyed"));
    drop(vault);
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_erasure_of_the_biometric_data_nothing_is_compared_and_what_was_answered_stays() {
    let Some(sandbox) = sandbox().await else { return };
    let api = sandbox.api();
    let customer = api.customer("Budi Santoso").await;
    let photo = json!({ "customerId": customer, "valid": true, "photo": portrait_text("macron_2014") });
    api.verdict(&photo).await.expect(200);
    until_read(&api, &customer).await;
    let body = json!({ "customerId": customer, "image": portrait_text("macron_2025") });
    let key = [("idempotency-key", "before")];
    let said = match_by(&api, &key, &body).await.expect(200);
    assert_eq!(said["match"]["verdict"], "match", "{said}");
    assert!(can_be_tried(&sandbox, &customer, &body).await, "its keys are there");
    erase(&sandbox, &customer, Purpose::Biometric).await;
    let refused = until("the API to hear of the erasure", async || {
        let answer = match_by(&api, &[], &body).await;
        (answer.status == 409).then_some(answer)
    })
    .await;
    assert!(!can_be_tried(&sandbox, &customer, &body).await, "by what is left");
    refused.is_error(409, "biometric consent withdrawn");
    let enrolled = api.post(ENROLMENTS, &[], &body).await;
    enrolled.is_error(409, "biometric consent withdrawn");
    // What was answered before still is, and the tier stays; the references are gone.
    let again = match_by(&api, &key, &body).await;
    again.is(200, &said);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(api.kyc(&customer).await["customer"]["kycLevel"], "premium");
    let list = format!("{ENROLMENTS}?customerId={customer}");
    until("the references to be gone", async || {
        (api.get(&list).await.expect(200)["total"] == 0).then_some(())
    })
    .await;
    erase(&sandbox, &customer, Purpose::Profile).await;
    until("the customer to be gone", async || (api.get(&list).await.status == 404).then_some(())).await;
    match_by(&api, &[], &body).await.is_error(404, "not found");
}

#[tokio::test]
async fn models_check_says_what_a_folder_holds_or_what_is_wrong_with_it() {
    let Some(folder) = models() else { return };
    let check = async |folder: &Path| {
        let folder = folder.to_str().expect("a path that is text");
        run_program(Program::IngestApi, &[], ["models", "check", "--models", folder].to_vec()).await
    };
    let good = check(&folder).await;
    assert_eq!(good.code, Some(0), "{good:?}");
    for words in [
        "yunet-2023mar-int8bq",
        "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
        "Apache-2.0",
        "low 0.400, medium 0.450, high 0.500",
        "cargo xtask models",
    ] {
        assert!(good.stdout.contains(words), "{words}: {}", good.stdout);
    }
    let empty = tempfile::tempdir().expect("a folder");
    let bad = check(empty.path()).await;
    assert_eq!(bad.code, Some(1), "{bad:?}");
    assert_eq!(bad.stderr.matches("cargo xtask models").count(), 1, "{}", bad.stderr);
    let none = run_program(Program::IngestApi, &[], ["models", "check"].to_vec()).await;
    assert_eq!(none.code, Some(2), "{none:?}");
}
