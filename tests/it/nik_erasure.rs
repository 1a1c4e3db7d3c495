//! What an erasure of a profile leaves of a NIK: nothing, in no log and no table, neither the digits nor what stands for them.

use std::sync::Arc;

use domain::nik::Nik;
use domain::ports::Topic;
use domain::sealed::{Purpose, Purposes};
use org_directory::orgs::Orgs;
use serde_json::json;
use system_tests::cases::nik_format::NIK_FORMAT;
use system_tests::client::text;
use system_tests::harness::ContractHarness as _;
use system_tests::sandbox::Sandbox;
use vault::{AlwaysCurrent, OrgIds};

use super::erasures::{beside, erase, named};
use super::secrecy::{files, spellings};

const NIK: &str = "3273016203045506";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_nik_outlives_its_profile() {
    let mut sandbox = Sandbox::alone().await;
    let api = sandbox.api();
    let (erased, other) = (api.customer("Contoh Satu").await, api.customer("Contoh Dua").await);
    let check = |customer: &str| json!({ "customerId": customer, "nik": NIK });
    api.post(NIK_FORMAT, &[], &check(&erased)).await.expect(200);
    let of_other = api.post(NIK_FORMAT, &[], &check(&other)).await.expect(200);
    let path = format!("/api/identity/verifications/{}", text(&of_other["verification"]["id"]));
    assert_eq!(api.get(&path).await.expect(200)["nikCustomers"], json!([erased]));

    let engine = beside(&sandbox).await;
    let who = named(&sandbox, &erased);
    let orgs = Orgs::new(&engine).list().await.expect("orgs");
    let org = orgs.iter().find(|record| record.org == who.org).expect("the org");
    let ids = OrgIds::unwrap(&*engine.kms, org).await.expect("the org's secret");
    let tag = ids.nik_tag(&Nik::parse(NIK).expect("sixteen digits"));
    let generation = engine.views.generation().await.expect("a generation");
    let holders = engine.nik_index.holders(generation, &who.org, &[tag], 10).await.expect("holders");
    assert_eq!(holders[0].len(), 2);
    engine.close().await;

    // The other one's profile goes too, so that nobody has the NIK any more.
    erase(&sandbox, &erased, Purpose::Profile).await;
    let engine = beside(&sandbox).await;
    let holders = engine.nik_index.holders(generation, &who.org, &[tag], 10).await.expect("holders");
    assert_eq!(holders, [vec![named(&sandbox, &other).customer]]);
    engine.close().await;
    let shown = api.get(&path).await.expect(200);
    assert_eq!((&shown["signals"], shown.get("nikCustomers")), (&json!([]), None));
    erase(&sandbox, &other, Purpose::Profile).await;

    let engine = beside(&sandbox).await;
    let holders = engine.nik_index.holders(generation, &who.org, &[tag], 10).await.expect("holders");
    assert_eq!(holders, [Vec::new()]);
    let vault = engine.vault(Arc::new(AlwaysCurrent));
    let suite = org.suite;
    let keys = vault.customer_keys(&who, suite).await.expect("read").expect("a row");
    // What the log keeps of the body nobody can compute again.
    let profile = Purposes::NONE.with(Purpose::Profile);
    assert!(keys.fingerprint_under(profile, check(&erased).to_string().as_bytes()).is_err());
    drop((keys, vault));
    engine.close().await;
    let needles: Vec<Vec<u8>> = spellings(NIK.as_bytes()).into_iter().chain(spellings(&tag.0)).collect();
    for topic in Topic::ALL {
        for record in sandbox.records(topic).await {
            let value = record.value.unwrap_or_default();
            assert!(needles.iter().all(|needle| memchr::memmem::find(&value, needle).is_none()), "{topic:?}");
        }
    }
    sandbox.sigterm().await;
    let mut found = Vec::new();
    files(&sandbox.folder(), &mut found);
    for file in found {
        let bytes = std::fs::read(&file).expect("read");
        assert!(
            needles.iter().all(|needle| memchr::memmem::find(&bytes, needle).is_none()),
            "something of the NIK stands in {}",
            file.display()
        );
    }
}
