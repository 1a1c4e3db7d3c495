//! `orgs …` (contract §6) beside an installation that serves. On a stopped sandbox: `lifecycle.rs`.

use serde_json::{Value, json};

use crate::client::{declined, fields, is_id, text};
use crate::harness::ContractHarness;
use crate::patience::until;
use crate::process::run;

/// `qe_sk_<environment>_<32 base32 characters>`.
#[track_caller]
fn is_key(key: &Value, environment: &str) {
    let secret = text(key).strip_prefix(&format!("qe_sk_{environment}_")).unwrap_or_else(|| panic!("{key}"));
    assert_eq!(secret.len(), 32, "{key}");
    assert!(secret.bytes().all(|b| b.is_ascii_alphanumeric()), "{key}");
}

pub async fn an_org_is_made_and_its_key_works_in_a_running_sandbox<H: ContractHarness>() {
    let sandbox = H::start().await;
    let ran = sandbox.orgs(&["create", "--name", "Bank Contoh", "--dukcapil-enabled"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let made: Value = serde_json::from_str(&ran.stdout).expect("one JSON object on stdout");
    assert_eq!(fields(&made), ["apiKey", "orgId"]);
    assert!(is_id("org_", &made["orgId"]), "{made}");
    is_key(&made["apiKey"], "sandbox");
    let api = sandbox.api().with_key(text(&made["apiKey"]));
    until("the key's work", async || (api.get("/api/auth/me").await.status == 200).then_some(())).await;
    let me = api.get("/api/auth/me").await.expect(200);
    assert_eq!((&me["org"]["id"], &me["org"]["name"]), (&made["orgId"], &json!("Bank Contoh")));
    assert_eq!(me["capabilities"]["strictScopes"], true, "new orgs are strict: {me}");
    for (bucket, limit) in [("get", 600), ("write", 120), ("nik_dukcapil", 30)] {
        assert_eq!(me["limits"][bucket], limit, "{me}");
    }
    let customer = api.customer("Budi Santoso").await;
    api.verdict(&crate::client::verified(&customer)).await.expect(200);
    // Two signers were made for it, and lie with compliance.
    for file in ["signer-1.key", "signer-2.key"] {
        let key = sandbox.compliance_dir().join(file);
        assert!(key.is_file(), "no signer at {}", key.display());
    }
}

pub async fn orgs_and_keys_are_listed_without_secrets<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (org, _) = sandbox.org(&["--ingest-limit", "7", "--scopes", "read"]).await;
    let (key, api) = sandbox.key(&org, &["--scopes", "verifications:write,customers:view"]).await;
    let listed = sandbox.orgs_json(&["list", "--json"]).await;
    let listed = listed.as_array().expect("a list");
    let of = |org: &str| listed.iter().filter(|one| one["orgId"] == org).collect::<Vec<_>>();
    assert_eq!(of(&sandbox.info().org).len(), 1, "{listed:?}");
    let [found] = of(&org)[..] else { panic!("the new one, once: {listed:?}") };
    assert_eq!(found["limits"]["nikDukcapil"], 7, "{found}");
    assert_eq!((&found["dukcapilEnabled"], &found["strictScopes"]), (&json!(false), &json!(true)));
    let keys = sandbox.orgs_json(&["keys", "list", &org, "--json"]).await;
    let keys = keys.as_array().expect("a list");
    assert_eq!(keys.len(), 2, "{keys:?}");
    let found = keys.iter().find(|one| one["keyId"] == key.as_str()).expect("the new one");
    assert_eq!(found["scopes"], json!(["verifications:write", "customers:view"]));
    for arguments in
        [&["list"][..], &["list", "--json"], &["keys", "list", &org], &["keys", "list", &org, "--json"]]
    {
        let ran = sandbox.orgs(arguments).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(!ran.stdout.is_empty(), "{ran:?}");
        for secret in [api.key(), sandbox.info().key.as_str()] {
            assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "a key is shown once");
        }
    }
}

pub async fn capabilities_and_limits_are_set_by_name_and_hold_within_seconds<H: ContractHarness>() {
    let sandbox = H::start().await;
    let flags = ["--capability", "dukcapilEnabled=true", "--limit", "nik_dukcapil=0,get=0"];
    let (org, api) = sandbox.org(&flags).await;
    let customer = api.customer("Budi Santoso").await;
    let verdict = declined(&customer, "Data ganda");
    api.verdict(&verdict).await.expect(200);
    for (flag, value, status, code) in [
        ("--capability", "dukcapilEnabled=false", 403, "capability_disabled"),
        ("--limit", "nik_dukcapil=1", 429, "rate_limited"),
    ] {
        let set = sandbox.orgs(&["set", &org, flag, value]).await;
        assert_eq!(set.code, Some(0), "{set:?}");
        let refused = async || {
            let answer = api.verdict(&verdict).await;
            (answer.status != 200).then_some(answer)
        };
        let refused = until("the change to hold", refused).await.expect(status);
        assert_eq!(refused["code"], code, "{refused}");
        let back = sandbox.orgs(&["set", &org, "--capability", "dukcapilEnabled=true"]).await;
        assert_eq!(back.code, Some(0), "{back:?}");
        until("the capability", async || {
            (api.get("/api/auth/me").await.expect(200)["capabilities"]["dukcapilEnabled"] == true)
                .then_some(())
        })
        .await;
    }
    for wrong in ["dukcapilEnabled", "dukcapilEnabled=yes", "teleportEnabled=true", ""] {
        assert_eq!(sandbox.orgs(&["set", &org, "--capability", wrong]).await.code, Some(2), "{wrong:?}");
    }
    for wrong in ["get", "get=", "get=-1", "get=x", "warp=1", "GET=1"] {
        assert_eq!(sandbox.orgs(&["set", &org, "--limit", wrong]).await.code, Some(2), "{wrong:?}");
    }
}

pub async fn a_setting_is_shown_until_it_is_put_back_and_no_name_is_guessed<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (org, api) = sandbox.org(&[]).await;
    let names = ["match.high", "match.low", "match.medium"];
    let me = api.get("/api/auth/me").await.expect(200);
    let words =
        ["eligibility.blockOn", "fallback.maxAgeDays", "keepFrames", "ktp.minAssurance", "ktp.textSource"];
    let all: Vec<_> = words.into_iter().chain(names).chain(["reviews.pictures"]).collect();
    assert_eq!(fields(&me["settings"]), all, "{me}");
    for (changes, values) in [
        (&["match.medium=0.990", "match.high=1"][..], json!([1.0, null, 0.99])),
        (&["match.low=0", "match.high="], json!([null, 0.0, 0.99])),
        (&["match.low=", "match.medium="], json!([null, null, null])),
    ] {
        let mut arguments = vec!["set", &org];
        for change in changes {
            arguments.extend(["--set", change]);
        }
        let set = sandbox.orgs(&arguments).await;
        assert_eq!(set.code, Some(0), "{set:?}");
        let listed = sandbox.orgs_json(&["list", "--json"]).await;
        let listed = listed.as_array().expect("a list").iter().find(|one| one["orgId"] == org.as_str());
        let of = |object: &Value| json!(names.map(|name| object["settings"][name].clone()));
        assert_eq!(of(listed.expect("the org")), values, "{changes:?}");
        // Without models what an org asks for is in force alone.
        until("the settings to hold", async || {
            (of(&api.get("/api/auth/me").await.expect(200)) == values).then_some(())
        })
        .await;
    }
    for (wrong, says) in [
        ("match.most=0.5", "match.low, match.medium, match.high"),
        ("match.low", "match.low, match.medium, match.high"),
        ("match.low=-0.1", "a number from 0 to 1"),
        ("match.low=1.1", "a number from 0 to 1"),
        ("match.low=0.4501", "at most three decimals"),
        ("reviews.pictures=on", "one of off, watermarked"),
        ("ktp.textSource=none", "one of server, client"),
        ("ktp.minAssurance=high", "one of low, standard"),
        ("keepFrames=none", "one of all, steps"),
        ("eligibility.blockOn=no_such_code", "one or several of idempotency_conflict, "),
        ("eligibility.blockOn=nik_changed,", "one or several of "),
    ] {
        let refused = sandbox.orgs(&["set", &org, "--set", wrong]).await;
        assert_eq!(refused.code, Some(2), "{wrong}: {refused:?}");
        assert!(refused.stderr.contains(says), "{wrong}: {refused:?}");
    }
}

pub async fn exit_codes_tell_failed_from_wrong_usage<H: ContractHarness>() {
    let sandbox = H::start().await;
    let org = sandbox.info().org.clone();
    let nobody = "org_00000000000000000000000000";
    for (arguments, code) in [
        (&["create"][..], 2),
        (&["create", "--name", ""], 2),
        (&["create", "--name", "x", "--nonsense"], 2),
        (&["create", "--name", "x", "--scopes", "everything"], 2),
        (&["create", "--name", "x", "--environment", "staging"], 2),
        (&["create", "--name", "x", "--ingest-limit", "many"], 2),
        (&["set", &org], 2),
        (&["set", &org, "--dukcapil-enabled", "perhaps"], 2),
        (&["set", "nonsense", "--dukcapil-enabled", "true"], 2),
        (&["set", nobody, "--dukcapil-enabled", "true"], 1),
        (&["keys", "list", nobody], 1),
        (&["keys", "create", nobody], 1),
        (&["keys", "create", &org, "--scopes", "reviews:write,verifications:write"], 2),
        (&["keys", "create", &org, "--scopes", "write", "--scopes", "reviews:write"], 2),
        (&["create", "--name", "x", "--scopes", "reviews:write,write"], 2),
        (&["keys", "revoke", &org, "key_00000000000000000000000000"], 1),
        (&["keys", "create", &org, "--expires", "2001-01-01T00:00:00Z"], 2),
        (&["keys"], 2),
        (&["nonsense"], 2),
    ] {
        let ran = sandbox.orgs(arguments).await;
        assert_eq!(ran.code, Some(code), "orgs {arguments:?}: {ran:?}");
        assert!(ran.stdout.is_empty() && !ran.stderr.is_empty(), "orgs {arguments:?}: {ran:?}");
    }
    assert_eq!(run(["orgs", "list"]).await.code, Some(2), "neither --config nor --data-dir");
    assert_eq!(run(["orgs", "list", "--data-dir", "/nonexistent/folder"]).await.code, Some(1));
    assert_eq!(run(["orgs", "list", "--config", "/nonexistent/file.toml"]).await.code, Some(1));
    assert_eq!(run(["nonsense"]).await.code, Some(2));
    assert_eq!(run::<&str>([]).await.code, Some(2));
    assert_eq!(run(["sandbox", "--listen", "nowhere"]).await.code, Some(2));
    assert_eq!(run(["serve"]).await.code, Some(2));
}
