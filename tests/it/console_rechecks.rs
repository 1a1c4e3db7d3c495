//! The console's pages of rechecks: what they show, who closes one, and what is refused.

use serde_json::{Value, json};
use system_tests::client::{Api, declined, text, verified};
use system_tests::harness::ContractHarness as _;
use system_tests::sandbox::Sandbox;
use system_tests::staff_browser::StaffBrowser;

const PAGE: &str = "/console/rechecks";

/// A customer for whom Dukcapil did not answer, and the recheck.
async fn fallen_back(api: &Api) -> (String, String) {
    let customer = api.customer("Contoh Nasabah").await;
    let attempted_at = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let body = json!({
        "customerId": customer, "from": "nik_dukcapil", "cause": "connection", "attemptedAt": attempted_at,
        "attempts": 2,
    });
    let said: Value = api.post("/api/identity/fallbacks", &[], &body).await.expect(201);
    let recheck = text(&said["fallback"]["recheckId"]).to_owned();
    (customer, recheck)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rechecks_are_listed_filtered_and_written_to_a_file() {
    let sandbox = Sandbox::start().await;
    let api = sandbox.api();
    let mut all = Vec::new();
    for _ in 0..22 {
        all.push(fallen_back(&api).await);
    }
    api.verdict(&verified(&all[0].0)).await.expect(200);
    api.verdict(&declined(&all[1].0, "NIK tidak ditemukan")).await.expect(200);
    let ids: Vec<String> = all.iter().map(|(_, recheck)| recheck.clone()).collect();
    let newest: Vec<String> = ids.iter().rev().cloned().collect();
    let ana = StaffBrowser::with_role(&sandbox, "ana", "analyst").await;
    let page = ana.get(PAGE).await;
    page.says(200, &["<strong>22</strong>", "data-figure=\"open\">20<", "Could not be reached 22"]);
    assert_eq!(page.rows(), newest[..20]);
    let second = ana.get(&page.link("Next").expect("a second page")).await;
    assert_eq!(second.rows(), newest[20..]);
    let open = ana.get(&format!("{PAGE}?status=open&sort=oldest")).await;
    assert_eq!(open.rows(), ids[2..22], "oldest first");
    for (at, status) in [(0, "confirmed"), (1, "contradicted")] {
        assert_eq!(ana.get(&format!("{PAGE}?status={status}")).await.rows(), ids[at..=at], "{status}");
        assert_eq!(ana.get(&format!("{PAGE}?customerId={}", all[at].0)).await.rows(), ids[at..=at]);
    }
    assert!(ana.get(&format!("{PAGE}?to=2020-01-01")).await.rows().is_empty());
    ana.get(&format!("{PAGE}?status=perhaps")).await.says(400, &["A recheck is open, confirmed"]);
    let file = ana.get(&format!("{PAGE}?format=csv")).await;
    assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"rechecks.csv\""));
    let lines: Vec<&str> = file.body.lines().collect();
    assert_eq!(lines.len(), 23, "{}", file.body);
    assert!(
        lines[0].starts_with("id,customerId,status,") && lines[22].contains(",confirmed,"),
        "{}",
        file.body
    );
    // The customer's page says it too.
    let customer = ana.get(&format!("/console/customers/{}", all[1].0)).await;
    customer.says(200, &["Contradicted", "Nothing yet", "No: the tier is below standard", "critical"]);
    ana.reads("id");
    ana.get(&format!("/console/customers/{}", all[2].0))
        .await
        .says(200, &["Verifikasi ulang Dukcapil tertunda"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reviewer_closes_an_open_recheck_once_and_nobody_else_does() {
    let sandbox = Sandbox::start().await;
    let (_, recheck) = fallen_back(&sandbox.api()).await;
    let path = format!("{PAGE}/{recheck}");
    for role in ["analyst", "compliance"] {
        let looks = StaffBrowser::with_role(&sandbox, &format!("{role}.user"), role).await;
        let page = looks.get(&path).await;
        page.says(200, &["Dukcapil recheck due", "Could not be reached"]);
        page.never_says(&["name=\"reasonCode\""]);
        looks.submit(&page, &path, &[("reasonCode", "account_closed")]).await.says(403, &[]);
    }
    let rina = StaffBrowser::with_role(&sandbox, "rina.k", "reviewer").await;
    let page = rina.get(&path).await;
    // A form that no page of ours sent closes nothing.
    rina.post(&path, &[("reasonCode", "account_closed")]).await.says(403, &[]);
    let wrong = rina.submit(&page, &path, &[("reasonCode", "Not One"), ("note", "x")]).await;
    wrong.says(400, &["A reason code is missing", "value=\"Not One\""]);
    let long = "x".repeat(501);
    rina.submit(&page, &path, &[("reasonCode", "a"), ("note", &long)])
        .await
        .says(400, &["The note is longer"]);
    let closing = [("reasonCode", "account_closed"), ("note", "Rekening\r\nditutup.")];
    let done = rina.submit(&page, &path, &closing).await;
    assert_eq!(done.goes_to(), path);
    let after = rina.get(&path).await;
    after.says(200, &["account_closed", "rina.k", "by your organisation"]);
    after.never_says(&["name=\"reasonCode\"", "Rekening"]);
    rina.submit(&page, &path, &closing).await.says(409, &["It is settled already."]);
    assert!(!sandbox.output().contains("Rekening"), "a note is in no log");
    // Another org's is one that there is not.
    let (org, _) = sandbox.org(&[]).await;
    let other = StaffBrowser::of_org(&sandbox, &org, "budi", "admin").await;
    other.get(&path).await.says(404, &[]);
    other.get(&format!("{PAGE}/rc_00000000000000000000000000")).await.says(404, &[]);
    other.get(&format!("{PAGE}/nonsense")).await.says(404, &[]);
}
