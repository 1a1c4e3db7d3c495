//! What the auditor's program shows beside whoever serves, on both engines: every fact once, in order and with its
//! evidence; a state that is the API's answer as of any moment; whom another policy would move; who read whom.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use compliance::CompliancePorts;
use compliance::customer_state::customer_kyc;
use domain::ids::{CustomerId, CustomerRef, OrgId};
use domain::time::Timestamp;
use engine::{Engine, Role};
use rand::RngExt as _;
use serde_json::{Value, json};

use crate::client::{Api, declined, text, verified};
use crate::harness::ContractHarness;
use crate::load::rng;
use crate::patience::{until, until_within};
use crate::portraits::portrait_text;

/// How long a record of reads may take from the read on: the rest of the minute, and a busy machine.
const MINUTE_DEADLINE: Duration = Duration::from_secs(300);

/// What stands in a line's field; nothing but a text.
fn of<'l>(line: &'l Value, field: &str) -> &'l str {
    line[field].as_str().unwrap_or_else(|| panic!("no {field}: {line}"))
}

pub async fn a_replay_shows_what_was_sent_in_its_order_with_its_evidence<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (api, org) = (sandbox.api(), sandbox.info().org.clone());
    let mut sent: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in ["Budi Santoso", "Siti Rahayu", "Agus Wijaya"] {
        sent.insert(api.customer(name).await, Vec::new());
    }
    let customers: Vec<String> = sent.keys().cloned().collect();
    for number in 0..60 {
        let customer = &customers[(number * 7 + number / 5) % customers.len()];
        let body = if number % 3 == 0 { verified(customer) } else { declined(customer, "Nama tidak sesuai") };
        let said = api.verdict(&body).await.expect(200);
        let ids = sent.get_mut(customer).expect("a customer");
        ids.push(text(&said["verification"]["id"]).to_owned());
    }
    let ran = sandbox.compliance(&["replay", "--json", "--org", &org]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let lines = ran.json_lines();
    let mut verdicts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in lines.iter().filter(|line| line["type"] == "DukcapilVerdictReceived") {
        assert_eq!(line["evidence"]["matches"], true, "{line}");
        verdicts
            .entry(of(line, "customerId").to_owned())
            .or_default()
            .push(of(line, "verificationId").to_owned());
    }
    assert_eq!(verdicts, sent);
    let registered = lines.iter().filter(|line| line["type"] == "CustomerRegistered").count();
    assert_eq!(lines.len(), 60 + registered, "nothing else happened");
    let place = |line: &Value| {
        (of(line, "appendedAt").to_owned(), line["partition"].as_u64(), line["offset"].as_u64())
    };
    assert!(lines.iter().map(place).is_sorted(), "by time, partition and offset");
    let sealed = json!({"sealed": true});
    assert!(lines.iter().filter(|line| line["valid"] == false).all(|line| line["reason"] == sealed));
    assert!(lines.iter().filter(|line| line["valid"] == true).all(|line| line["photo"] == sealed));
    for personal in ["Budi", "Siti", "sesuai"] {
        assert!(!ran.stdout.contains(personal) && !ran.stderr.contains(personal), "{personal} is shown");
    }
    shows_what_is_asked_for(&sandbox, &customers[0], &sent).await;
}

async fn shows_what_is_asked_for<H: ContractHarness>(
    sandbox: &H,
    customer: &str,
    sent: &BTreeMap<String, Vec<String>>,
) {
    let one = &sent[customer];
    let ran = sandbox.compliance(&["replay", "--json", "--customer", customer]).await;
    let lines = ran.json_lines();
    assert_eq!((ran.code, lines.len()), (Some(0), one.len() + 1), "{ran:?}");
    let (first, last) = (of(&lines[1], "appendedAt"), of(&lines[lines.len() - 1], "appendedAt"));
    let within = |line: &&Value| (first..last).contains(&of(line, "appendedAt"));
    let wanted = lines.iter().filter(within).count();
    let times = ["replay", "--json", "--customer", customer, "--from", first, "--to", last];
    assert_eq!(sandbox.compliance(&times).await.json_lines().len(), wanted);
    let method = ["replay", "--json", "--customer", customer, "--method", "nik_dukcapil"];
    assert_eq!(sandbox.compliance(&method).await.json_lines().len(), one.len());
    let kind = ["replay", "--csv", "--customer", customer, "--type", "DukcapilVerdictReceived"];
    let csv = sandbox.compliance(&kind).await;
    assert_eq!((csv.code, csv.stdout.matches("\r\n").count()), (Some(0), one.len() + 1), "{csv:?}");
    assert!(csv.stdout.starts_with("topic,partition,offset,appendedAt,type,"), "{csv:?}");
    let table = sandbox.compliance(&["replay", "--customer", customer]).await;
    assert_eq!((table.code, table.stdout.lines().count()), (Some(0), one.len() + 2), "{table:?}");
    assert!(table.stdout.contains("matches"), "{table:?}");
}

/// The API's answer with what is sealed shown as sealed.
pub fn sealed_as_compliance_shows_it(mut body: Value) -> Value {
    let sealed = json!({"sealed": true});
    body["customer"]["fullName"] = sealed.clone();
    for row in body["verifications"].as_array_mut().expect("rows") {
        if row["reason"].is_string() {
            row["reason"] = sealed.clone();
        }
    }
    body
}

pub async fn a_state_is_the_apis_answer_as_of_any_moment<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = api.customer("Budi Santoso").await;
    for number in 0..12 {
        let body = if number % 5 == 3 { verified(&customer) } else { declined(&customer, "Data ganda") };
        api.verdict(&body).await.expect(200);
    }
    let last = api.kyc(&customer).await;
    let millis = |value: &Value| Timestamp::parse(text(value)).expect("a time").millis();
    let end = millis(&last["verifications"][0]["createdAt"]);
    let registered = api.get(&format!("/api/customers/{customer}")).await.expect(200);
    let begin = millis(&registered["createdAt"]);
    let org = OrgId::parse(&sandbox.info().org).expect("an org's id");
    let named = CustomerRef::new(org, CustomerId::parse(&customer).expect("a customer's id"));
    let engine = Engine::open(&sandbox.config(), Role::Tool).await.expect("it opens beside whoever serves");
    let ports = CompliancePorts {
        log: Arc::clone(&engine.log),
        keys: Arc::clone(&engine.keys),
        codec: engine.codec.clone(),
    };
    let mut rng = rng(12, 0);
    for number in 0..100 {
        let as_of = Timestamp::from_millis(rng.random_range(begin - 5..=end + 5));
        let found = customer_kyc(&ports, &named, as_of, &()).await.expect("the log answers");
        let found = found.map(|kyc| kyc.body());
        let path = format!("/api/identity/kyc/{customer}?asOf={}", as_of.rfc3339());
        let answer = api.get(&path).await;
        let wanted = (answer.status != 404).then(|| sealed_as_compliance_shows_it(answer.expect(200)));
        assert_eq!(found, wanted, "{number}: {as_of:?}");
    }
    drop(ports);
    engine.close().await;
    let at = text(&last["verifications"][5]["createdAt"]);
    let ran = sandbox.compliance(&["state", "--json", "--customer", &customer, "--as-of", at]).await;
    let wanted = api.get(&format!("/api/identity/kyc/{customer}?asOf={at}")).await.expect(200);
    assert_eq!(ran.json(), sealed_as_compliance_shows_it(wanted));
    let early = ["state", "--customer", &customer, "--as-of", "2020-01-01T00:00:00Z"];
    assert_eq!(sandbox.compliance(&early).await.code, Some(1), "nobody was registered then");
}

/// Matched against the registry's photo, once that was read.
async fn matched(api: &Api, customer: &str) {
    let body = json!({ "customerId": customer, "image": portrait_text("macron_2025") });
    until("the match", async || {
        (api.post("/api/identity/face/match", &[], &body).await.status == 200).then_some(())
    })
    .await;
    assert_eq!(api.kyc(customer).await["customer"]["kycLevel"], "premium");
}

pub async fn what_if_names_exactly_those_whom_another_policy_would_move<H: ContractHarness>() {
    let Some(sandbox) = H::with_models().await else { return };
    let (api, org) = (sandbox.api(), sandbox.info().org.clone());
    let mut moved = Vec::new();
    for number in 0..4 {
        let customer = api.customer("Budi Santoso").await;
        let body = json!({ "customerId": customer, "valid": true, "photo": portrait_text("macron_2014") });
        api.verdict(&body).await.expect(200);
        if number % 2 == 1 {
            matched(&api, &customer).await;
            moved.push(customer);
        }
    }
    moved.sort();
    let ran = sandbox.compliance(&["what-if", "--json", "--policy-version", "2", "--org", &org]).await;
    // The harness's own customer was never verified.
    let wanted = json!({
        "customers": 5,
        "moved": [{"from": "premium", "to": "standard", "count": 2}],
        "sample": moved,
    });
    assert_eq!(ran.json(), wanted);
    let same = sandbox.compliance(&["what-if", "--json", "--policy-version", "1", "--org", &org]).await;
    assert_eq!(same.json(), json!({"customers": 5, "moved": [], "sample": []}));
    for customer in &moved {
        assert_eq!(api.kyc(customer).await["customer"]["kycLevel"], "premium", "nothing was written");
    }
    let unknown = sandbox.compliance(&["what-if", "--policy-version", "99"]).await;
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
}

/// The customers of those lines.
fn shown_in(lines: &[Value]) -> BTreeSet<&str> {
    lines.iter().map(|line| of(line, "customerId")).collect()
}

pub async fn whose_data_a_key_read_is_listed_once_the_minute_has_ended<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (api, org) = (sandbox.api(), sandbox.info().org.clone());
    let (key_id, reader) = sandbox.key(&org, &["--scopes", "read"]).await;
    let customers = [api.customer("Budi Santoso").await, api.customer("Siti Rahayu").await];
    api.verdict(&declined(&customers[1], "Data ganda")).await.expect(200);
    let unread = api.customer("Agus Wijaya").await;
    api.verdict(&verified(&unread)).await.expect(200);
    let found = json!({"fullName": "Rina Dewi", "externalId": "CIF-read-1"});
    let found = text(&api.post("/api/customers", &[], &found).await.expect(201)["id"]).to_owned();
    let of_one = api.customer("Dian Putra").await;
    let verification = api.verdict(&declined(&of_one, "Data ganda")).await.expect(200);
    let verification = text(&verification["verification"]["id"]).to_owned();
    // Each way in which personal data comes out of the API.
    reader.get("/api/customers?externalId=CIF-read-1").await.expect(200);
    reader.get(&format!("/api/identity/verifications/{verification}")).await.expect(200);
    reader.get(&format!("/api/customers/{}", customers[0])).await.expect(200);
    reader.get(&format!("/api/identity/kyc/{}", customers[0])).await.expect(200);
    let of_customer = format!("/api/identity/attempts?customerId={}", customers[1]);
    assert_eq!(reader.get(&of_customer).await.expect(200)["total"], 1);
    let of_unread = format!("/api/identity/attempts?customerId={unread}");
    assert_eq!(
        reader.get(&of_unread).await.expect(200)["total"],
        1,
        "without a reason nothing personal is shown"
    );
    let read = [&customers[0], &customers[1], &found, &of_one];
    let minute = || chrono::Utc::now().timestamp() / 60;
    let read_in = minute();
    until_within(MINUTE_DEADLINE, "the minute's end", async || (minute() > read_in).then_some(())).await;
    let list = ["access", "list", "--json", "--org", &org, "--key", &key_id];
    let lines = until_within(MINUTE_DEADLINE, "the record of the reads", async || {
        let ran = sandbox.compliance(&list).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        // Two minutes' records, where one ended between the reads.
        Some(ran.json_lines()).filter(|lines| shown_in(lines).len() >= read.len())
    })
    .await;
    let wanted: BTreeSet<&str> = read.iter().map(|customer| customer.as_str()).collect();
    assert_eq!(shown_in(&lines), wanted, "each customer whose name or reason was shown, and nobody else");
    assert!(lines.iter().all(|line| line["kind"] == "api_read" && line["keyId"] == key_id.as_str()));
    let one = sandbox.compliance(&["access", "list", "--customer", &customers[0], "--key", &key_id]).await;
    assert!(one.stdout.contains(&customers[0]) && !one.stdout.contains(&customers[1]), "{one:?}");
}
