//! What the auditor's program says of logs that somebody changed in their store, of erased customers, and of what it
//! cannot do; and that no read is lost with an orderly end. The damage is made from outside, in the sandbox's log.

use domain::ports::Topic;
use domain::sealed::Purpose;
use rusqlite::Connection;
use serde_json::{Value, json};
use system_tests::client::{declined, text, verified};
use system_tests::harness::ContractHarness as _;
use system_tests::patience::DEADLINE;
use system_tests::process::{Program, run_program};
use system_tests::sandbox::Sandbox;

use crate::erasures::erase;

/// The log's file, opened by somebody who may do everything with it.
fn log_of(sandbox: &Sandbox) -> Connection {
    let database = Connection::open(sandbox.folder().join("log/log.sqlite")).expect("the log's file");
    database.busy_timeout(DEADLINE).expect("a setting");
    database
}

/// A stopped sandbox with a customer and so many declined verdicts.
async fn stopped_with(verdicts: usize) -> Sandbox {
    let mut sandbox = Sandbox::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    for _ in 0..verdicts {
        api.verdict(&declined(&customer, "Data ganda")).await.expect(200);
    }
    assert_eq!(sandbox.sigterm().await.code(), Some(0));
    sandbox
}

/// The lines of a replay's verdicts, and its exit code.
async fn verdicts_of(sandbox: &Sandbox) -> (Vec<Value>, Option<i32>) {
    let ran = sandbox.compliance(&["replay", "--json"]).await;
    let is_verdict = |line: &Value| line["type"] == "DukcapilVerdictReceived" || line["error"].is_string();
    (ran.json_lines().into_iter().filter(is_verdict).collect(), ran.code)
}

/// Where a line's evidence stands in its table.
fn evidence_place(line: &Value) -> i64 {
    let number = |name: &str| line["evidence"][name].as_u64().expect("a number");
    i64::try_from((number("partition") << 40) | number("offset")).expect("a place")
}

fn matches(lines: &[Value]) -> Vec<&Value> {
    lines.iter().map(|line| &line["evidence"]["matches"]).collect()
}

#[tokio::test]
async fn an_altered_audit_record_does_not_match_and_the_rest_does() {
    let sandbox = stopped_with(3).await;
    let (before, code) = verdicts_of(&sandbox).await;
    assert_eq!((matches(&before), code), (vec![&json!(true); 3], Some(0)));
    // One bit of one record, past the triggers that keep everybody else from it.
    let place = evidence_place(&before[1]);
    let log = log_of(&sandbox);
    log.execute_batch("DROP TRIGGER audit_no_update").expect("dropped");
    let value: Vec<u8> = log
        .query_row("SELECT value FROM audit WHERE place = ?1", [place], |row| row.get(0))
        .expect("the record");
    let mut altered = value.clone();
    *altered.last_mut().expect("bytes") ^= 1;
    log.execute("UPDATE audit SET value = ?1 WHERE place = ?2", rusqlite::params![altered, place])
        .expect("altered");
    drop(log);
    let (after, code) = verdicts_of(&sandbox).await;
    let (yes, no) = (json!(true), json!(false));
    assert_eq!((matches(&after), code), (vec![&yes, &no, &yes], Some(1)));
    assert!(after.iter().all(|line| line["error"].is_null()), "{after:?}");
}

#[tokio::test]
async fn a_log_that_ends_before_a_reference_is_told_with_the_reference() {
    let sandbox = stopped_with(3).await;
    // The last of its partition: the records of signers and secrets, which may stand there too, came before.
    let place = evidence_place(&verdicts_of(&sandbox).await.0[2]);
    let log = log_of(&sandbox);
    log.execute_batch("DROP TRIGGER audit_no_delete").expect("dropped");
    let gone = log.execute("DELETE FROM audit WHERE place = ?1", [place]);
    assert_eq!(gone.expect("deleted"), 1);
    drop(log);
    let (lines, code) = verdicts_of(&sandbox).await;
    assert_eq!((matches(&lines), code), (vec![&json!(true), &json!(true), &Value::Null], Some(1)));
    assert_eq!(lines[2]["error"], "evidence_not_in_the_log");
    assert!(lines[2]["evidence"]["offset"].is_u64() && lines[2]["verificationId"].is_string(), "{lines:?}");
}

#[tokio::test]
async fn a_damaged_event_is_a_line_with_an_error_and_its_customer_is_folded_without_it() {
    let sandbox = stopped_with(3).await;
    let log = log_of(&sandbox);
    log.execute_batch("DROP TRIGGER events_no_update").expect("dropped");
    let damaged =
        log.execute("UPDATE events SET value = x'01' WHERE place = (SELECT max(place) FROM events)", []);
    assert_eq!(damaged.expect("damaged"), 1);
    drop(log);
    let (lines, code) = verdicts_of(&sandbox).await;
    assert_eq!((lines.len(), code), (3, Some(1)));
    assert_eq!(lines[2]["error"], "not_decodable");
    assert_eq!(lines[2]["customerId"], sandbox.info().customer.as_str());
    let customer = &sandbox.info().customer;
    let state = ["state", "--json", "--customer", customer, "--as-of", "2100-01-01T00:00:00Z"];
    let state = sandbox.compliance(&state).await.json();
    assert_eq!(state["verifications"].as_array().map(Vec::len), Some(2), "{state}");
}

#[tokio::test]
async fn what_was_erased_is_shown_as_erased() {
    let sandbox = Sandbox::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    api.verdict(&verified(&customer)).await.expect(200);
    api.verdict(&declined(&customer, "Data ganda")).await.expect(200);
    erase(&sandbox, &customer, Purpose::Profile).await;
    let lines = sandbox.compliance(&["replay", "--json", "--customer", &customer]).await.json_lines();
    let (sealed, erased) = (json!({"sealed": true}), json!({"erased": true}));
    assert_eq!((&lines[0]["fullName"], &lines[2]["reason"]), (&erased, &erased), "{lines:?}");
    assert_eq!(lines[1]["photo"], sealed, "the biometric key stands");
    let state = ["state", "--json", "--customer", &customer, "--as-of", "2100-01-01T00:00:00Z"];
    let state = sandbox.compliance(&state).await.json();
    assert_eq!((&state["customer"]["fullName"], &state["verifications"][0]["reason"]), (&erased, &erased));
    api.get(&format!("/api/identity/kyc/{customer}")).await.is_error(404, "not found");
}

#[tokio::test]
async fn customers_are_found_by_the_orgs_own_id_and_exit_codes_tell_why_nothing_was_done() {
    let sandbox = Sandbox::start().await;
    let body = json!({"fullName": "Budi Santoso", "externalId": "CIF-0001"});
    let made = sandbox.api().post("/api/customers", &[], &body).await.expect(201);
    let ran = sandbox.compliance(&["replay", "--json", "--external-id", "CIF-0001"]).await;
    let lines = ran.json_lines();
    assert_eq!((ran.code, lines.len()), (Some(0), 1));
    assert_eq!(lines[0]["customerId"], text(&made["id"]));
    assert_eq!(lines[0]["externalId"], json!({"sealed": true}));
    for (arguments, code) in [
        (&["replay", "--external-id", "CIF-0002"][..], 1),
        (&["replay", "--customer", "cus_00000000000000000000000000"], 1),
        (&["replay", "--org", "org_00000000000000000000000000"], 1),
        (&["state", "--customer", "cus_00000000000000000000000000", "--as-of", "2026-01-01T00:00:00Z"], 1),
        (&["state", "--as-of", "2026-01-01T00:00:00Z"], 2),
        (&["state", "--customer", "cus_00000000000000000000000000"], 2),
        (&["replay", "--from", "yesterday"], 2),
        (&["replay", "--type", "Nothing"], 2),
        (&["replay", "--csv", "--json"], 2),
        (&["what-if"], 2),
        (&["what-if", "--policy-version", "0"], 2),
        (&["access"], 2),
    ] {
        let ran = sandbox.compliance(arguments).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(code), ""), "{arguments:?}: {ran:?}");
        assert!(!ran.stderr.is_empty(), "{arguments:?}");
    }
    let nowhere = sandbox.scratch("nowhere");
    let nowhere = ["replay", "--data-dir", nowhere.to_str().expect("a path")];
    let ran = run_program(Program::Compliance, &[], nowhere).await;
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(!sandbox.scratch("nowhere").exists(), "an auditor makes no installation");
}

#[tokio::test]
async fn a_log_that_does_not_answer_is_exit_code_3() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = local_cluster::settings(folder.path(), "127.0.0.1:1", &["127.0.0.1:1".to_owned()]);
    let file = folder.path().join("compliance.toml");
    std::fs::write(&file, settings).expect("the settings are written");
    let arguments = ["replay", "--config", file.to_str().expect("a path")];
    let ran = run_program(Program::Compliance, &[], arguments).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""), "{ran:?}");
}

#[tokio::test]
async fn reads_of_the_minute_that_goes_on_are_recorded_by_an_orderly_end() {
    let mut sandbox = Sandbox::start().await;
    let customer = sandbox.info().customer.clone();
    let me = sandbox.api().get("/api/auth/me").await.expect(200);
    sandbox.api().kyc(&customer).await;
    assert_eq!(sandbox.sigterm().await.code(), Some(0));
    let list = ["access", "list", "--json", "--customer", &customer];
    let lines = sandbox.compliance(&list).await.json_lines();
    assert!(!lines.is_empty(), "one, or two where a minute ended meanwhile");
    assert!(lines.iter().all(|line| line["customerId"] == customer.as_str()), "{lines:?}");
    assert!(me["keyId"].is_string() && lines.iter().all(|line| line["keyId"] == me["keyId"]), "{me}");
    let records = sandbox.records(Topic::Audit).await;
    assert!(records.iter().any(|record| record.key == format!("{}/", sandbox.info().org).into_bytes()));
}
