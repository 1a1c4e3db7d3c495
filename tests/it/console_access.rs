//! Access records (contract §8): whoever is shown personal data of a customer is on record before it is shown, or is shown
//! nothing; and the page that lists who looked at whom.

use domain::event::{AuditRecord, PersonalDataPage, PersonalDataViewed, Source};
use domain::ports::{AccessQuery, Topic};
use domain::sealed::Field;
use domain::staff::StaffRole;
use engine::{Engine, Role};
use event_codec::Codec;
use serde_json::json;
use system_tests::client::{declined, text};
use system_tests::console::ConsoleAnswer;
use system_tests::harness::ContractHarness as _;
use system_tests::patience::DEADLINE;
use system_tests::sandbox::Sandbox;
use system_tests::staff_browser::StaffBrowser;

const ACCESS: &str = "/console/access";

fn page_of(customer: &str) -> String {
    format!("/console/customers/{customer}")
}

/// Every access record of the org, and where it stands.
async fn recorded(sandbox: &Sandbox) -> Vec<(PersonalDataViewed, Source)> {
    let codec = Codec::committed();
    let records = sandbox.records(Topic::Audit).await;
    let decoded = records.iter().map(|record| (codec.decode_audit(record).expect("a record"), record.source));
    let viewed = decoded.filter_map(|(record, source)| match record {
        AuditRecord::PersonalDataViewed(viewed) => Some((viewed, source)),
        AuditRecord::VerdictEvidence(_)
        | AuditRecord::KeysDestroyed(_)
        | AuditRecord::FaceEvidence(_)
        | AuditRecord::DukcapilAttemptFailed(_)
        | AuditRecord::CaptureEvidence(_)
        | AuditRecord::PersonalDataRead(_)
        | AuditRecord::EvidenceSecretShared(_)
        | AuditRecord::SignerSetChanged(_)
        | AuditRecord::ComplianceAct(_) => None,
    });
    viewed.collect()
}

/// Holds the write lock of one of the sandbox's databases until it is dropped.
struct HeldDatabase {
    _connection: rusqlite::Connection,
}

impl HeldDatabase {
    fn of(sandbox: &Sandbox, file: &str) -> Self {
        let database = sandbox.folder().join(file);
        assert!(database.is_file(), "{database:?}");
        let held = rusqlite::Connection::open(database).expect("a database");
        held.busy_timeout(DEADLINE).expect("a setting");
        held.execute_batch("BEGIN IMMEDIATE").expect("the write lock");
        Self { _connection: held }
    }
}

async fn customer_with_reason(sandbox: &Sandbox) -> String {
    let api = sandbox.api();
    let made = json!({"fullName": "Dewi Lestari", "externalId": "CIF-0042"});
    let customer = text(&api.post("/api/customers", &[], &made).await.expect(201)["id"]).to_owned();
    api.verdict(&declined(&customer, "Nama tidak sesuai")).await.expect(200);
    customer
}

#[track_caller]
fn shows_nothing_personal(page: &ConsoleAnswer) {
    page.never_says(&["Dewi", "CIF-0042", "Nama tidak sesuai"]);
}

#[tokio::test]
async fn a_look_at_a_customer_is_in_the_log_when_its_page_comes_and_a_second_look_is_a_second_record() {
    let sandbox = Sandbox::start().await;
    let customer = customer_with_reason(&sandbox).await;
    let bare = sandbox.api().customer("Rina Wijaya").await;
    let staff = StaffBrowser::with_role(&sandbox, "siti.rahma", "analyst").await;
    for path in ["/console/customers", "/console/customers?q=CIF-0042"] {
        let list = staff.get(path).await;
        list.says(200, &[&customer]);
        shows_nothing_personal(&list);
    }
    assert_eq!(recorded(&sandbox).await, [], "nothing personal was shown");

    let page = staff.get(&page_of(&customer)).await;
    page.says(200, &["Dewi Lestari"]);
    let first = recorded(&sandbox).await;
    let [(viewed, _)] = first.as_slice() else { panic!("one record: {first:?}") };
    assert_eq!(viewed.customer.customer.as_str(), customer);
    assert_eq!(viewed.customer.org.as_str(), sandbox.info().org);
    assert_eq!((viewed.staff_user.as_str(), viewed.staff_role), ("siti.rahma", StaffRole::Analyst));
    assert_eq!(viewed.page, PersonalDataPage::Customer);
    assert_eq!(viewed.fields, [Field::FullName, Field::ExternalId, Field::Reason]);
    assert_eq!(Some(viewed.request_id.as_str()), page.header("x-request-id"));

    staff.get(&page_of(&customer)).await.says(200, &["Dewi Lestari"]);
    staff.get(&page_of(&bare)).await.says(200, &["Rina Wijaya"]);
    let mut all = recorded(&sandbox).await;
    all.sort_by_key(|(viewed, _)| viewed.viewed_at);
    assert_eq!(all.len(), 3, "{all:?}");
    assert_ne!(all[0].0.event_id, all[1].0.event_id);
    assert_eq!(all[2].0.fields, [Field::FullName], "nothing else was there to be shown");
    // What is not shown is not looked at.
    staff.get(&page_of("cus_00000000000000000000000000")).await.says(404, &[]);
    StaffBrowser::new(&sandbox).get(&page_of(&customer)).await.says(303, &[]);
    assert_eq!(recorded(&sandbox).await.len(), 3);

    // Each has its row in the index, which says where it stands.
    let engine =
        Engine::open(&sandbox.config(), Role::Tool).await.expect("it opens beside whoever serves it");
    let org = viewed.customer.org.clone();
    let query =
        AccessQuery { org, customer: None, actor: None, from: None, to: None, after: None, limit: 10 };
    let indexed = engine.access_index.access_page(&query).await.expect("a page");
    engine.close().await;
    let mut places: Vec<_> = indexed.rows.iter().map(|row| (row.event_id.clone(), row.source)).collect();
    places.reverse();
    let proofs: Vec<_> = all.iter().map(|(viewed, source)| (viewed.event_id.clone(), *source)).collect();
    assert_eq!(places, proofs);
}

#[tokio::test]
async fn without_the_log_nothing_is_shown_and_nothing_is_indexed() {
    let sandbox = Sandbox::start().await;
    let customer = customer_with_reason(&sandbox).await;
    let staff = StaffBrowser::of_sandbox(&sandbox).await;
    let held = HeldDatabase::of(&sandbox, "log/log.sqlite");
    let refused = staff.get(&page_of(&customer)).await;
    refused.says(503, &["<h1>This view could not be recorded</h1>", "Nothing was shown"]);
    assert!(
        refused.header("retry-after").is_some()
            && refused.header("content-type").is_some_and(|kind| kind.starts_with("text/html"))
    );
    shows_nothing_personal(&refused);
    staff.reads("id");
    let refused = staff.get(&page_of(&customer)).await;
    refused.says(503, &["Tampilan ini tidak dapat dicatat"]);
    shows_nothing_personal(&refused);
    // Pages without anything personal are there.
    staff.get("/console/customers").await.says(200, &[&customer]);
    staff.get(ACCESS).await.says(200, &["Belum ada yang melihat data pribadi nasabah."]);
    drop(held);

    staff.reads("en");
    staff.get(&page_of(&customer)).await.says(200, &["Dewi Lestari", "Nama tidak sesuai"]);
    let list = staff.get(ACCESS).await;
    let records = recorded(&sandbox).await;
    let shown: Vec<_> = records.iter().map(|(viewed, _)| viewed.event_id.as_str().to_owned()).collect();
    assert!(list.rows().iter().all(|row| shown.contains(row)), "a row without a record: {list:?}");
    assert!(!list.rows().is_empty());
    for line in sandbox.output().lines().filter(|line| line.contains("503")) {
        assert!(!line.contains("Dewi") && !line.contains("Nama tidak"), "{line}");
    }
}

#[tokio::test]
async fn without_the_index_nothing_is_shown_either_and_the_record_stands() {
    let sandbox = Sandbox::start().await;
    let customer = customer_with_reason(&sandbox).await;
    let staff = StaffBrowser::of_sandbox(&sandbox).await;
    let held = HeldDatabase::of(&sandbox, "keystore/keys.sqlite");
    let refused = staff.get(&page_of(&customer)).await;
    refused.says(503, &["<h1>This view could not be recorded</h1>"]);
    shows_nothing_personal(&refused);
    assert_eq!(recorded(&sandbox).await.len(), 1, "the log is the proof");
    drop(held);
    staff.get(&page_of(&customer)).await.says(200, &["Dewi Lestari"]);
    assert_eq!(recorded(&sandbox).await.len(), 2);
}

#[tokio::test]
async fn compliance_and_admins_see_who_looked_and_others_do_not() {
    let sandbox = Sandbox::start().await;
    let customer = customer_with_reason(&sandbox).await;
    for (role, may) in [("analyst", false), ("reviewer", false), ("compliance", true), ("admin", true)] {
        let staff = StaffBrowser::with_role(&sandbox, &format!("one.{role}"), role).await;
        let list = staff.get("/console/customers").await;
        assert_eq!(list.links().iter().any(|link| link == ACCESS), may, "{role}: {list:?}");
        staff.get(&page_of(&customer)).await.says(200, &["Dewi Lestari"]);
        let page = staff.get(ACCESS).await;
        if may {
            page.says(200, &["<h1>Access to personal data</h1>", "one.analyst", &customer]);
            shows_nothing_personal(&page);
        } else {
            page.says(403, &["<h1>Your role does not include this page</h1>"]);
            page.never_says(&[&customer, "identity.audit"]);
        }
    }
}

#[tokio::test]
async fn the_list_of_looks_is_filtered_by_customer_staff_and_jakartas_days_and_has_pages() {
    let sandbox = Sandbox::start().await;
    let customer = customer_with_reason(&sandbox).await;
    let other = sandbox.api().customer("Rina Wijaya").await;
    let ana = StaffBrowser::with_role(&sandbox, "ana", "analyst").await;
    let admin = StaffBrowser::of_sandbox(&sandbox).await;
    for _ in 0..55 {
        ana.get(&page_of(&customer)).await.says(200, &["Dewi Lestari"]);
    }
    admin.get(&page_of(&customer)).await.says(200, &["Dewi Lestari"]);
    admin.get(&page_of(&other)).await.says(200, &["Rina Wijaya"]);
    let mut records = recorded(&sandbox).await;
    records.sort_by_key(|(viewed, source)| {
        std::cmp::Reverse((viewed.viewed_at, source.partition, source.offset))
    });
    let ids = |whom: &dyn Fn(&PersonalDataViewed) -> bool| -> Vec<String> {
        let chosen = records.iter().filter(|(viewed, _)| whom(viewed));
        chosen.map(|(viewed, _)| viewed.event_id.as_str().to_owned()).collect()
    };

    // All of them over two pages, newest first, each with where its record stands.
    let first = admin.get(ACCESS).await;
    first.says(200, &["identity.audit ", "full name, external id, reasons", "Analyst"]);
    for (_, source) in &records[..50] {
        first.says(200, &[&format!("identity.audit {}:{}<", source.partition.0, source.offset.0)]);
    }
    let second = admin.get(&first.link("Older").expect("a second page")).await;
    assert_eq!([first.rows(), second.rows()].concat(), ids(&|_| true));
    assert_eq!((second.link("Older"), second.link("Newest")), (None, Some(ACCESS.to_owned())));

    // One filter, and several; the pages keep them.
    let of_other = admin.get(&format!("{ACCESS}?customer={other}")).await;
    assert_eq!(of_other.rows(), ids(&|viewed| viewed.customer.customer.as_str() == other));
    let of_ana = admin.get(&format!("{ACCESS}?staff=ana&customer={customer}&from=&to=")).await;
    let older = of_ana.link("Older").expect("a second page");
    assert!(older.contains("staff=ana") && older.contains("customer=cus%5F"), "{older}");
    let rest = admin.get(&older).await;
    assert_eq!([of_ana.rows(), rest.rows()].concat(), ids(&|viewed| viewed.staff_user.as_str() == "ana"));
    assert_eq!(rest.body.matches("value=\"ana\"").count(), 1, "the form keeps what was asked for");
    admin.get(&format!("{ACCESS}?staff=nobody")).await.says(200, &["No view matches these filters."]);

    // Days are Jakarta's: the day of the first look, whole, and the days beside it.
    let oldest = records.last().expect("a record").0.viewed_at;
    let day = |days: i64| {
        let there = oldest.utc() + chrono::Duration::hours(7) + chrono::Duration::days(days);
        there.format("%Y-%m-%d").to_string()
    };
    let asked = async |admin: &StaffBrowser, from: i64, to: i64| {
        admin.get(&format!("{ACCESS}?from={}&to={}", day(from), day(to))).await.rows().len()
    };
    assert_eq!(asked(&admin, 0, 1).await, 50);
    assert_eq!((asked(&admin, -2, -1).await, asked(&admin, 2, 3).await), (0, 0));

    for (wrong, rule) in [
        ("customer=42", "cus_ and 26 characters"),
        ("staff=%3Cscript%3Ealert(1)%3C/script%3E", "A name: 1 to 64"),
        ("from=yesterday", "YYYY-MM-DD"),
        ("to=2026-02-30", "YYYY-MM-DD"),
    ] {
        let page = admin.get(&format!("{ACCESS}?{wrong}")).await;
        page.says(400, &["<h1>Access to personal data</h1>", "nothing is listed", rule]);
        page.never_says(&["<script>alert"]);
        assert_eq!(page.rows(), [""; 0]);
    }
    admin.get(&format!("{ACCESS}?after=forged")).await.says(400, &["<h1>"]);
}
