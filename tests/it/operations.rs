//! What an operator does beside a running sandbox: `projector status`, `quarantine` and `rebuild` by command
//! line, and the setting that halts a partition. What does not belong here: the commands' own words
//! (`projector`'s tests), the distributed engine (`../outages/`).

use bytes::Bytes;
use domain::event::Partition;
use domain::ports::{NewRecord, Topic};
use engine::{Engine, Role};
use serde_json::{Value, json};

use system_tests::client::{VERDICT, declined, text, verified};
use system_tests::harness::ContractHarness as _;
use system_tests::patience::until;
use system_tests::process::{Program, Ran, run_program};
use system_tests::sandbox::{Options, Sandbox};

/// `projector …` on a sandbox's folder.
async fn projector(sandbox: &Sandbox, words: &[&str]) -> Ran {
    let folder = sandbox.folder();
    let target = ["--data-dir", folder.to_str().expect("a path")];
    run_program(Program::Projector, &[], [words, &target].concat()).await
}

/// The same, which must succeed: the JSON it prints.
async fn projector_json(sandbox: &Sandbox, words: &[&str]) -> Value {
    projector(sandbox, &[words, &["--json"]].concat()).await.json()
}

/// Puts a record that nobody can read among a customer's events.
async fn poison(sandbox: &Sandbox, customer: &str) {
    let engine = Engine::open(&sandbox.config(), Role::Tool).await.expect("the engine opens");
    let key = format!("{}/{customer}", sandbox.info().org);
    let record =
        NewRecord { key: Bytes::from(key), headers: Vec::new(), value: Bytes::from_static(b"no Avro") };
    engine.log.append(Topic::Events, record).await.expect("appended");
    engine.close().await;
}

/// The partition of a customer's events.
async fn partition_of(sandbox: &Sandbox, customer: &str) -> Partition {
    let all = sandbox.records(Topic::Events).await;
    all.iter().find(|record| record.key.ends_with(customer.as_bytes())).expect("events").source.partition
}

/// An org's books as `projector status` shows them.
async fn books(sandbox: &Sandbox) -> Value {
    let status = projector_json(sandbox, &["status"]).await;
    let all = status["books"].as_array().expect("books").clone();
    all.into_iter().find(|of| of["orgId"] == sandbox.info().org.as_str()).expect("the org's books")
}

#[tokio::test]
async fn status_and_quarantine_work_beside_a_running_sandbox() {
    let sandbox = Sandbox::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let named = format!("{}/{customer}", sandbox.info().org);
    api.verdict(&verified(&customer)).await.expect(200);
    poison(&sandbox, &customer).await;
    let quarantined = until("the quarantine", async || {
        let listed = projector_json(&sandbox, &["quarantine", "list"]).await;
        listed.to_string().contains(&customer).then_some(listed)
    })
    .await;
    assert!(quarantined.to_string().contains("not_decodable"), "{quarantined}");
    // Its next verdict is durable and waits; what was there before is untouched.
    let parked = api.post(VERDICT, &[("prefer", "wait=10")], &declined(&customer, "Data ganda")).await;
    let parked = text(&parked.expect(202)["verification"]["id"]).to_owned();
    assert_eq!(api.kyc(&customer).await["customer"]["kycLevel"], "standard");
    let kept = books(&sandbox).await;
    assert_eq!(
        (&kept["deadLettered"], &kept["parked"], &kept["balance"]),
        (&1.into(), &1.into(), &true.into())
    );
    projector_json(&sandbox, &["quarantine", "show", &named]).await;
    // Not even this build can apply it: refused unless told, and then what waited goes on.
    let refused = projector(&sandbox, &["quarantine", "drain", &named]).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    let drained = projector(&sandbox, &["quarantine", "drain", &named, "--skip-unappliable"]).await;
    assert_eq!(drained.code, Some(0), "{drained:?}");
    let row = until("the parked verdict", async || {
        let found = api.get(&format!("/api/identity/verifications/{parked}")).await;
        (found.status == 200).then(|| found.json())
    })
    .await;
    assert_eq!(row["reason"], "Data ganda");
    assert_eq!(api.total("").await, 2);
    let kept = books(&sandbox).await;
    assert_eq!(
        (&kept["deadLettered"], &kept["parked"], &kept["balance"]),
        (&1.into(), &0.into(), &true.into())
    );
    let listed = projector_json(&sandbox, &["quarantine", "list"]).await;
    assert!(!listed.to_string().contains(&customer), "{listed}");
    api.verdict(&declined(&customer, "Kuota habis")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_beside_a_running_sandbox_takes_over_while_verdicts_keep_coming() {
    let sandbox = Sandbox::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    for _ in 0..10 {
        api.verdict(&declined(&customer, "Data ganda")).await.expect(200);
    }
    let words = ["rebuild", "--grace", "0"];
    let rebuild = projector(&sandbox, &words);
    tokio::pin!(rebuild);
    let (mut posted, body) = (10, verified(&customer));
    let rebuilt = loop {
        tokio::select! {
            ran = &mut rebuild => break ran,
            answer = api.post(VERDICT, &[("prefer", "wait=10")], &body) => {
                answer.expect(200);
                posted += 1;
            }
        }
    };
    assert_eq!(rebuilt.code, Some(0), "{rebuilt:?}");
    assert!(rebuilt.stdout.contains("digests are equal"), "{rebuilt:?}");
    assert!(rebuilt.stdout.ends_with("generation 2 answers\n"), "{rebuilt:?}");
    // The last one may have been broken off when the rebuild ended: then it is there or it is not.
    let total = api.total("").await;
    assert!((posted..=posted + 1).contains(&total), "{total} of {posted}");
    api.verdict(&verified(&customer)).await.expect(200);
    assert_eq!(api.kyc(&customer).await["customer"]["kycLevel"], "standard");
    let status = projector_json(&sandbox, &["status"]).await;
    assert_eq!((&status["generation"], &status["beside"]), (&json!(2), &Value::Null));
    assert_eq!(books(&sandbox).await["balance"], true);
    let report = projector(&sandbox, &["rebuild", "--dry-run", "--json"]).await.json();
    assert_eq!(report["comparison"]["different"], 0, "{report}");
}

#[tokio::test]
async fn more_dead_letters_than_the_setting_halt_the_partition_and_no_other() {
    let sandbox =
        Sandbox::start_with(Options::environment(&[("IDENTITY_PROJECTOR__DEAD_LETTERS_MAX", "1")])).await;
    let api = sandbox.api();
    let first = sandbox.info().customer.clone();
    let partition = partition_of(&sandbox, &first).await;
    let (mut same, mut apart) = (vec![first], None);
    while same.len() < 3 || apart.is_none() {
        let customer = api.customer("Nasabah").await;
        if partition_of(&sandbox, &customer).await == partition {
            same.push(customer);
        } else {
            apart = Some(customer);
        }
    }
    let apart = apart.expect("a customer of another partition");
    // One is bad luck.
    poison(&sandbox, &same[0]).await;
    until("the quarantine", async || {
        let listed = projector_json(&sandbox, &["quarantine", "list"]).await;
        listed.to_string().contains(&same[0]).then_some(())
    })
    .await;
    api.verdict(&declined(&same[1], "Data ganda")).await.expect(200);
    // Two are not.
    poison(&sandbox, &same[1]).await;
    let halted = format!("identity_projector_partition_halted{{partition=\"{}\"}} 1", partition.0);
    until("the halt", async || {
        let shown = String::from_utf8(sandbox.admin().get("/metrics").await.body).expect("text");
        shown.lines().any(|line| line == halted).then_some(())
    })
    .await;
    until("its line", async || sandbox.output().contains("the partition is halted").then_some(())).await;
    let answer = api.post(VERDICT, &[("prefer", "wait=1")], &declined(&same[2], "Data ganda")).await;
    let id = text(&answer.expect(202)["verification"]["id"]).to_owned();
    api.verdict(&declined(&apart, "Data ganda")).await.expect(200);
    api.get(&format!("/api/identity/verifications/{id}")).await.is_error(404, "not found");
    // What is there can be read, and the status says what stands still.
    assert_eq!(api.total("").await, 2);
    let status = projector_json(&sandbox, &["status"]).await;
    let of = status["partitions"].as_array().expect("partitions");
    let still: Vec<&Value> = of.iter().filter(|of| of["standsStill"] == true).collect();
    assert_eq!(still.len(), 1, "{status}");
    assert_eq!(still[0]["partition"], partition.0);
}
