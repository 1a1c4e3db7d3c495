//! First and later starts on a real folder.

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use engine::Config;
use engine::Role;

async fn open(dir: &Path) -> Engine {
    Engine::open(&Config::sandbox(dir).expect("good settings"), Role::Tool).await.expect("opened")
}

fn info(org: &SandboxOrg) -> SandboxInfo {
    SandboxInfo {
        url: "http://127.0.0.1:8080".to_owned(),
        admin_url: "http://127.0.0.1:9464".to_owned(),
        org_id: org.org.org.to_string(),
        api_key: org.api_key.expose().to_owned(),
        customer_id: CustomerId::from_bytes([7; 16]).to_string(),
        console: Some(ConsoleSignIn {
            url: "http://127.0.0.1:8080/console/".to_owned(),
            user: org.staff.user.to_string(),
            password: org.staff.password.expose().to_owned(),
        }),
    }
}

#[tokio::test]
async fn the_first_start_makes_what_the_contract_says() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path()).await;
    let made = prepare_org(&engine, 60_000).await.expect("prepared");
    assert!(made.org.capabilities.contains(Capability::DukcapilEnabled) && made.org.strict_scopes);
    assert_eq!(made.org.environment, Environment::Sandbox);
    for (bucket, limit) in [
        (RateBucket::Get, 60_000),
        (RateBucket::Write, 12_000),
        (RateBucket::NikDukcapil, 60_000),
        (RateBucket::FaceMatch, 2_000),
        (RateBucket::FaceEnrolments, 2_000),
    ] {
        assert_eq!(made.org.limits.per_minute(bucket), limit, "{bucket:?}");
    }
    assert_eq!(made.customer, None);
    let keys = Orgs::new(&engine).keys(&made.org.org).await.expect("listed");
    assert_eq!(keys[0].scopes, Scope::STANDARD);
    assert!(!dir.path().join("sandbox.json").exists(), "not before it is ready");

    let path = write_sandbox_json(&engine, info(&made)).await.expect("written");
    assert_eq!(path, dir.path().join("sandbox.json"));
    assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    let written: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).expect("readable")).expect("JSON");
    let mut names: Vec<_> = written.as_object().expect("an object").keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["adminUrl", "apiKey", "console", "customerId", "orgId", "url"]);
}

#[tokio::test]
async fn a_later_start_goes_on_where_it_was() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path()).await;
    let first = prepare_org(&engine, 60_000).await.expect("prepared");
    write_sandbox_json(&engine, info(&first)).await.expect("written");
    let off =
        OrgChange { capabilities: [(Capability::DukcapilEnabled, false)].into(), ..OrgChange::default() };
    Orgs::new(&engine).set(&first.org.org, off).await.expect("set");

    // One that ends before it is ready, and one that gets there.
    for _ in 0..2 {
        let again = prepare_org(&engine, 0).await.expect("prepared");
        assert!(!dir.path().join("sandbox.json").exists(), "it is not ready yet");
        assert_eq!(again.org.org, first.org.org);
        assert_eq!(again.api_key, first.api_key);
        assert_eq!(again.customer, Some(CustomerId::from_bytes([7; 16])));
        assert_eq!(again.org.limits.per_minute(RateBucket::NikDukcapil), 0);
        assert!(!again.org.capabilities.contains(Capability::DukcapilEnabled), "what was set stays");
    }
    write_sandbox_json(&engine, info(&first)).await.expect("written");
    assert!(!dir.path().join("sandbox.last.json").exists());
}

#[tokio::test]
async fn a_lost_or_broken_file_costs_a_new_key_and_no_new_org() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path()).await;
    let first = prepare_org(&engine, 60_000).await.expect("prepared");
    for content in [None, Some("{"), Some("{\"orgId\":\"org_\"}")] {
        if let Some(content) = content {
            std::fs::write(dir.path().join("sandbox.json"), content).expect("written");
        }
        let again = prepare_org(&engine, 60_000).await.expect("prepared");
        assert_eq!(again.org.org, first.org.org);
        assert_ne!(again.api_key, first.api_key);
        assert_eq!(again.customer, None);
    }
    assert_eq!(Orgs::new(&engine).list().await.expect("listed").len(), 1);
}

#[tokio::test]
async fn a_revoked_key_is_replaced() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path()).await;
    let first = prepare_org(&engine, 60_000).await.expect("prepared");
    write_sandbox_json(&engine, info(&first)).await.expect("written");
    let orgs = Orgs::new(&engine);
    let key = orgs.keys(&first.org.org).await.expect("listed").remove(0);
    orgs.revoke_key(&first.org.org, &key.id).await.expect("revoked");
    let again = prepare_org(&engine, 60_000).await.expect("prepared");
    assert_eq!(again.org.org, first.org.org);
    assert_ne!(again.api_key, first.api_key);
    assert_eq!(again.customer, Some(CustomerId::from_bytes([7; 16])));
}

#[tokio::test]
async fn the_consoles_sign_in_stays_until_somebody_changes_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path()).await;
    let first = prepare_org(&engine, 0).await.expect("prepared");
    write_sandbox_json(&engine, info(&first)).await.expect("written");
    let again = prepare_org(&engine, 0).await.expect("prepared");
    assert_eq!(again.staff.user, first.staff.user);
    assert_eq!(again.staff.password.expose(), first.staff.password.expose());
    write_sandbox_json(&engine, info(&again)).await.expect("written");

    let staff = StaffDirectory::new(&engine);
    staff.disable(&first.staff.user).await.expect("disabled");
    let restored = prepare_org(&engine, 0).await.expect("prepared");
    assert_eq!(restored.staff.user, first.staff.user);
    assert_ne!(restored.staff.password.expose(), first.staff.password.expose());
    let account = staff.account(&first.staff.user).await.expect("read").expect("there");
    assert!(staff.is_in_force(&account, &restored.staff.password).await.expect("asked"));
}

#[tokio::test]
async fn a_file_of_before_the_console_is_understood() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path()).await;
    let first = prepare_org(&engine, 0).await.expect("prepared");
    write_sandbox_json(&engine, SandboxInfo { console: None, ..info(&first) }).await.expect("written");
    let again = prepare_org(&engine, 0).await.expect("prepared");
    assert_eq!(again.api_key, first.api_key, "the rest of it is");
    assert!(again.customer.is_some());
}
