//! Registrations that broke off (contract §1, §4): whoever met a 503 may correct the body, and nobody is told of a
//! customer that nobody can read. The log is held up from outside: another program holds its write lock.

use serde_json::{Value, json};

use system_tests::client::{Answer, Api, text};
use system_tests::harness::ContractHarness as _;
use system_tests::patience::{DEADLINE, until};
use system_tests::sandbox::{Options, Sandbox};
use system_tests::wire::{Wire, post_head};

const CUSTOMERS: &str = "/api/customers";

/// Holds up every append to a sandbox's log until it is dropped; reading goes on.
struct Stall {
    _held: rusqlite::Connection,
}

impl Stall {
    fn of(sandbox: &Sandbox) -> Self {
        let folder = sandbox.folder().join("log");
        let databases: Vec<_> = std::fs::read_dir(&folder)
            .expect("the log's folder")
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|kind| kind == "sqlite"))
            .collect();
        let [database] = databases.as_slice() else { panic!("one database: {databases:?}") };
        let held = rusqlite::Connection::open(database).expect("the log");
        held.busy_timeout(DEADLINE).expect("a setting");
        held.execute_batch("BEGIN IMMEDIATE").expect("the write lock");
        Self { _held: held }
    }
}

fn named(full_name: &str, external_id: &str) -> Value {
    json!({"fullName": full_name, "externalId": external_id})
}

async fn register(api: &Api, key: Option<&str>, body: &Value) -> Answer {
    let headers: Vec<_> = key.map(|key| ("idempotency-key", key)).into_iter().collect();
    api.post(CUSTOMERS, &headers, body).await
}

/// Sends it again until it is not a 503; whatever it is then must not name a customer that nobody can read.
async fn in_the_end(api: &Api, key: Option<&str>, body: &Value) -> Answer {
    let answer = until("an answer that is not a 503", async || {
        let answer = register(api, key, body).await;
        if answer.status == 503 {
            assert!(answer.header("retry-after").is_some(), "{answer:?}");
            return None;
        }
        // Accepted, and with a key it may be asked again until it is shown.
        (answer.status != 202 || key.is_none()).then_some(answer)
    })
    .await;
    if answer.status == 409 {
        let id = text(&answer.json()["details"]["id"]).to_owned();
        api.get(&format!("{CUSTOMERS}/{id}")).await.expect(200);
    }
    answer
}

#[tokio::test]
async fn a_registration_that_met_a_503_gives_way_to_a_corrected_one() {
    let mut sandbox = Sandbox::start().await;
    let api = sandbox.api();
    let (wrong, right) = (named("Budi Santso", "CIF-1"), named("Budi Santoso", "CIF-1"));
    let stall = Stall::of(&sandbox);
    register(&api, Some("wrong"), &wrong).await.expect(503);
    register(&api, Some("right"), &right).await.expect(503);
    api.get(&format!("{CUSTOMERS}?externalId=CIF-1")).await.is_error(404, "not found");
    drop(stall);
    let made = in_the_end(&api, Some("right"), &right).await.expect(201);
    assert_eq!(made["fullName"], "Budi Santoso");
    // Each key has its answer from here on, whatever happens.
    for round in 0..2 {
        let api = sandbox.api();
        assert_eq!(in_the_end(&api, Some("right"), &right).await.expect(201), made);
        let taken = in_the_end(&api, Some("wrong"), &wrong).await.expect(409);
        assert_eq!(taken["details"]["id"], made["id"]);
        let reused = "idempotency key reused with a different body";
        register(&api, Some("wrong"), &named("Budi Susanto", "CIF-1")).await.is_error(422, reused);
        register(&api, Some("right"), &wrong).await.is_error(422, reused);
        let found = api.get(&format!("{CUSTOMERS}?externalId=CIF-1")).await.expect(200);
        assert_eq!((&found["id"], &found["fullName"]), (&made["id"], &made["fullName"]));
        if round == 0 {
            sandbox.kill9().await;
            sandbox.restart().await;
        }
    }
}

#[tokio::test]
async fn what_broke_off_gives_way_to_any_other_body_or_key_and_goes_on_with_the_same() {
    let sandbox = Sandbox::start().await;
    let api = sandbox.api();
    // The external id, the key it was first sent with, the key and the name it is sent with then.
    let table = [
        ("other body, no key", Some("a"), None, "Dewi"),
        ("other body, no keys", None, None, "Dewi"),
        ("same body, another key", Some("b"), Some("c"), "Budi"),
        ("same body, no key", Some("d"), None, "Budi"),
        ("same body, same key", Some("e"), Some("e"), "Budi"),
    ];
    let stall = Stall::of(&sandbox);
    // One after the other: each is refused for certain, none left waiting in the log's queue.
    for (what, key, ..) in table {
        register(&api, key, &named("Budi", what)).await.expect(503);
    }
    drop(stall);
    for (what, first_key, key, name) in table {
        let made = in_the_end(&api, key, &named(name, what)).await.expect(201);
        assert_eq!((&made["fullName"], &made["externalId"]), (&json!(name), &json!(what)));
        if let Some(first_key) = first_key.filter(|first| Some(*first) != key) {
            // Its registration went on under another hand, or gave way: its own answer is one customer, for ever.
            let again = in_the_end(&api, Some(first_key), &named("Budi", what)).await;
            let id = if again.status == 201 {
                again.json()["id"].clone()
            } else {
                again.expect(409)["details"]["id"].clone()
            };
            assert_eq!(id, made["id"], "{what}");
            let once_more = in_the_end(&api, Some(first_key), &named("Budi", what)).await;
            assert_eq!((once_more.status, once_more.json()), (again.status, again.json()), "{what}");
        }
        let taken = in_the_end(&api, None, &named("Someone", what)).await.expect(409);
        assert_eq!(taken["details"]["id"], made["id"], "{what}");
    }
}

/// The attempt may still take effect for a while: nobody knows, so nobody is told.
#[tokio::test]
async fn a_registration_that_was_killed_gives_way_when_it_can_no_longer_take_effect() {
    let mut sandbox = Sandbox::start_with(Options::default()).await;
    let stall = Stall::of(&sandbox);
    let body = named("Budi Santso", "CIF-2").to_string();
    let length = body.len().to_string();
    let headers = [("Content-Type", "application/json"), ("Content-Length", length.as_str())];
    let mut wire = Wire::open(&sandbox.address()).await;
    wire.send(post_head(CUSTOMERS, sandbox.api().key(), &headers)).await;
    wire.send(&body).await;
    pending_row(&sandbox).await;
    sandbox.kill9().await;
    drop((wire, stall));
    sandbox.restart().await;
    let api = sandbox.api();
    let made = in_the_end(&api, Some("right"), &named("Budi Santoso", "CIF-2")).await.expect(201);
    assert_eq!(made["fullName"], "Budi Santoso");
    let found = api.get(&format!("{CUSTOMERS}?externalId=CIF-2")).await.expect(200);
    assert_eq!(found["id"], made["id"]);
}

/// Waits until the key store has a row whose registration is not in the log.
async fn pending_row(sandbox: &Sandbox) {
    let keys = sandbox.folder().join("keystore").join("keys.sqlite");
    let keys = rusqlite::Connection::open(keys).expect("the key store");
    keys.busy_timeout(DEADLINE).expect("a setting");
    until("a pending row", async || {
        let count = "SELECT count(*) FROM key_row WHERE state = 'pending'";
        let count: i64 = keys.query_row(count, [], |row| row.get(0)).expect("counted");
        (count > 0).then_some(())
    })
    .await;
}
