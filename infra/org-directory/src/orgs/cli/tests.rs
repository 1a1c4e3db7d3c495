//! The commands as somebody types them.

use clap::Parser;
use serde_json::Value;

use super::*;

#[derive(Debug, Parser)]
struct Program {
    #[command(flatten)]
    orgs: OrgsArgs,
}

fn parse(line: &[&str]) -> Result<OrgsArgs, clap::Error> {
    let line = std::iter::once("orgs").chain(line.iter().copied());
    Program::try_parse_from(line).map(|program| program.orgs)
}

/// A data folder and its settings file.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let data = dir.path().join("data");
        std::fs::write(dir.path().join("c.toml"), format!("[engine]\ndata_dir = {data:?}\n"))
            .expect("written");
        Self { dir }
    }

    /// Runs a command against the settings file: stdout and stderr, or the error.
    async fn run(&self, line: &[&str]) -> Result<(String, String), String> {
        let config = self.dir.path().join("c.toml");
        let mut line = line.to_vec();
        line.extend(["--config", config.to_str().expect("UTF-8")]);
        self.run_as_it_stands(&line).await
    }

    async fn run_as_it_stands(&self, line: &[&str]) -> Result<(String, String), String> {
        let args = parse(line).expect("good usage");
        let answer = run(args).await.map_err(|error| error.to_string())?;
        Ok((answer.text, answer.words.join("\n")))
    }

    async fn json(&self, line: &[&str]) -> Value {
        let (out, _) = self.run(line).await.expect("done");
        serde_json::from_str(&out).expect("JSON and nothing else")
    }
}

#[tokio::test]
async fn of_a_capability_that_is_named_twice_the_last_counts_when_made_and_when_changed() {
    let place = Place::new();
    for (twice, is_granted) in [
        ("dukcapilEnabled=true,dukcapilEnabled=false", false),
        ("dukcapilEnabled=false,dukcapilEnabled=true", true),
    ] {
        let made = place.json(&["create", "--name", "Bank", "--capability", twice]).await;
        let org = made["orgId"].as_str().expect("an id");
        for change in [false, true] {
            if change {
                place.run(&["set", org, "--capability", twice]).await.expect("done");
            }
            let listed = place.json(&["list", "--json"]).await;
            let listed =
                listed.as_array().expect("orgs").iter().find(|one| one["orgId"] == org).expect("made");
            assert_eq!(listed["dukcapilEnabled"], is_granted, "{listed}");
        }
    }
}

#[tokio::test]
async fn create_prints_the_contracts_object_alone() {
    let place = Place::new();
    let line = ["create", "--name", "Bank", "--dukcapil-enabled", "--ingest-limit", "0"];
    let (out, words) = place.run(&line).await.expect("done");
    let printed: Value = serde_json::from_str(&out).expect("JSON and nothing else");
    let org = printed["orgId"].as_str().expect("an id");
    assert!(OrgId::parse(org).is_ok());
    assert!(printed["apiKey"].as_str().expect("a key").starts_with("qe_sk_sandbox_"));
    assert_eq!(printed.as_object().expect("an object").len(), 2);
    assert!(words.contains("signer-1.key"), "{words}");
    assert!(!words.contains(printed["apiKey"].as_str().expect("a key")));
    assert!(place.dir.path().join("data/compliance/signer-1.key").is_file());
    let list = place.json(&["list", "--json"]).await;
    assert_eq!(list[0]["orgId"], printed["orgId"]);
    assert_eq!(list[0]["dukcapilEnabled"], true);
    assert_eq!(list[0]["limits"]["nikDukcapil"], 0);
    let (lines, _) = place.run(&["list"]).await.expect("done");
    let (heads, row) = lines.split_once('\n').expect("heads and a row");
    for head in ["org", "name", "environment", "dukcapil", "verdicts/min", "created"] {
        assert!(heads.split_whitespace().any(|word| word == head), "no {head}: {heads}");
    }
    assert!(row.starts_with(org) && row.contains("  Bank  ") && row.contains("  sandbox  "), "{row}");
    assert!(row.contains("  on  ") && row.contains("  none  "), "{row}");

    let (_, words) = place.run(&["create", "--name", "Bank", "--environment", "live"]).await.expect("done");
    assert!(words.contains("compliance signers init --org org_"), "{words}");
}

#[tokio::test]
async fn set_and_keys_do_what_they_say() {
    let place = Place::new();
    let created = place.json(&["create", "--name", "Bank", "--scopes", "verifications:write,read"]).await;
    let org = created["orgId"].as_str().expect("an id");
    let set = place
        .json(&[
            "set",
            org,
            "--dukcapil-enabled",
            "true",
            "--strict-scopes",
            "false",
            "--get-limit",
            "7",
            "--json",
        ])
        .await;
    assert_eq!(set[0]["dukcapilEnabled"], true);
    assert_eq!(set[0]["strictScopes"], false);
    assert_eq!(set[0]["limits"]["get"], 7);

    let line =
        ["set", org, "--limit", "nik_dukcapil=5,write=0", "--capability", "dukcapilEnabled=false", "--json"];
    let set = place.json(&line).await;
    let limits = |org: &Value| ["get", "write", "nikDukcapil"].map(|name| org["limits"][name].clone());
    assert_eq!(limits(&set[0]), [7, 0, 5]);
    assert_eq!((&set[0]["capabilities"], &set[0]["dukcapilEnabled"]), (&json!([]), &json!(false)));
    let line = ["create", "--name", "B", "--limit", "get=9", "--capability", "dukcapilEnabled=true"];
    let second = place.json(&line).await;
    let list = place.json(&["list", "--json"]).await;
    let mut orgs = list.as_array().expect("a list").iter();
    let second = orgs.find(|listed| listed["orgId"] == second["orgId"]).expect("listed");
    assert_eq!(limits(second), [9, 120, 30]);
    assert_eq!(second["capabilities"], json!(["dukcapilEnabled"]));

    let key = place.json(&["keys", "create", org, "--expires", "90d"]).await;
    let key_id = key["keyId"].as_str().expect("an id");
    assert_ne!(key["apiKey"], created["apiKey"]);
    let keys = place.json(&["keys", "list", org, "--json"]).await;
    assert_eq!(keys.as_array().map(Vec::len), Some(2));
    assert_eq!(keys[0]["scopes"], json!(["verifications:write", "read"]));
    assert_eq!(keys[1]["scopes"].as_array().map(Vec::len), Some(Scope::STANDARD.len()));
    assert!(keys[1]["expiresAt"].is_string());
    let all = keys.to_string();
    for shown_once in [&created["apiKey"], &key["apiKey"]] {
        assert!(!all.contains(shown_once.as_str().expect("a key")));
    }
    let (line, _) = place.run(&["keys", "revoke", org, key_id]).await.expect("done");
    let rows = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert!(rows(&line)[0].starts_with("key ") && rows(&line)[0].ends_with("created"), "{line}");
    assert!(rows(&line)[1].starts_with(&format!("{key_id}  revoked at ")), "{line}");
    let (list, _) = place.run(&["keys", "list", org]).await.expect("done");
    assert!(rows(&list)[1].contains("  active  "), "{list}");
}

/// What a later build has granted is shown, and nothing in a table's row runs together.
#[test]
fn what_only_a_later_build_knows_is_listed_by_its_name() {
    use domain::orgs::{CapabilitySet, OrgRecord, OrgSettings, RateLimits, WrappedSecret};

    let org = |capabilities, limits, settings| OrgRecord {
        org: OrgId::from_bytes([1; 16]),
        name: "Bank".to_owned(),
        environment: Environment::Live,
        capabilities,
        strict_scopes: true,
        limits,
        policy_version: 1,
        suite: Suite::Aes256GcmSiv,
        id_secret: WrappedSecret { kms_version: 1, wrapped: Vec::new().into() },
        evidence_key_id: String::new(),
        evidence_public_key: Vec::new().into(),
        created_at: Timestamp::EPOCH,
        settings,
    };
    let words = CapabilitySet::from_words(["dukcapilEnabled", "laterEnabled"].map(str::to_owned));
    let limits = RateLimits::from_names([("get", 0), ("later_bucket", 7)].map(|(n, l)| (n.to_owned(), l)));
    let settings = [("later.setting", "some text"), ("match.low", "0.5")];
    let settings = OrgSettings::from_texts(settings.map(|(n, t)| (n.to_owned(), t.to_owned())));
    let plain = org(CapabilitySet::default(), RateLimits::default(), OrgSettings::default());
    let later = org(words, limits, settings);
    assert_eq!(org_json(&later)["capabilities"], json!(["dukcapilEnabled", "laterEnabled"]));
    assert_eq!(org_json(&later)["limits"]["laterBucket"], 7);
    let settings = json!({
        "later.setting": "some text", "match.low": 0.5, "match.medium": null, "match.high": null,
        "eligibility.blockOn": null,
        "ktp.textSource": "server", "ktp.minAssurance": "standard", "reviews.pictures": "off", "keepFrames": "steps",
        "fallback.maxAgeDays": 30,
    });
    assert_eq!(org_json(&later)["settings"], settings);
    let table = org_table(&[later, plain]);
    let cells = |line: usize| -> Vec<&str> {
        let line = table.lines().nth(line).expect("a line");
        line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
    };
    let heads = cells(0);
    for (line, others, more, chosen) in
        [(1, "laterEnabled", "later_bucket=7", "later.setting=some text match.low=0.5"), (2, "-", "-", "-")]
    {
        let row = cells(line);
        assert_eq!(row.len(), heads.len(), "{table}");
        let cell = |head: &str| row[heads.iter().position(|one| *one == head).expect("a head")];
        let cells = (cell("other capabilities"), cell("other limits"), cell("settings"));
        assert_eq!(cells, (others, more, chosen), "{table}");
    }
}

#[tokio::test]
async fn settings_are_set_shown_and_put_back() {
    let place = Place::new();
    let made = place.json(&["create", "--name", "Bank"]).await;
    let org = made["orgId"].as_str().expect("an id");
    for (line, shown) in [
        (&["--get-limit", "9"][..], json!([null, null, null])),
        (&["--set", "match.medium=0.990", "--set", "match.high=1"], json!([null, 0.99, 1.0])),
        (&["--set", "match.low=0", "--set", "match.high="], json!([0.0, 0.99, null])),
        // Of a name that is given twice the last counts.
        (&["--set", "match.low=0.5", "--set", "match.low="], json!([null, 0.99, null])),
        (&["--get-limit", "7"], json!([null, 0.99, null])),
    ] {
        let mut line = line.to_vec();
        line.splice(0..0, ["set", org]);
        line.push("--json");
        let set = place.json(&line).await;
        let listed = place.json(&["list", "--json"]).await;
        for printed in [&set[0]["settings"], &listed[0]["settings"]] {
            let values = ["match.low", "match.medium", "match.high"].map(|name| printed[name].clone());
            assert_eq!(json!(values), shown, "{line:?}: {printed}");
        }
    }
    let (table, _) = place.run(&["list"]).await.expect("done");
    assert!(table.contains("  match.medium=0.99  "), "{table}");
}

/// Whoever mistypes a name is told the names, and whoever mistypes a value what it may be.
#[test]
fn a_setting_that_cannot_be_is_refused_with_what_can() {
    let org = OrgId::from_bytes([1; 16]).to_string();
    for (text, says) in [
        ("match.medium", "names are match.low, match.medium, match.high"),
        ("match.most=0.5", "names are match.low, match.medium, match.high"),
        ("later.setting=", "names are match.low, match.medium, match.high"),
        ("=0.5", "names are match.low, match.medium, match.high"),
        ("", "names are match.low, match.medium, match.high"),
        ("match.medium=-0.1", "match.medium is a number from 0 to 1 with at most three decimals"),
        ("match.medium=1.001", "match.medium is a number from 0 to 1 with at most three decimals"),
        ("match.medium=0.4501", "match.medium is a number from 0 to 1 with at most three decimals"),
        ("match.low=low", "match.low is a number from 0 to 1 with at most three decimals"),
    ] {
        let refused = parse(&["set", &org, "--set", text, "--config", "c"]).expect_err("wrong usage");
        assert_eq!(refused.exit_code(), 2, "{text}: {refused}");
        assert!(refused.to_string().contains(says), "{text}: {refused}");
    }
    // Wrapped to a terminal's width.
    let help = parse(&["set", "--help"]).expect_err("help").to_string();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for setting in OrgSetting::ALL {
        assert!(help.contains(setting.as_str()) && help.contains(setting.meaning()), "{help}");
    }
}

#[tokio::test]
async fn a_sandboxs_folder_stands_for_its_settings() {
    let place = Place::new();
    let created = place.json(&["create", "--name", "Bank"]).await;
    let data = place.dir.path().join("data");
    let (out, _) = place
        .run_as_it_stands(&["list", "--json", "--data-dir", data.to_str().expect("UTF-8")])
        .await
        .expect("done");
    assert!(out.contains(created["orgId"].as_str().expect("an id")));

    let elsewhere = place.dir.path().join("typo");
    let refused = place.run_as_it_stands(&["list", "--data-dir", elsewhere.to_str().expect("UTF-8")]).await;
    assert!(refused.expect_err("refused").ends_with("is no sandbox's folder"));
    assert!(!elsewhere.exists(), "a slip of the keyboard makes no folder");
}

#[tokio::test]
async fn what_is_not_there_is_said_so() {
    let place = Place::new();
    let org = OrgId::from_bytes([1; 16]).to_string();
    let refused = place.run(&["keys", "list", &org]).await.expect_err("refused");
    assert_eq!(refused, format!("there is no org {org}"));
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let org = OrgId::from_bytes([1; 16]).to_string();
    for line in [
        &["create", "--name", "Bank"][..],
        &["create", "--name", "Bank", "--config", "c", "--data-dir", "d"],
        &["create", "--name", "", "--config", "c"],
        &["create", "--name", "B", "--environment", "prod", "--config", "c"],
        &["create", "--name", "B", "--scopes", "everything", "--config", "c"],
        &["create", "--name", "B", "--ingest-limit", "-1", "--config", "c"],
        &["create", "--name", "B", "--evidence-public-key", "evidence.pub", "--config", "c"],
        &["set", &org, "--config", "c"],
        &["set", "bank", "--dukcapil-enabled", "true", "--config", "c"],
        &["set", &org, "--dukcapil-enabled", "yes", "--config", "c"],
        &["set", &org, "--policy-version", "99", "--config", "c"],
        &["set", &org, "--suite", "rot13", "--config", "c"],
        &["set", &org, "--limit", "get", "--config", "c"],
        &["set", &org, "--limit", "warp=1", "--config", "c"],
        &["set", &org, "--limit", "get=-1", "--config", "c"],
        &["set", &org, "--limit", "get=1", "--get-limit", "2", "--config", "c"],
        &["set", &org, "--capability", "dukcapilEnabled", "--config", "c"],
        &["set", &org, "--capability", "teleport=true", "--config", "c"],
        &[
            "set",
            &org,
            "--capability",
            "dukcapilEnabled=true",
            "--dukcapil-enabled",
            "false",
            "--config",
            "c",
        ],
        &["keys", "create", &org, "--expires", "2001-01-01T00:00:00Z", "--config", "c"],
        &["keys", "create", &org, "--expires", "0d", "--config", "c"],
        &["keys", "revoke", &org, "nonsense", "--config", "c"],
        &["list"],
        &[],
    ] {
        let error = parse(line).expect_err("wrong usage");
        assert_eq!(error.exit_code(), 2, "{line:?}: {error}");
    }
    let help = parse(&["--help"]).expect_err("help");
    assert_eq!(help.exit_code(), 0);
    assert!(help.to_string().contains("Examples:"));
}
