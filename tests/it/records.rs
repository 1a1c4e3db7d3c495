//! What others find in the logs (contract §5), taken from a sandbox's folder, and read as a subscriber does:
//! by the id in the bytes and the registry on the management listener.

use std::collections::{BTreeMap, BTreeSet};

use domain::ports::{StoredRecord, Topic};
use serde_json::{Value, json};

use system_tests::client::{Answer, declined, is_id, is_time, text, verified};
use system_tests::harness::ContractHarness as _;
use system_tests::sandbox::Sandbox;

/// The names of a topic's records: `ce_type` without its version.
const NAMES: [(&str, &[&str]); 3] = [
    ("identity.events", &["identity.CustomerRegistered", "identity.DukcapilVerdictReceived"]),
    (
        "identity.audit",
        &["identity.SignerSetChanged", "identity.EvidenceSecretShared", "identity.VerdictEvidence"],
    ),
    (
        "identity.outcomes",
        &[
            "identity.VerificationCreated",
            "identity.FaceEnrolled",
            "identity.KycUpdated",
            "identity.SignalRaised",
        ],
    ),
];

/// Those that are about an org and no customer.
const OF_THE_ORG: [&str; 2] = ["identity.SignerSetChanged", "identity.EvidenceSecretShared"];

/// The registry's answer, which has a media type of its own.
#[track_caller]
fn registered(answer: &Answer, status: u16) -> Value {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/vnd.schemaregistry.v1+json"), "{answer:?}");
    serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("not JSON: {answer:?}"))
}

fn header<'r>(record: &'r StoredRecord, name: &str) -> &'r str {
    let value = record.header(name).unwrap_or_else(|| panic!("no {name}: {record:?}"));
    std::str::from_utf8(value).unwrap_or_else(|_| panic!("{name} is no text: {record:?}"))
}

#[tokio::test]
async fn records_are_what_a_subscriber_expects() {
    let mut sandbox = Sandbox::start().await;
    let (api, info) = (sandbox.api(), sandbox.info().clone());
    api.verdict(&verified(&info.customer)).await.expect(200);
    // With what is sealed for two signers, so that an hour's secret is shared.
    let mut with_raw = declined(&info.customer, "Data ganda");
    with_raw["raw"] = json!({"NIK": "Sesuai"});
    api.verdict(&with_raw).await.expect(200);
    // The registry, while it is there.
    let admin = sandbox.admin();
    let subjects: Value = registered(&admin.get("/registry/subjects").await, 200);
    let mut schemas = BTreeMap::new();
    for subject in subjects.as_array().expect("subjects") {
        let path = format!("/registry/subjects/{}/versions/latest", text(subject));
        let found = registered(&admin.get(&path).await, 200);
        assert_eq!(&found["subject"], subject);
        let by_id = registered(&admin.get(&format!("/registry/schemas/ids/{}", found["id"])).await, 200);
        assert_eq!(by_id["schema"], found["schema"]);
        schemas.insert(text(subject).to_owned(), found);
    }
    sandbox.sigterm().await;

    let customer_key = format!("{}/{}", info.org, info.customer);
    let org_key = format!("{}/", info.org);
    for (topic, names) in NAMES {
        let of = Topic::ALL.into_iter().find(|one| one.name() == topic).expect("a topic");
        let found = sandbox.records(of).await;
        assert!(!found.is_empty(), "{topic} is empty");
        for record in &found {
            let name = header(record, "ce_type").strip_suffix(".v1").unwrap_or_else(|| panic!("{record:?}"));
            assert!(names.contains(&name), "{topic}: {name}");
            let is_of_the_org = OF_THE_ORG.contains(&name);
            let (key, subject) =
                if is_of_the_org { (&org_key, &info.org) } else { (&customer_key, &info.customer) };
            assert_eq!(std::str::from_utf8(&record.key).expect("UTF-8"), key, "{topic}: {name}");
            assert_eq!(header(record, "ce_specversion"), "1.0");
            assert_eq!(header(record, "content-type"), "application/avro");
            assert!(is_id("evt_", &json!(header(record, "ce_id"))), "{topic}: {}", header(record, "ce_id"));
            assert!(is_time(&json!(header(record, "ce_time"))), "{topic}: {}", header(record, "ce_time"));
            assert_eq!(header(record, "ce_subject"), subject);
            assert!(header(record, "ce_source").starts_with("/identity/"));
            let fingerprint = record.header("schema-fingerprint").expect("a fingerprint");
            assert_eq!(fingerprint.len(), 32);
            // Confluent's wire format: 0x00, the id, the body; the id's schema is the name's.
            let value = record.value.as_ref().expect("a body");
            let (magic, rest) = value.split_first().expect("bytes");
            assert_eq!(*magic, 0);
            let id = u32::from_be_bytes(*rest.first_chunk().expect("an id"));
            let schema = &schemas[&format!("{topic}-{name}")];
            assert_eq!(schema["id"], id, "{topic}: {name}");
            let schema: Value = serde_json::from_str(text(&schema["schema"])).expect("a schema");
            let own = text(&schema["name"]);
            let full = match schema["namespace"].as_str() {
                Some(namespace) if !own.contains('.') => format!("{namespace}.{own}"),
                _ => own.to_owned(),
            };
            assert_eq!(full, name, "full names have no version");
        }
        let mut seen: Vec<&str> = found.iter().map(|record| header(record, "ce_type")).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), names.len(), "{topic}: {seen:?}");
        // One key, one partition, in order.
        let mut places: BTreeMap<&[u8], BTreeSet<_>> = BTreeMap::new();
        for record in &found {
            places.entry(&record.key).or_default().insert(record.source.partition);
        }
        assert!(places.values().all(|partitions| partitions.len() == 1), "{topic}: {places:?}");
    }
}

#[tokio::test]
async fn the_registry_answers_as_confluents_does() {
    let sandbox = Sandbox::start().await;
    let admin = sandbox.admin();
    let subject = "identity.events-identity.CustomerRegistered";
    let versions = format!("/registry/subjects/{subject}/versions");
    for subject in [subject, "identity.events-identity.CustomerErased"] {
        let versions = format!("/registry/subjects/{subject}/versions");
        assert_eq!(registered(&admin.get(&versions).await, 200), json!([1]));
        for version in ["1", "latest"] {
            let found = registered(&admin.get(&format!("{versions}/{version}")).await, 200);
            assert_eq!((&found["subject"], &found["version"]), (&json!(subject), &json!(1)));
        }
    }
    for (path, status, code) in [
        ("/registry/subjects/nobody/versions".to_owned(), 404, 40401),
        ("/registry/subjects/nobody/versions/1".to_owned(), 404, 40401),
        (format!("{versions}/2"), 404, 40402),
        (format!("{versions}/99"), 404, 40402),
        (format!("{versions}/0"), 422, 42202),
        (format!("{versions}/first"), 422, 42202),
        ("/registry/schemas/ids/999999".to_owned(), 404, 40403),
    ] {
        let refused = registered(&admin.get(&path).await, status);
        assert_eq!(refused["error_code"], code, "{path}: {refused}");
        assert!(refused["message"].is_string(), "{path}: {refused}");
    }
}
