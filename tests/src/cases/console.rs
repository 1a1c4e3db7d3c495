//! Signing in to the console, and `staff …` beside an installation that serves (contract §6, §8).

use serde_json::{Value, json};

use crate::client::{fields, is_time, text};
use crate::console::ConsoleBrowser;
use crate::harness::ContractHarness;
use crate::patience::until;

/// A name that nobody has.
fn user(prefix: &str) -> String {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    format!("{prefix}-{}-{number}", now.as_nanos())
}

/// An account of the harness's org: its name and its password.
async fn account<H: ContractHarness>(place: &H, role: &str) -> (String, String) {
    let name = user(role);
    let made = place.staff(&["add", &name, "--role", role, "--org", &place.info().org]).await.json();
    assert_eq!(made["user"], name.as_str());
    (name, text(&made["password"]).to_owned())
}

pub async fn an_account_is_made_and_signs_in<H: ContractHarness>() {
    let place = H::start().await;
    let (name, password) = account(&place, "analyst").await;
    let browser = ConsoleBrowser::new(&place.info().url);
    assert!(browser.get("/console/account").await.asks_to_sign_in());
    let answer = browser.sign_in_to(&name, &password, "/console/account?lang=en").await;
    assert_eq!(answer.goes_to(), "/console/account?lang=en");
    let page = browser.get("/console/account?lang=en").await;
    let page = page.page(200);
    assert!(page.contains(&name) && page.contains("Analyst"), "{page}");
    assert!(!page.contains("/console/access"), "an analyst does not see it: {page}");
    // Beneath the console there is nothing else for whoever is signed in, and for others not even that.
    browser.get("/console/no-such-page").await.page(404);
    assert!(ConsoleBrowser::new(&place.info().url).get("/console/no-such-page").await.asks_to_sign_in());
}

pub async fn a_role_sees_its_entries<H: ContractHarness>() {
    let place = H::start().await;
    for (role, sees) in [("reviewer", false), ("compliance", true), ("admin", true)] {
        let (name, password) = account(&place, role).await;
        let browser = ConsoleBrowser::new(&place.info().url);
        browser.sign_in(&name, &password).await.goes_to();
        let page = browser.get("/console/account").await;
        assert_eq!(page.page(200).contains("href=\"/console/access\""), sees, "{role}: {page:?}");
    }
}

pub async fn a_disabled_account_is_out_with_the_next_page<H: ContractHarness>() {
    let place = H::start().await;
    let (name, password) = account(&place, "admin").await;
    let browser = ConsoleBrowser::new(&place.info().url);
    browser.sign_in(&name, &password).await.goes_to();
    browser.get("/console/account").await.page(200);
    let disabled = place.staff(&["disable", &name, "--json"]).await.json();
    assert_eq!(disabled[0]["disabled"], true, "{disabled}");
    assert!(browser.get("/console/account").await.asks_to_sign_in());
    browser.sign_in(&name, &password).await.page(403);

    // In force again with another password; the one of before is none.
    let reset = place.staff(&["reset", &name]).await.json();
    let other = text(&reset["password"]);
    browser.sign_in(&name, &password).await.page(403);
    browser.sign_in(&name, other).await.goes_to();
    browser.get("/console/account").await.page(200);
}

pub async fn a_new_password_ends_what_the_old_one_began<H: ContractHarness>() {
    let place = H::start().await;
    let (name, password) = account(&place, "analyst").await;
    let browsers = [ConsoleBrowser::new(&place.info().url), ConsoleBrowser::new(&place.info().url)];
    for browser in &browsers {
        browser.sign_in(&name, &password).await.goes_to();
        browser.get("/console/account").await.page(200);
    }
    place.staff(&["reset", &name]).await.json();
    for browser in &browsers {
        assert!(browser.get("/console/account").await.asks_to_sign_in());
    }
}

pub async fn accounts_are_listed_without_secrets<H: ContractHarness>() {
    let place = H::start().await;
    let (name, password) = account(&place, "compliance").await;
    let org = place.info().org.clone();
    let listed = place.staff(&["list", "--org", &org, "--json"]).await.json();
    let listed = listed.as_array().expect("a list");
    let [found] = listed.iter().filter(|one| one["user"] == name.as_str()).collect::<Vec<&Value>>()[..]
    else {
        panic!("the new one, once: {listed:?}")
    };
    assert_eq!(fields(found), ["createdAt", "disabled", "orgId", "role", "user"]);
    assert_eq!((&found["role"], &found["disabled"]), (&json!("compliance"), &json!(false)));
    assert!(is_time(&found["createdAt"]) && found["orgId"] == org.as_str(), "{found}");
    for arguments in [&["list"][..], &["list", "--json"], &["list", "--org", &org]] {
        let ran = place.staff(arguments).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains(&name) && !said.contains(&password) && !said.contains("argon2"), "{ran:?}");
    }
}

pub async fn what_cannot_be_done_with_an_account_is_said<H: ContractHarness>() {
    let place = H::start().await;
    let (name, _) = account(&place, "analyst").await;
    let org = place.info().org.clone();
    let nobody = user("nobody");
    for (arguments, code, words) in [
        (&["add", &name, "--role", "admin", "--org", &org][..], 1, "already"),
        (
            &["add", &nobody, "--role", "admin", "--org", "org_00000000000000000000000000"],
            1,
            "there is no org",
        ),
        (&["disable", &nobody], 1, "there is no user"),
        (&["reset", &nobody], 1, "there is no user"),
        (&["add", "Ana", "--role", "admin"], 2, "a user name is"),
        (&["add", &nobody, "--role", "root"], 2, "roles are analyst, reviewer, compliance, admin"),
        (&["add", &nobody], 2, "--role"),
    ] {
        let ran = place.staff(arguments).await;
        assert_eq!(ran.code, Some(code), "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains(words) && ran.stdout.is_empty(), "{arguments:?}: {ran:?}");
    }
}

pub async fn an_org_that_has_just_been_made_has_staff_of_its_own<H: ContractHarness>() {
    let place = H::start().await;
    let (org, _) = place.org(&[]).await;
    let name = user("other");
    let made = place.staff(&["add", &name, "--role", "admin", "--org", &org]).await.json();
    let browser = ConsoleBrowser::new(&place.info().url);
    let signed_in = browser.sign_in(&name, text(&made["password"])).await;
    signed_in.goes_to();
    let page = until("the org to be known", async || {
        let page = browser.get("/console/account").await;
        (page.status == 200).then_some(page)
    })
    .await;
    assert!(page.body.contains("Bank Lain"), "{page:?}");
}
