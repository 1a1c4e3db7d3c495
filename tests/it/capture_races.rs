//! Captures from outside, where something stands in their way: many at once for one challenge, with the read model behind
//! and without, what a refused one leaves, and who decides where nobody reads cards.

use serde_json::{Value, json};
use tokio::task::JoinSet;

use system_tests::card_captures::{
    CAPTURE, challenged, decided, drawn, honest, is_refused, plain, unlimited,
};
use system_tests::client::{Answer, Api, fields, text};
use system_tests::harness::ContractHarness as _;
use system_tests::patience::until;
use system_tests::process::{Program, run_program};
use system_tests::repeated_posts::replayed;
use system_tests::sandbox::{Options, Sandbox};

use crate::lagging::Lag;
use crate::secrecy::{files, spellings};

const CAPTURES: usize = 200;

/// Two bundles of one challenge, in turn, all at once.
async fn raced(api: &Api, bodies: &[Value; 2], prefer: &'static str) -> Vec<Answer> {
    let mut sent = JoinSet::new();
    for at in 0..CAPTURES {
        let (api, body) = (api.clone(), bodies[at % 2].clone());
        sent.spawn(async move { api.post(CAPTURE, &[("prefer", prefer)], &body).await });
    }
    sent.join_all().await
}

/// Who asks too often at once is told to come back; the others' answers.
fn settled(answers: Vec<Answer>) -> Vec<Answer> {
    let (busy, settled): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 503);
    assert!(busy.iter().all(|answer| answer.header("retry-after").is_some()), "{busy:?}");
    assert!(!settled.is_empty(), "everybody was sent away");
    settled
}

async fn two_bundles(api: &Api, customer: &str) -> [Value; 2] {
    let challenge = challenged(api, customer, 3, 300_000).await;
    let bundle = plain(&challenge, customer);
    let mut other = bundle.clone();
    other.ocr_fields = None;
    other.sign(&challenge, customer);
    [bundle.to_json(customer), other.to_json(customer)]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_race_while_the_read_model_lags_shows_no_verdict_and_ends_in_one_row() {
    let sandbox = Sandbox::start().await;
    let (_, api) = unlimited(&sandbox).await;
    let customer = api.customer("Budi Santoso").await;
    let bodies = two_bundles(&api, &customer).await;
    let lag = Lag::of(&sandbox);
    let answers = settled(raced(&api, &bodies, "respond-async").await);
    for answer in &answers {
        if answer.status == 202 {
            let said = answer.json();
            let named = (fields(&said), fields(&said["verification"]));
            assert_eq!(named, (vec!["verification"], vec!["id"]), "{said}");
        } else {
            is_refused(answer, 409, "challenge_used");
        }
    }
    assert!(answers.iter().any(|answer| answer.status == 202), "{answers:?}");
    drop(lag);
    let query = format!("customerId={customer}");
    until("the row", async || (api.total(&query).await > 0).then_some(())).await;
    let statuses = settled(raced(&api, &bodies, "wait=30").await);
    assert!(statuses.iter().all(|answer| matches!(answer.status, 200 | 409)), "{statuses:?}");
    assert_eq!(api.total(&query).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_race_has_one_answer_and_every_other_bundle_is_told_that_it_is_used() {
    let sandbox = Sandbox::start().await;
    let (_, api) = unlimited(&sandbox).await;
    let customer = api.customer("Budi Santoso").await;
    let bodies = two_bundles(&api, &customer).await;
    let answers = settled(raced(&api, &bodies, "wait=30").await);
    let mut said: Vec<Value> = Vec::new();
    for answer in &answers {
        if answer.status == 200 {
            said.push(answer.json());
        } else {
            is_refused(answer, 409, "challenge_used");
        }
    }
    assert!(!said.is_empty() && said.iter().all(|one| *one == said[0]), "{said:?}");
    assert_eq!(api.total(&format!("customerId={customer}")).await, 1);
}

#[tokio::test]
async fn a_bad_signature_is_counted_and_appends_nothing() {
    let sandbox = Sandbox::start().await;
    let api = sandbox.api();
    let customer = sandbox.info().customer.clone();
    let challenge = challenged(&api, &customer, 3, 300_000).await;
    let mut bundle = plain(&challenge, &customer);
    bundle.signature = Some("0".repeat(64));
    let before = sandbox.ends().await;
    is_refused(&api.post(CAPTURE, &[], &bundle.to_json(&customer)).await, 422, "signature_invalid");
    assert_eq!(before.appended_until(&sandbox.ends().await), []);
    assert_eq!(api.total("").await, 0);
    let page = String::from_utf8(sandbox.admin().get("/metrics").await.body).expect("text");
    let counted = page.lines().find(|line| {
        line.starts_with("identity_captures_refused_total{") && line.contains("code=\"signature_invalid\"")
    });
    assert!(counted.is_some_and(|line| line.ends_with(" 1")), "{counted:?}");
}

#[tokio::test]
async fn what_the_server_is_to_read_waits_for_a_person_where_there_is_no_reader() {
    let sandbox = Sandbox::start().await;
    let (org, api) = unlimited(&sandbox).await;
    let set = sandbox.orgs(&["set", &org, "--set", "ktp.textSource=server"]).await;
    assert_eq!(set.code, Some(0), "{set:?}");
    until("the setting to hold", async || {
        let me = api.get("/api/auth/me").await.expect(200);
        (me["settings"]["ktp.textSource"] == "server").then_some(())
    })
    .await;
    let (_, api) = sandbox.key(&org, &[]).await;
    let customer = api.customer("Budi Santoso").await;
    let challenge = challenged(&api, &customer, 3, 300_000).await;
    let options = honest(3, None);
    let bundle = drawn(&challenge, &customer, &options);
    let said = decided(&api, &customer, &bundle).await.expect(200);
    assert_eq!(said["verification"]["status"], "pending", "{said}");
    let voters = said["tamper"]["voters"].as_array().expect("voters");
    let read = voters.iter().find(|voter| voter["name"] == "nik_read").expect("its vote");
    assert_eq!((text(&read["state"]), &read["reason"]), ("abstain", &json!("no_reader")), "{said}");
}

#[tokio::test]
async fn a_rebuilt_read_model_has_the_same_answer_to_the_same_bundle() {
    let sandbox = Sandbox::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let challenge = challenged(&api, &customer, 3, 300_000).await;
    let bundle = plain(&challenge, &customer);
    let said = decided(&api, &customer, &bundle).await.expect(200);
    let folder = sandbox.folder();
    let words = ["rebuild", "--grace", "0", "--data-dir", folder.to_str().expect("a path")];
    let rebuilt = run_program(Program::Projector, &[], words.to_vec()).await;
    assert_eq!(rebuilt.code, Some(0), "{rebuilt:?}");
    let again = decided(&api, &customer, &bundle).await;
    again.is(200, &said);
    assert!(replayed(&again), "{again:?}");
    assert_eq!(api.total("").await, 1);
}

#[tokio::test]
async fn what_a_capture_says_and_is_signed_with_stands_nowhere_in_clear() {
    let mut sandbox = Sandbox::start_with(Options::environment(&[("RUST_LOG", "trace")])).await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let challenge = challenged(&api, &customer, 3, 300_000).await;
    let bundle = plain(&challenge, &customer);
    let mut forged = bundle.clone();
    forged.signature = Some("0".repeat(64));
    is_refused(&api.post(CAPTURE, &[], &forged.to_json(&customer)).await, 422, "signature_invalid");
    decided(&api, &customer, &bundle).await.expect(200);
    let page = sandbox.admin().get("/metrics").await.body;
    sandbox.sigterm().await;
    let claimed = bundle.ocr_fields.as_ref().expect("fields");
    let secrets = [&claimed["nik"], &claimed["fullName"], &challenge.hmac_secret];
    let needles: Vec<_> = secrets.iter().flat_map(|secret| spellings(secret.as_bytes())).collect();
    let are_not_in = |place: &str, bytes: &[u8]| {
        let found = needles.iter().position(|needle| memchr::memmem::find(bytes, needle).is_some());
        assert!(found.is_none(), "spelling {found:?} stands in {place}");
    };
    are_not_in("the metrics", &page);
    are_not_in("the program's words", sandbox.output().as_bytes());
    let mut found = Vec::new();
    files(&sandbox.folder(), &mut found);
    assert!(found.len() > 3, "nothing to search: {found:?}");
    for path in found {
        let inside = path.strip_prefix(sandbox.folder()).expect("within");
        if !inside.starts_with("kms") && !inside.starts_with("compliance") {
            are_not_in(&inside.display().to_string(), &std::fs::read(&path).expect("a file"));
        }
    }
}
