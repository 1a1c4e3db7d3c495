//! While the read model lags (contract §1, §2, §4): what was accepted is a 202 and stays one verdict, whoever
//! sends it again; a customer that is not shown yet takes verdicts. The lag is made from outside: another
//! program holds the write lock of the sandbox's read model.

use serde_json::{Value, json};

use system_tests::client::{Answer, VERDICT, declined, text, verified};
use system_tests::harness::ContractHarness as _;
use system_tests::patience::{DEADLINE, until};
use system_tests::sandbox::{Options, Sandbox};
use system_tests::wire::{Wire, post_head};

const CUSTOMERS: &str = "/api/customers";
const REUSED: &str = "idempotency key reused with a different body";

/// Holds up the projector of a sandbox until it is dropped; reading goes on.
pub(crate) struct Lag {
    _held: rusqlite::Connection,
}

impl Lag {
    pub(crate) fn of(sandbox: &Sandbox) -> Self {
        let database = sandbox.folder().join("views").join("views.sqlite");
        assert!(database.is_file(), "the read model: {database:?}");
        let held = rusqlite::Connection::open(database).expect("the read model");
        held.busy_timeout(DEADLINE).expect("a setting");
        held.execute_batch("BEGIN IMMEDIATE").expect("the write lock");
        Self { _held: held }
    }
}

#[track_caller]
fn is_accepted(answer: &Answer, replayed: bool) -> Value {
    let said = answer.expect(202);
    let id = text(&said["verification"]["id"]);
    assert_eq!(answer.header("location"), Some(format!("/api/identity/verifications/{id}").as_str()));
    assert_eq!(answer.header("idempotency-replayed"), replayed.then_some("true"), "{answer:?}");
    said
}

async fn shown(sandbox: &Sandbox, path: &str) -> Value {
    until("the read model shows it", async || {
        let answer = sandbox.api().get(path).await;
        if answer.status == 404 {
            answer.header("retry-after").and_then(|after| after.parse::<u64>().ok()).expect("Retry-After");
            return None;
        }
        Some(answer.expect(200))
    })
    .await
}

#[tokio::test]
async fn a_retry_of_an_accepted_verdict_appends_nothing_and_another_body_is_refused_at_once() {
    let sandbox = Sandbox::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let body = verified(&customer);
    let lag = Lag::of(&sandbox);
    let before = sandbox.ends().await;
    let key = ("idempotency-key", "lag-1");
    let first = api.post(VERDICT, &[key, ("prefer", "respond-async")], &body).await;
    let said = is_accepted(&first, false);
    assert_eq!(first.header("preference-applied"), Some("respond-async"));
    let wanted = json!({
        "verification": {"id": said["verification"]["id"], "status": "verified", "score": 100},
        "enrolment": {"id": said["enrolment"]["id"], "source": "dukcapil", "fallbackStub": true},
    });
    assert_eq!(said, wanted);
    let location = first.header("location").expect("a location").to_owned();
    let accepted = sandbox.ends().await;
    assert_eq!(before.appended_until(&accepted), [("identity.audit", 1), ("identity.events", 1)]);

    for prefer in ["respond-async", "wait=0", "wait=1"] {
        let again = api.post(VERDICT, &[key, ("prefer", prefer)], &body).await;
        assert_eq!(is_accepted(&again, true), wanted, "{prefer}");
        assert_eq!(again.header("preference-applied"), Some(prefer));
    }
    let quoted = api.post(VERDICT, &[("idempotency-key", "\"lag-1\""), ("prefer", "wait=0")], &body).await;
    assert_eq!(is_accepted(&quoted, true), wanted);
    for other in [declined(&customer, "Data ganda"), json!({"customerId": customer, "valid": false})] {
        api.post(VERDICT, &[key], &other).await.is_error(422, REUSED);
        api.post(&format!("{VERDICT}?dryRun=true"), &[key], &other).await.is_error(422, REUSED);
    }
    let spaced = body.to_string() + "\n";
    api.post_bytes(VERDICT, &[key], spaced.clone().into_bytes()).await.is_error(422, REUSED);
    let missing = api.get(&location).await;
    missing.is_error(404, "not found");
    assert!(missing.header("retry-after").is_some(), "{missing:?}");
    assert_eq!(api.total("").await, 0);
    assert_eq!(sandbox.ends().await, accepted, "a retry was written");

    drop(lag);
    let row = shown(&sandbox, &location).await;
    assert_eq!((&row["id"], &row["status"]), (&said["verification"]["id"], &json!("verified")));
    let again = api.post(VERDICT, &[key, ("prefer", "wait=10")], &body).await;
    again.is(200, &wanted);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    api.post_bytes(VERDICT, &[key], spaced.into_bytes()).await.is_error(422, REUSED);
    assert_eq!(api.total("").await, 1);
    let signals = api.rows("").await[0]["signals"].clone();
    let codes: Vec<&str> =
        signals.as_array().expect("signals").iter().map(|one| text(&one["code"])).collect();
    assert_eq!(codes, ["raw_missing"], "nothing was repeated or in conflict");
}

#[tokio::test]
async fn a_caller_that_went_away_finds_its_verdict_again() {
    let sandbox = Sandbox::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let lag = Lag::of(&sandbox);
    let before = sandbox.ends().await;
    let body = declined(&customer, "Data ganda").to_string();
    let length = body.len().to_string();
    let headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", length.as_str()),
        ("Idempotency-Key", "gone"),
        ("Prefer", "wait=10"),
    ];
    let mut wire = Wire::open(&sandbox.address()).await;
    wire.send(post_head(VERDICT, api.key(), &headers)).await;
    wire.send(&body).await;
    let accepted = until("the event", async || {
        let now = sandbox.ends().await;
        (before.appended_until(&now) == [("identity.audit", 1), ("identity.events", 1)]).then_some(now)
    })
    .await;
    drop(wire);
    let headers = [("idempotency-key", "gone"), ("prefer", "wait=0")];
    let again = api.post_bytes(VERDICT, &headers, body.clone().into_bytes()).await;
    let said = is_accepted(&again, true);
    assert_eq!(sandbox.ends().await, accepted, "the retry was written");
    drop(lag);
    shown(&sandbox, again.header("location").expect("a location")).await;
    assert_eq!(api.rows("").await[0]["id"], said["verification"]["id"]);
    assert_eq!(api.total("").await, 1);
}

#[tokio::test]
async fn a_wait_that_ends_in_vain_is_a_202() {
    let options = Options::environment(&[("IDENTITY_API__WAIT_DEFAULT_MS", "200")]);
    let sandbox = Sandbox::start_with(options).await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let lag = Lag::of(&sandbox);
    let answer = api.verdict(&declined(&customer, "Data ganda")).await;
    let said = is_accepted(&answer, false);
    assert_eq!(answer.header("preference-applied"), None);
    let id = &said["verification"]["id"];
    assert_eq!(said, json!({"verification": {"id": id, "status": "failed"}, "enrolment": null}));
    // Without a key each is a verdict of its own, lag or not.
    is_accepted(&api.verdict(&declined(&customer, "Data ganda")).await, false);
    drop(lag);
    shown(&sandbox, answer.header("location").expect("a location")).await;
    until("both", async || (api.total("").await == 2).then_some(())).await;
}

#[tokio::test]
async fn a_customer_that_is_not_shown_yet_is_registered_once_and_takes_verdicts() {
    let mut sandbox = Sandbox::start().await;
    let api = sandbox.api();
    let lag = Lag::of(&sandbox);
    let body = json!({"fullName": "Budi Santoso", "externalId": "LAG-1"});
    let key = ("idempotency-key", "reg-lag");
    let first = api.post(CUSTOMERS, &[key, ("prefer", "respond-async")], &body).await;
    let made = first.expect(202);
    let customer = text(&made["id"]).to_owned();
    let location = format!("{CUSTOMERS}/{customer}");
    assert_eq!(first.header("location"), Some(location.as_str()));
    assert_eq!(
        (&made["fullName"], &made["externalId"], &made["kycLevel"]),
        (&body["fullName"], &body["externalId"], &json!("none"))
    );
    let registered = sandbox.ends().await;
    let missing = api.get(&location).await;
    missing.is_error(404, "not found");
    assert!(missing.header("retry-after").is_some(), "{missing:?}");
    api.get(&format!("/api/identity/kyc/{customer}")).await.is_error(404, "not found");
    api.get(&format!("{CUSTOMERS}?externalId=LAG-1")).await.is_error(404, "not found");
    for prefer in ["respond-async", "wait=1"] {
        let again = api.post(CUSTOMERS, &[key, ("prefer", prefer)], &body).await;
        assert_eq!(
            (again.expect(202)["id"].clone(), again.header("idempotency-replayed")),
            (made["id"].clone(), Some("true"))
        );
    }
    let other = json!({"fullName": "Dewi Lestari"});
    api.post(CUSTOMERS, &[key], &other).await.is_error(422, REUSED);
    let taken = api.post(CUSTOMERS, &[], &body).await;
    assert_eq!(taken.expect(409)["details"], json!({"id": customer}));
    assert_eq!(sandbox.ends().await, registered, "a repetition was written");
    let said = is_accepted(&api.post(VERDICT, &[("prefer", "wait=0")], &verified(&customer)).await, false);

    drop(lag);
    shown(&sandbox, &location).await;
    let verification = text(&said["verification"]["id"]);
    shown(&sandbox, &format!("/api/identity/verifications/{verification}")).await;
    assert_eq!(api.kyc(&customer).await["customer"]["kycLevel"], "standard");
    assert_eq!(api.get(&format!("{CUSTOMERS}?externalId=LAG-1")).await.expect(200)["id"], made["id"]);
    sandbox.kill9().await;
    sandbox.restart().await;
    let api = sandbox.api();
    let again = api.post(CUSTOMERS, &[key], &body).await;
    assert_eq!((&again.expect(201)["id"], again.header("idempotency-replayed")), (&made["id"], Some("true")));
    api.post(CUSTOMERS, &[key], &other).await.is_error(422, REUSED);
}
