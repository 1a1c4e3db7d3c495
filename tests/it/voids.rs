//! Voids as a sandbox alone shows them: the console's page, and a rebuild. What holds on both engines is the library's
//! (`cases/voids.rs`).

use serde_json::json;
use system_tests::client::{text, verified};
use system_tests::harness::ContractHarness as _;
use system_tests::sandbox::Sandbox;
use system_tests::staff_browser::StaffBrowser;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reviewer_declares_a_verification_void_and_nobody_else_is_offered_it() {
    let sandbox = Sandbox::start().await;
    let api = sandbox.api();
    let customer = api.customer("Dibatalkan Di Konsol").await;
    let verdict = api.verdict(&verified(&customer)).await.expect(200);
    let id = text(&verdict["verification"]["id"]).to_owned();
    let (page_path, path) =
        (format!("/console/customers/{customer}"), format!("/console/verifications/{id}/void"));
    let reviewer = StaffBrowser::with_role(&sandbox, "rina.k", "reviewer").await;
    reviewer.get(&page_path).await.says(200, &[&path]);
    let page = reviewer.get(&path).await;
    page.says(200, &["What follows", "I declare this verification void.", &id]);
    page.never_says(&["Dibatalkan Di Konsol"]);

    reviewer.submit(&page, &path, &[]).await.says(400, &["Choose a reason.", "Confirm that you mean it."]);
    reviewer
        .submit(&page, &path, &[("reasonCode", "fraud")])
        .await
        .says(400, &["Confirm that you mean it.", "value=\"fraud\" required checked"]);
    reviewer.post(&path, &[("reasonCode", "fraud"), ("confirm", "yes")]).await.says(403, &[]);
    assert_eq!(api.kyc(&customer).await["customer"]["kycLevel"], "standard", "nothing was done");

    for role in ["analyst", "compliance"] {
        let looks = StaffBrowser::with_role(&sandbox, &format!("{role}.user"), role).await;
        looks.get(&page_path).await.never_says(&[&path]);
        looks.get(&path).await.says(403, &[]);
    }
    let sent = [("reasonCode", "fraud"), ("note", "Foto\r\norang lain"), ("confirm", "yes")];
    let done = reviewer.submit(&page, &path, &sent).await;
    assert_eq!(done.goes_to(), page_path);
    let shown = reviewer.get(&page_path).await;
    shown.says(200, &["Void: it counts no more", "rina.k", "fraud"]);
    shown.never_says(&[&path, "orang lain"]);
    let kyc = api.kyc(&customer).await;
    assert_eq!(kyc["customer"]["kycLevel"], "none", "{kyc}");
    assert_eq!((&kyc["verifications"][0]["voided"]["by"]), &json!("rina.k"), "{kyc}");
    reviewer.submit(&page, &path, &sent).await.says(409, &["The verification is void already."]);
    reviewer.reads("id");
    reviewer.get(&page_path).await.says(200, &["Dibatalkan: tidak berlaku lagi"]);

    // What failed is not offered, and its page says why.
    let failed = api
        .verdict(&json!({"customerId": customer, "valid": false, "reason": "NIK tidak ditemukan"}))
        .await
        .expect(200);
    let failed = format!("/console/verifications/{}/void", text(&failed["verification"]["id"]));
    reviewer.get(&page_path).await.never_says(&[&failed]);
    reviewer.get(&failed).await.never_says(&["name=\"confirm\""]);
}
