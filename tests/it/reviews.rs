//! Reviews of captures that wait for a person (sequence §2.7), over the API and in the console: what an API key may decide,
//! who is shown the picture, and who may say that it is verified.

use base64_simd::STANDARD;
use domain::event::{AuditRecord, PersonalDataPage, PersonalDataViewed};
use domain::ports::{DataKey, Topic};
use domain::sealed::{Field, Purpose};
use event_codec::Codec;
use face::FaceModels;
use serde_json::{Value, json};
use system_tests::captures::PendingCapture;
use system_tests::client::{Api, declined, fields, is_time, text};
use system_tests::console::ConsoleAnswer;
use system_tests::harness::ContractHarness as _;
use system_tests::patience::until;
use system_tests::sandbox::Sandbox;
use system_tests::staff_browser::StaffBrowser;

use crate::erasures::erase;

const QUEUE: &str = "/console/reviews";

fn review_of(verification: &str) -> String {
    format!("/api/identity/verifications/{verification}/review")
}

/// The API with a key that decides reviews and nothing else.
async fn reviewing(sandbox: &Sandbox) -> Api {
    let org = sandbox.info().org.clone();
    let made = ["keys", "create", &org, "--scopes", "reviews:write", "--json"];
    let made = sandbox.orgs(&made).await.json();
    let api = sandbox.api().with_key(text(&made["apiKey"]));
    sandbox.until_it_works(&api).await;
    api
}

async fn set(sandbox: &Sandbox, change: &str) {
    let org = sandbox.info().org.clone();
    let set = sandbox.orgs(&["set", &org, "--set", change]).await;
    assert_eq!(set.code, Some(0), "{set:?}");
    let (name, value) = change.split_once('=').expect("a change");
    let api = sandbox.api();
    until("the setting to hold", async || {
        (api.get("/api/auth/me").await.expect(200)["settings"][name] == value).then_some(())
    })
    .await;
}

fn is_destroyed(key: &DataKey) -> bool {
    matches!(key, DataKey::Destroyed { .. })
}

/// What is on record of looks at verifications, in the order in which it was seen.
async fn views(sandbox: &Sandbox) -> Vec<PersonalDataViewed> {
    let codec = Codec::committed();
    let records = sandbox.records(Topic::Audit).await;
    let decoded = records.iter().map(|record| codec.decode_audit(record).expect("a record"));
    let viewed = decoded.filter_map(|record| match record {
        AuditRecord::PersonalDataViewed(viewed) => Some(viewed),
        _ => None,
    });
    let mut viewed: Vec<_> = viewed.collect();
    viewed.sort_by_key(|viewed| viewed.viewed_at);
    viewed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_key_fails_a_pending_capture_once_and_its_copy_is_gone() {
    let sandbox = Sandbox::start().await;
    let (customer, keys) = (sandbox.info().customer.clone(), reviewing(&sandbox).await);
    let capture = PendingCapture::of(&sandbox, &customer).await;
    let path = review_of(capture.verification.as_str());
    assert!(!is_destroyed(&capture.review_key(&sandbox).await.key));

    // Nobody approves what they have not seen: by a key never.
    let verified = json!({"toStatus": "verified", "reasonCode": "looks_good"});
    let refused = keys.post(&path, &[], &verified).await.expect(409);
    assert_eq!(refused["code"], "review_unseen", "{refused}");
    assert!(!is_destroyed(&capture.review_key(&sandbox).await.key), "nothing was decided");

    let failed = json!({"toStatus": "failed", "reasonCode": "retake", "note": "Kartu buram."});
    let key = [("Idempotency-Key", "review-1")];
    let answer = keys.post(&path, &key, &failed).await;
    let body = answer.expect(200);
    assert_eq!(fields(&body), ["by", "createdAt", "reasonCode", "toStatus"], "{body}");
    assert_eq!((&body["toStatus"], &body["reasonCode"]), (&json!("failed"), &json!("retake")));
    assert!(text(&body["by"]).starts_with("key_") && is_time(&body["createdAt"]), "{body}");
    assert!(answer.header("idempotency-replayed").is_none());
    assert!(is_destroyed(&capture.review_key(&sandbox).await.key));

    // The same again is the same answer; another body under the key, and another decision, are told so.
    let again = keys.post(&path, &key, &failed).await;
    assert_eq!(again.expect(200), body);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let other = json!({"toStatus": "failed", "reasonCode": "other"});
    keys.post(&path, &key, &other).await.is_error(422, "idempotency key reused with a different body");
    for body in [&failed, &other, &verified] {
        assert_eq!(keys.post(&path, &[], body).await.expect(409)["code"], "not_pending", "{body}");
    }

    // The same key at another of the customer's is a review of its own, with an event and an outcome of its own.
    let second = PendingCapture::of(&sandbox, &customer).await;
    let answer = keys.post(&review_of(second.verification.as_str()), &key, &failed).await;
    assert_eq!(answer.expect(200)["toStatus"], "failed");
    assert!(answer.header("idempotency-replayed").is_none());
    assert!(is_destroyed(&second.review_key(&sandbox).await.key));

    // The verification's own row stays as it is, and the tier too.
    let row = sandbox.api().get(&format!("/api/identity/verifications/{}", capture.verification)).await;
    assert_eq!(row.expect(200)["status"], "pending");
    assert_eq!(sandbox.api().kyc(&customer).await["customer"]["kycLevel"], "none");
    assert!(!sandbox.output().contains("Kartu buram"), "a note is in no log");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_review_is_refused_in_the_contracts_order() {
    let sandbox = Sandbox::start().await;
    let (api, keys) = (sandbox.api(), reviewing(&sandbox).await);
    let customer = api.customer("Contoh Nasabah").await;
    let capture = PendingCapture::of(&sandbox, &customer).await;
    let path = review_of(capture.verification.as_str());
    let good = json!({"toStatus": "failed", "reasonCode": "retake"});
    // The sandbox's own key writes verifications, and so decides nothing.
    let missing = api.post(&path, &[], &good).await.expect(403);
    assert_eq!(missing["error"], "missing scope: reviews:write");
    keys.post(&path, &[], &json!({"toStatus": "pending"})).await.names_fields(&["reasonCode", "toStatus"]);
    keys.post(&format!("{path}?dryRun=true"), &[], &good).await.names_fields(&["dryRun"]);
    for nobodys in ["ver_00000000000000000000000000", "nonsense"] {
        let answer = keys.post(&review_of(nobodys), &[], &good).await;
        assert_eq!(answer.expect(404)["code"], "verification_not_found");
        assert!(answer.header("retry-after").is_some());
    }
    // Another org's is one that there is not.
    let (org, _) = sandbox.org(&[]).await;
    let made = ["keys", "create", &org, "--scopes", "reviews:write", "--json"];
    let other = api.with_key(text(&sandbox.orgs(&made).await.json()["apiKey"]));
    sandbox.until_it_works(&other).await;
    assert_eq!(other.post(&path, &[], &good).await.expect(404)["code"], "verification_not_found");
    // What was decided when it was made is not pending.
    let verdict = api.verdict(&declined(&customer, "NIK tidak ditemukan")).await.expect(200);
    let decided = keys.post(&review_of(text(&verdict["verification"]["id"])), &[], &good).await;
    assert_eq!(decided.expect(409)["code"], "not_pending");
    // Of somebody who is erased there is nothing to decide.
    erase(&sandbox, &customer, Purpose::Profile).await;
    until("the API to hear of the erasure", async || {
        (keys.post(&path, &[], &good).await.status == 404).then_some(())
    })
    .await;
    let page =
        StaffBrowser::of_sandbox(&sandbox).await.get(&format!("{QUEUE}/{}", capture.verification)).await;
    page.says(404, &[]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_pictures_a_reviewer_fails_or_sends_back_and_never_verifies() {
    let sandbox = Sandbox::start().await;
    let customer = sandbox.info().customer.clone();
    let mut captures = Vec::new();
    for _ in 0..3 {
        captures.push(PendingCapture::of(&sandbox, &customer).await);
    }
    let ids: Vec<String> = captures.iter().map(|one| one.verification.as_str().to_owned()).collect();
    let reviewer = StaffBrowser::with_role(&sandbox, "rina.k", "reviewer").await;
    let queue = reviewer.get(QUEUE).await;
    queue.says(200, &["<strong>3</strong>"]);
    assert_eq!(queue.rows(), ids, "oldest first");
    let one = |at: usize| format!("{QUEUE}/{}", ids[at]);
    let page = reviewer.get(&one(0)).await;
    page.says(
        200,
        &["reviews.pictures is off", "flash_reflectance", "0.853", "value=\"verified\" required disabled"],
    );
    page.never_says(&["<img", "Show the picture"]);
    let shown: Vec<_> = views(&sandbox).await.iter().map(|view| (view.page, view.fields.clone())).collect();
    assert_eq!(shown, [(PersonalDataPage::Review, vec![Field::VoterValues])]);

    let verified = reviewer.submit(&page, &one(0), &[("decision", "verified"), ("reasonCode", "ok")]).await;
    verified.says(409, &["Nobody approves what they have not seen"]);
    let wrong = reviewer.submit(&page, &one(0), &[("decision", "failed"), ("reasonCode", "Not One")]).await;
    wrong.says(400, &["A reason code is missing", "value=\"Not One\""]);
    reviewer.submit(&page, &one(0), &[]).await.says(400, &["No decision was chosen"]);
    let note = "Foto\r\nterlalu gelap";
    let failed = [("decision", "failed"), ("reasonCode", "wrong_document"), ("note", note)];
    let done = reviewer.submit(&page, &one(0), &failed).await;
    assert_eq!(done.goes_to(), one(0));
    reviewer.get(&one(0)).await.says(200, &["wrong_document", "rina.k"]);
    for late in [&failed[..], &[("decision", "verified"), ("reasonCode", "ok")]] {
        let late = reviewer.submit(&page, &one(0), late).await;
        late.says(409, &["Somebody has decided already", "wrong_document"]);
    }
    let sent_back = reviewer.submit(&page, &one(1), &[("decision", "retake")]).await;
    assert_eq!(sent_back.goes_to(), one(1));
    assert_eq!(reviewer.get(QUEUE).await.rows(), [ids[2].clone()]);
    let failed = reviewer.get(&format!("{QUEUE}?review=failed")).await;
    assert_eq!(failed.rows(), [ids[1].clone(), ids[0].clone()], "newest first");
    failed.says(200, &["rina.k"]);
    reviewer
        .get(&format!("{QUEUE}?review=perhaps"))
        .await
        .says(400, &["A review is open, verified or failed"]);

    // Others look; a form that no page of ours sent decides nothing, and neither does a role that may not.
    for role in ["analyst", "compliance"] {
        let looks = StaffBrowser::with_role(&sandbox, &format!("{role}.user"), role).await;
        let page = looks.get(&one(2)).await;
        page.says(200, &["flash_reflectance"]);
        page.never_says(&["name=\"decision\""]);
        looks.submit(&page, &one(2), &[("decision", "retake")]).await.says(403, &[]);
        looks.submit(&page, &format!("{}/picture", one(2)), &[]).await.says(403, &[]);
    }
    reviewer.post(&one(2), &[("decision", "retake")]).await.says(403, &[]);
    assert_eq!(reviewer.get(QUEUE).await.rows(), [ids[2].clone()]);
    reviewer.reads("id");
    reviewer.get(&one(2)).await.says(200, &["Apa keputusan Anda?"]);
}

/// The picture of a page, as its bytes.
fn picture(page: &ConsoleAnswer) -> Vec<u8> {
    let at = page.body.split("src=\"data:image/jpeg;base64,").nth(1).expect("a picture");
    STANDARD.decode_to_vec(at.split('"').next().expect("its end").as_bytes()).expect("base64")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reviewer_who_has_just_seen_the_picture_verifies_and_nobody_else() {
    let sandbox = Sandbox::start().await;
    set(&sandbox, "reviews.pictures=watermarked").await;
    let customer = sandbox.api().customer("Contoh Nasabah").await;
    let (one, other) =
        (PendingCapture::of(&sandbox, &customer).await, PendingCapture::of(&sandbox, &customer).await);
    let path = |capture: &PendingCapture| format!("{QUEUE}/{}", capture.verification);
    let rina = StaffBrowser::with_role(&sandbox, "rina.k", "reviewer").await;
    let budi = StaffBrowser::with_role(&sandbox, "budi", "admin").await;

    let page = rina.get(&path(&one)).await;
    page.says(200, &["Show the picture", "(30 minutes)"]);
    page.never_says(&["<img"]);
    let shown = rina.submit(&page, &format!("{}/picture", path(&one)), &[]).await;
    shown.says(200, &["Shown until", "You have looked at the picture"]);
    assert_eq!(shown.header("cache-control"), Some("no-store"));
    assert_eq!(shown.header("refresh"), Some(format!("300; url={}", path(&one)).as_str()));
    let before = FaceModels::decode(&one.copy).expect("a picture");
    let burnt_in = FaceModels::decode(&picture(&shown)).expect("a picture");
    assert_eq!((burnt_in.width(), burnt_in.height()), (before.width(), before.height()));
    let differ = before.rgb().iter().zip(burnt_in.rgb()).filter(|(a, b)| a.abs_diff(**b) > 30).count();
    assert!(differ > before.rgb().len() / 50, "{differ} bytes differ: a name and a time are in it");
    let seen = views(&sandbox).await;
    let last = seen.last().expect("a record");
    assert_eq!((last.page, last.staff_user.as_str()), (PersonalDataPage::ReviewCopy, "rina.k"));
    for field in [Field::Photo, Field::KtpText, Field::VoterValues] {
        assert!(last.fields.contains(&field), "{last:?}");
    }

    // Neither of another capture of the same customer, nor for another reviewer.
    let verified = [("decision", "verified"), ("reasonCode", "genuine")];
    rina.submit(&page, &path(&other), &verified)
        .await
        .says(409, &["Nobody approves what they have not seen"]);
    let page_of_budi = budi.get(&path(&one)).await;
    budi.submit(&page_of_budi, &path(&one), &verified).await.says(409, &["Nobody approves"]);
    let done = rina.submit(&shown, &path(&one), &verified).await;
    assert_eq!(done.goes_to(), path(&one));
    assert!(is_destroyed(&one.review_key(&sandbox).await.key));
    assert!(!is_destroyed(&other.review_key(&sandbox).await.key));
    let after = rina.get(&path(&one)).await;
    after.says(200, &["genuine", "rina.k", "no picture any more"]);
    after.never_says(&["name=\"decision\""]);
    let kyc = sandbox.api().kyc(&customer).await;
    assert_eq!(kyc["customer"]["kycLevel"], "standard", "{kyc}");
    let verified = rina.get(&format!("{QUEUE}?review=verified")).await;
    assert_eq!(verified.rows(), [one.verification.as_str().to_owned()]);

    // With the biometric data gone there is neither picture nor number; it can still be sent back.
    erase(&sandbox, &customer, Purpose::Biometric).await;
    let page = until("the page to hear of the erasure", async || {
        let page = rina.get(&path(&other)).await;
        page.body.contains("no picture any more").then_some(page)
    })
    .await;
    page.never_says(&["0.853", "Show the picture"]);
    assert_eq!(rina.submit(&page, &path(&other), &[("decision", "retake")]).await.goes_to(), path(&other));
    let row: Value = sandbox
        .api()
        .rows("")
        .await
        .into_iter()
        .find(|row| row["id"] == other.verification.as_str())
        .expect("the row");
    assert_eq!(row["status"], "pending");
}
