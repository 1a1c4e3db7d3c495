//! What is kept and does not open (contract §4): a damaged row or key is its own customer's matter, and everything
//! else is shown. The damage is made from outside, in the sandbox's databases.

use std::path::PathBuf;

use domain::ids::{OrgId, VerificationId};
use domain::rows::VerificationRow;
use domain::sealed::Sealed;
use row_codec::RowBody as _;
use serde_json::{Value, json};

use system_tests::client::{declined, fields, is_time, text};
use system_tests::harness::ContractHarness as _;
use system_tests::patience::DEADLINE;
use system_tests::sandbox::Sandbox;

/// Runs a statement in the one database of a part of the sandbox's folder; the face vectors beside the read model are another part.
fn damage(sandbox: &Sandbox, part: &str, statement: &str, about: &str) {
    let databases: Vec<PathBuf> = std::fs::read_dir(sandbox.folder().join(part))
        .expect("the part's folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension().is_some_and(|kind| kind == "sqlite") && !path.ends_with("faces.sqlite")
        })
        .collect();
    let [database] = databases.as_slice() else { panic!("one database: {databases:?}") };
    let database = rusqlite::Connection::open(database).expect("a database");
    database.busy_timeout(DEADLINE).expect("a setting");
    let changed = database.execute(statement, [about]).expect("damaged");
    assert!(changed > 0, "nothing was damaged");
}

/// The row of that verification, as the read model's file has it.
fn stored_verification(sandbox: &Sandbox, id: &str) -> VerificationRow {
    let database =
        rusqlite::Connection::open(sandbox.folder().join("views/views.sqlite")).expect("a database");
    let columns = database.query_row("SELECT org, body FROM verification WHERE id = ?1", [id], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?))
    });
    let (org, body) = columns.expect("a row");
    let key = (OrgId::parse(&org).expect("an org"), VerificationId::parse(id).expect("an id"));
    VerificationRow::read_body(key, &body).expect("a verification")
}

/// A declined verdict with a reason; its id.
async fn declined_of(sandbox: &Sandbox, customer: &str) -> String {
    let said = sandbox.api().verdict(&declined(customer, "Data ganda")).await.expect(200);
    text(&said["verification"]["id"]).to_owned()
}

/// The row says that its reason cannot be read; everything else of it is shown.
#[track_caller]
fn is_unreadable(row: &Value) {
    assert_eq!(row["reason"], Value::Null, "{row}");
    assert_eq!(
        (&row["status"], &row["reasonCategory"]),
        (&json!("failed"), &json!("duplicate_record")),
        "{row}"
    );
    let signals = row["signals"].as_array().expect("signals");
    let [signal] = signals.as_slice() else { panic!("one signal: {row}") };
    assert_eq!(fields(signal), ["code", "createdAt", "severity"], "{row}");
    assert_eq!(
        (&signal["code"], &signal["severity"]),
        (&json!("reason_unreadable"), &json!("high")),
        "{row}"
    );
    assert!(is_time(&signal["createdAt"]), "{row}");
}

#[track_caller]
fn is_whole(row: &Value) {
    assert_eq!((&row["reason"], &row["signals"]), (&json!("Data ganda"), &json!([])), "{row}");
}

#[tokio::test]
async fn one_row_that_does_not_open_keeps_no_other_from_being_shown() {
    let sandbox = Sandbox::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let (one, other) = (declined_of(&sandbox, &customer).await, declined_of(&sandbox, &customer).await);
    // Another row's envelope, cut short, or no envelope at all.
    let [whole, foreign] = [&one, &other].map(|id| stored_verification(&sandbox, id));
    let envelope = whole.reason.as_ref().expect("a reason").as_bytes().to_vec();
    for envelope in [
        foreign.reason.expect("a reason").as_bytes().to_vec(),
        envelope[..40].to_vec(),
        vec![0],
        vec![0; envelope.len()],
    ] {
        let reason = format!("{} bytes instead of an envelope", envelope.len());
        let damaged = Some(Sealed::from_envelope(envelope.into()));
        let body = VerificationRow { reason: damaged, ..whole.clone() }.body();
        let body: String = body.iter().map(|byte| format!("{byte:02x}")).collect();
        let statement = format!("UPDATE verification SET body = x'{body}' WHERE id = ?1");
        damage(&sandbox, "views", &statement, &one);
        let rows = api.rows("").await;
        assert_eq!(rows.len(), 2, "{reason}");
        for row in &rows {
            if row["id"] == one.as_str() { is_unreadable(row) } else { is_whole(row) }
        }
        is_unreadable(&api.get(&format!("/api/identity/verifications/{one}")).await.expect(200));
        is_whole(&api.get(&format!("/api/identity/verifications/{other}")).await.expect(200));
        let kyc = api.kyc(&customer).await;
        let reasons: Vec<&Value> =
            kyc["verifications"].as_array().expect("rows").iter().map(|row| &row["reason"]).collect();
        assert_eq!(reasons, [&json!("Data ganda"), &Value::Null], "{reason}: {kyc}");
    }
    let metrics = String::from_utf8(sandbox.admin().get("/metrics").await.body).expect("text");
    assert!(metrics.contains("identity_unreadable_rows_total"), "an operator hears of it");
    assert!(sandbox.output().contains(&one), "the log says which row");
}

#[tokio::test]
async fn one_customers_damaged_key_keeps_no_other_customer_from_being_shown() {
    let mut sandbox = Sandbox::start().await;
    let customer = sandbox.info().customer.clone();
    let damaged = sandbox.api().customer("Dewi Lestari").await;
    declined_of(&sandbox, &customer).await;
    declined_of(&sandbox, &damaged).await;
    let lost = sandbox.api().customer("Rina Wijaya").await;
    declined_of(&sandbox, &lost).await;
    // Its keys are read anew after a restart.
    sandbox.sigterm().await;
    let wrapped = "UPDATE wrapped_key SET bytes = zeroblob(length(bytes)) \
                   WHERE id IN (SELECT wrapped FROM data_key WHERE customer = ?1 AND purpose = 'profile')";
    damage(&sandbox, "keystore", wrapped, &damaged);
    // As in a key store that was restored from before the customer.
    for table in ["data_key", "key_row"] {
        damage(&sandbox, "keystore", &format!("DELETE FROM {table} WHERE customer = ?1"), &lost);
    }
    sandbox.restart().await;
    let api = sandbox.api();
    let rows = api.rows("").await;
    assert_eq!(rows.len(), 3);
    for row in &rows {
        if row["customerId"] == customer.as_str() { is_whole(row) } else { is_unreadable(row) }
    }
    // Nobody is told that there is no such customer.
    for path in [format!("/api/customers/{lost}"), format!("/api/identity/kyc/{lost}")] {
        let refused = api.get(&path).await;
        refused.is_error(503, "temporarily unavailable");
        assert!(refused.header("retry-after").is_some(), "{refused:?}");
    }
    api.verdict(&declined(&lost, "Data ganda")).await.is_error(503, "temporarily unavailable");
    assert_eq!(api.total("").await, 3);
    assert!(sandbox.output().contains("has no row of a customer"), "the log says why");
}
