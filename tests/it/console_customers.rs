//! The console's customers: looking one up, and the page of one (contract §8). What a member of staff sees who follows
//! links, in both languages, and what people wrote shown as text.

use domain::sealed::Purpose;
use serde_json::json;
use system_tests::client::{VERDICT, declined, text, verified};
use system_tests::console::encoded;
use system_tests::harness::ContractHarness as _;
use system_tests::sandbox::Sandbox;
use system_tests::staff_browser::StaffBrowser;

use crate::erasures::erase;

const CUSTOMERS: &str = "/console/customers";
const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>";

fn page_of(customer: &str) -> String {
    format!("{CUSTOMERS}/{customer}")
}

#[tokio::test]
async fn the_reason_of_a_declined_verdict_is_two_links_from_the_start() {
    let sandbox = Sandbox::start().await;
    let api = sandbox.api();
    let made = json!({"fullName": "Dewi Lestari", "externalId": "CIF-0042"});
    let customer = text(&api.post("/api/customers", &[], &made).await.expect(201)["id"]).to_owned();
    let said = api.verdict(&declined(&customer, "Nama tidak sesuai")).await.expect(200);
    let verification = text(&said["verification"]["id"]);

    let staff = StaffBrowser::of_sandbox(&sandbox).await;
    let start = staff.get("/console/").await;
    assert_eq!((start.status, start.header("location")), (303, Some(CUSTOMERS)), "{start:?}");
    let list = staff.get(CUSTOMERS).await;
    list.says(200, &["<h1>Customers</h1>", "Names are sealed", "Declined", "The data differ"]);
    list.never_says(&["Dewi Lestari", "CIF-0042", "Nama tidak sesuai"]);
    assert_eq!(list.rows(), [customer.as_str()]);
    let link = list.link(&customer).expect("a link to the customer");
    let page = staff.get(&link).await;
    page.says(200, &["<h1>Dewi Lestari</h1>", "CIF-0042", "Nama tidak sesuai", "The data differ"]);
    page.says(200, &["Declined", "Nothing was noticed", "This view of personal data was recorded"]);
    assert_eq!(page.rows(), [verification]);
    assert_eq!(page.body.matches("<h1>").count(), 1);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let title = page.body.split("<title>").nth(1).and_then(|rest| rest.split('<').next()).expect("a title");
    assert!(!title.contains("Dewi"), "a title goes into the browser's history: {title}");

    staff.reads("id");
    staff.get(CUSTOMERS).await.says(200, &["<h1>Nasabah</h1>", "Ditolak", "tersegel"]);
    staff.get(&link).await.says(200, &["Nama tidak sesuai", "Data tidak sesuai", "Alasan", "Kedaluwarsa"]);
    let english = staff.get(&format!("{link}?lang=en")).await;
    english.says(200, &["<html lang=\"en\">", "The data differ"]);
}

#[tokio::test]
async fn a_customer_is_found_by_its_id_and_by_its_external_id_and_neither_name_nor_external_id_is_repeated() {
    let sandbox = Sandbox::start().await;
    let api = sandbox.api();
    let made = json!({"fullName": "Rina Wijaya", "externalId": "CIF/00 7+Ü"});
    let customer = text(&api.post("/api/customers", &[], &made).await.expect(201)["id"]).to_owned();
    let (other, other_api) = sandbox.org(&["--dukcapil-enabled"]).await;
    let theirs = other_api.customer("Orang Lain").await;

    let staff = StaffBrowser::of_sandbox(&sandbox).await;
    let asks = |text: &str| format!("{CUSTOMERS}?q={}", encoded(text));
    for found in [customer.as_str(), "CIF/00 7+Ü", " CIF/00 7+Ü "] {
        let page = staff.get(&asks(found)).await;
        page.says(200, &["Found"]);
        assert_eq!(page.rows(), [customer.as_str()], "{found}");
        page.never_says(&["CIF/00", "Rina"]);
        assert_eq!(page.link(&customer), Some(page_of(&customer)));
    }
    for missing in
        ["Rina Wijaya", "CIF/00", &theirs, "cus_00000000000000000000000000", HOSTILE, &"x".repeat(500)]
    {
        let page = staff.get(&asks(missing)).await;
        page.says(200, &["No customer of your organisation has this id."]);
        assert_eq!(page.rows(), [""; 0], "{missing}");
        page.never_says(&["<script>alert", "<img src=x", "Rina"]);
    }
    // Another org's customer is as one that does not exist, to either side.
    for nothing in ["cus_00000000000000000000000000", &theirs, "cus_1", HOSTILE, "..%2f..%2faccess"] {
        let page = staff.get(&page_of(&encoded(nothing))).await;
        page.says(404, &["<h1>Not found</h1>"]);
        page.never_says(&["Orang Lain", "<script>alert"]);
    }
    let of_other = StaffBrowser::of_org(&sandbox, &other, "other.ana", "analyst").await;
    of_other.get(&page_of(&customer)).await.says(404, &["<h1>Not found</h1>"]);
    of_other.get(&page_of(&theirs)).await.says(200, &["<h1>Orang Lain</h1>"]);
    assert_eq!(of_other.get(CUSTOMERS).await.rows(), [""; 0]);
}

#[tokio::test]
async fn what_people_wrote_is_shown_as_text() {
    let sandbox = Sandbox::start().await;
    let api = sandbox.api();
    let made = json!({"fullName": HOSTILE, "externalId": "\"><svg/onload=alert(3)>"});
    let customer = text(&api.post("/api/customers", &[], &made).await.expect(201)["id"]).to_owned();
    api.verdict(&declined(&customer, HOSTILE)).await.expect(200);
    let staff = StaffBrowser::of_sandbox(&sandbox).await;
    for language in ["en", "id"] {
        staff.reads(language);
        let page = staff.get(&page_of(&customer)).await;
        page.says(200, &["&lt;script&gt;alert(1)&lt;/script&gt;", "&lt;svg/onload=alert(3)&gt;"]);
        assert_eq!(page.body.matches("&lt;script&gt;alert(1)").count(), 2, "name and reason");
        page.never_says(&["<script>alert", "<img", "<svg/onload"]);
        let policy = page.header("content-security-policy").expect("a policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn erased_biometric_data_is_said_and_an_erased_customer_has_no_page() {
    let sandbox = Sandbox::start().await;
    let api = sandbox.api();
    let made = json!({"fullName": "Dewi Lestari", "externalId": "CIF-0042"});
    let customer = text(&api.post("/api/customers", &[], &made).await.expect(201)["id"]).to_owned();
    api.verdict(&verified(&customer)).await.expect(200);
    api.verdict(&declined(&customer, "Nama tidak sesuai")).await.expect(200);
    let staff = StaffBrowser::of_sandbox(&sandbox).await;
    staff.get(&page_of(&customer)).await.says(200, &["The photo is sealed"]);

    erase(&sandbox, &customer, Purpose::Biometric).await;
    let page = staff.get(&page_of(&customer)).await;
    page.says(
        200,
        &["The biometric data of this customer was erased", "None: the biometric data was erased."],
    );
    page.says(200, &["Dewi Lestari", "Nama tidak sesuai", "tier-standard"]);
    page.never_says(&["The photo is sealed", "Face reference added"]);

    erase(&sandbox, &customer, Purpose::Profile).await;
    let gone = staff.get(&page_of(&customer)).await;
    gone.says(404, &["<h1>Not found</h1>"]);
    gone.never_says(&["Dewi", "CIF-0042", "Nama tidak"]);
    for asked in [customer.as_str(), "CIF-0042"] {
        let page = staff.get(&format!("{CUSTOMERS}?q={asked}")).await;
        page.says(200, &["No customer of your organisation has this id.", "The data differ"]);
    }
}

#[tokio::test]
async fn the_timeline_is_newest_first_and_goes_on_beyond_the_last_hundred() {
    let sandbox = Sandbox::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    // Newest first, with what each verdict made above it: a reference with every verified one, the tier with the first.
    let mut wanted = Vec::new();
    let first = api.verdict(&verified(&customer)).await.expect(200);
    let history = api.kyc(&customer).await["history"][0]["id"].clone();
    wanted.extend(
        [&first["verification"]["id"], &first["enrolment"]["id"], &history].map(|id| text(id).to_owned()),
    );
    for n in 0..120 {
        let (body, made): (_, &[&str]) = match n % 10 {
            0 => (verified(&customer), &["verification", "enrolment"]),
            _ => (declined(&customer, &format!("Alasan nomor {n}")), &["verification"]),
        };
        let said = api.verdict(&body).await.expect(200);
        wanted.extend(made.iter().map(|what| text(&said[*what]["id"]).to_owned()));
    }
    wanted.reverse();

    let staff = StaffBrowser::of_sandbox(&sandbox).await;
    let mut address = page_of(&customer);
    let (mut seen, mut pages) = (Vec::new(), 0);
    loop {
        let page = staff.get(&address).await;
        page.says(200, &["<h1>Nasabah Contoh</h1>"]);
        // The references stand on each page, below the timeline.
        let (timeline, _) = page.body.split_once("id=\"references\"").expect("references");
        let shown = timeline.split("<tr data-id=\"").skip(1).filter_map(|rest| rest.split('"').next());
        seen.extend(shown.map(str::to_owned));
        pages += 1;
        assert_eq!(page.link("Newest").is_some(), pages > 1);
        match page.link("Older") {
            Some(older) => address = older.trim_end_matches("#timeline").to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, wanted);
    assert_eq!(pages, 3);
    let last = staff.get(&address).await;
    last.says(200, &["Alasan nomor 1", "KYC tier changed", "<strong>Standard</strong>"]);
    last.never_says(&["Alasan nomor 119"]);

    for forged in ["x", "%00", "AAAA", &encoded(HOSTILE)] {
        let page = staff.get(&format!("{}?after={forged}", page_of(&customer))).await;
        page.says(400, &["<h1>"]);
        page.never_says(&["Nasabah Contoh", "<script>alert"]);
    }
}

#[tokio::test]
async fn a_signal_says_what_it_means_and_what_to_do_and_a_photo_is_said_to_be_sealed() {
    let sandbox = Sandbox::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let staff = StaffBrowser::of_sandbox(&sandbox).await;
    let before = staff.get(&page_of(&customer)).await;
    before.says(200, &["Nothing was noticed", "A signal says that a verification deserves a second look"]);
    before
        .says(200, &["A verified Dukcapil verdict brings the official photo", "the tier is below standard"]);

    let said = api.verdict(&verified(&customer)).await.expect(200);
    let page = staff.get(&page_of(&customer)).await;
    page.says(
        200,
        &["Face references", "Dukcapil's photo", "The photo is sealed", "no face model is configured"],
    );
    page.says(200, &["tier-standard", ">Yes<", "Face reference added"]);
    page.never_says(&["<img"]);
    assert!(page.rows().contains(&text(&said["enrolment"]["id"]).to_owned()), "{page:?}");

    // Another body under one key, appended while the first was not projected yet.
    let key = [("idempotency-key", "twice")];
    conflict(&sandbox, &customer, &key).await;
    let page = staff.get(&page_of(&customer)).await;
    page.says(200, &["Two requests under one key", "idempotency_conflict", "What to do:", "severity-medium"]);
    page.never_says(&["Nothing was noticed"]);
}

/// A second body under the key of a first one is in the log: what two instances come to that take them at once. Made
/// beside the sandbox, by another customer's event of the same verification.
async fn conflict(sandbox: &Sandbox, customer: &str, key: &[(&str, &str)]) {
    use domain::event::Event;
    use domain::ports::Topic;
    use engine::{Engine, Role};
    use event_codec::Meta;
    use system_tests::patience::until;

    let api = sandbox.api();
    let said = api.post(VERDICT, key, &declined(customer, "Data ganda")).await.expect(200);
    let id = text(&said["verification"]["id"]).to_owned();
    let engine =
        Engine::open(&sandbox.config(), Role::Tool).await.expect("it opens beside whoever serves it");
    let records = sandbox.records(Topic::Events).await;
    let mut found =
        records.iter().filter_map(|record| match engine.codec.decode_event(record).expect("an event") {
            Event::DukcapilVerdictReceived(verdict) if verdict.verification_id.as_str() == id => {
                Some(verdict)
            }
            _ => None,
        });
    let mut second = found.next().expect("the verdict");
    second.body_fingerprint.0[0] ^= 1;
    let meta = Meta { time: domain::time::Timestamp::default(), traceparent: None };
    let record = engine.codec.event(&Event::DukcapilVerdictReceived(second), &meta).expect("encoded");
    engine.log.append(Topic::Events, record).await.expect("appended");
    engine.close().await;
    until("the signal", async || {
        let row = api.get(&format!("/api/identity/verifications/{id}")).await.expect(200);
        (row["signals"][0]["code"] == "idempotency_conflict").then_some(())
    })
    .await;
}
