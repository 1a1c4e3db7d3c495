//! What `infra/deploy` sets is real: every setting of its files and manifests is one that the programs know, the
//! documented file leaves none out, and the topics it makes are those that the start check wants. Not here:
//! what the files say beside settings (`cargo xtask deploy`).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use domain::ports::{Retention, Topic};
use engine::config::{Config, ConfigError, EngineKind, KafkaConfig};

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy")
}

/// Reads settings where the passwords' files are: in a folder of the test.
fn read(text: &str, vars: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let dir = tempfile::tempdir().expect("a folder");
    let (file, password) = (dir.path().join("identity.toml"), dir.path().join("password"));
    fs::write(&file, text).expect("written");
    fs::write(&password, "geheim\n").expect("written");
    let env = |(name, value): &(&str, &str)| (OsString::from(name), OsString::from(value));
    let mut env: Vec<(OsString, OsString)> = vars.iter().map(env).collect();
    for (setting, name) in [
        ("sasl_password_file =", "IDENTITY_KAFKA__SASL_PASSWORD_FILE"),
        ("password_file = \"/etc/identity/cql/", "IDENTITY_CQL__PASSWORD_FILE"),
        ("password_file = \"/etc/identity/registry/", "IDENTITY_REGISTRY__PASSWORD_FILE"),
    ] {
        if text.lines().any(|line| line.starts_with(setting)) {
            env.push((name.into(), password.clone().into()));
        }
    }
    Config::read(Some(&file), env)
}

fn file(name: &str) -> String {
    fs::read_to_string(deploy().join(name)).expect("there")
}

#[test]
fn every_settings_file_is_taken_as_it_stands() {
    let user = ("IDENTITY_KAFKA__SASL_USER", "identity-api");
    for (name, vars) in [
        ("distributed.toml", &[][..]),
        ("compose/identity.toml", &[("IDENTITY_PROJECTOR__INSTANCE_ID", "projector-1")]),
        ("kubernetes/identity.toml", &[user, ("IDENTITY_PROJECTOR__INSTANCE_ID", "identity-projector-0")]),
    ] {
        let config = read(&file(name), vars).expect(name);
        assert_eq!(config.engine.kind, EngineKind::Distributed, "{name}");
        assert_eq!((config.kafka.replication_factor, config.kafka.min_insync_replicas), (3, 2), "{name}");
        assert_eq!(config.cql.replication_factor, 3, "{name}");
        for listener in
            [config.api.public_listener(), config.api.admin_listener(), config.projector.admin_listener()]
        {
            listener.and_then(|listener| listener.check()).expect(name);
        }
    }
}

#[test]
fn every_variable_that_a_manifest_sets_is_a_setting() {
    let mut seen = 0;
    for name in ["compose.yaml", "kubernetes/ingest-api.yaml", "kubernetes/projector.yaml"] {
        let text = file(name);
        let words = text.split(|c: char| !(c.is_ascii_uppercase() || c == '_'));
        for variable in words.filter(|word| word.starts_with("IDENTITY_") && word.contains("__")) {
            seen += 1;
            let refused = Config::read(None, [(variable.into(), "1".into())]).err();
            let words = refused.map(|error| error.to_string()).unwrap_or_default();
            assert!(!words.starts_with("unknown setting"), "{name}: {words}");
        }
    }
    assert!(seen >= 4, "{seen} variables found");
}

/// The sections, as told when one is named that is none.
const SECTIONS: [&str; 12] = [
    "engine",
    "api",
    "projector",
    "kafka",
    "cql",
    "registry",
    "kms",
    "compliance",
    "face",
    "console",
    "support",
    "telemetry",
];

/// The names that a refusal lists after `words`.
fn listed_after(variable: &str, words: &str) -> Vec<String> {
    let refusal = Config::read(None, [(variable.into(), "1".into())]).expect_err("refused").to_string();
    let names = refusal.split_once(words).expect("names").1.trim_end_matches(')');
    names.split(", ").map(str::to_owned).collect()
}

/// The names of a section's settings.
fn names_of(section: &str) -> Vec<String> {
    let variable = format!("IDENTITY_{}__NO_SUCH_SETTING", section.to_uppercase());
    listed_after(&variable, "the section has ")
}

/// The file with the lines in force that are settings behind a `# `, where `wanted` says so.
fn in_force(text: &str, wanted: impl Fn(&str) -> bool) -> String {
    let setting = |line: &str| -> Option<String> {
        let rest = line.strip_prefix("# ")?;
        let (name, _) = rest.split_once(" = ")?;
        (!name.contains(' ') && wanted(name)).then(|| rest.to_owned())
    };
    text.lines().map(|line| setting(line).unwrap_or_else(|| line.to_owned())).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_documented_file_shows_every_setting_and_no_other() {
    let text = file("distributed.toml");
    let everything: toml::Table = in_force(&text, |_| true).parse().expect("TOML");
    assert_eq!(listed_after("IDENTITY_NO_SUCH__SECTION", "sections are "), SECTIONS);
    for section in SECTIONS {
        for name in names_of(section) {
            assert!(everything[section].get(&name).is_some(), "[{section}] {name} is not shown");
        }
    }
    // A password is given once: in its file.
    let all = in_force(&text, |name| !name.ends_with("password"));
    read(&all, &[]).expect("every setting of the file, known and of its type");
}

#[test]
fn what_is_commented_out_stands_at_its_default() {
    let text = file("distributed.toml");
    // These have no default, and the file shows what they could be.
    let shown = |name: &str| {
        name.ends_with("_file")
            || name.ends_with("password")
            || [
                "data_dir",
                "instance_id",
                "sasl_user",
                "key_dir",
                "flush_messages",
                "datacenter",
                "url",
                "contact",
                "models_dir",
                "user",
            ]
            .contains(&name)
    };
    let plain = read(&text, &[]).expect("as it stands");
    let said = read(&in_force(&text, |name| !shown(name)), &[]).expect("with its defaults said");
    let show = |config: &Config| {
        let mut config = config.clone();
        // Of the test's own folder, another one each time.
        config.kafka.sasl_password_file = None;
        config.cql.password_file = None;
        config.registry.password_file = None;
        format!("{config:#?}")
    };
    assert_eq!(show(&plain), show(&said));
}

/// What `topics.sh` would make: by topic, its options and settings.
fn made_topics() -> BTreeMap<String, BTreeMap<String, String>> {
    let dir = tempfile::tempdir().expect("a folder");
    let (tool, log) = (dir.path().join("tool"), dir.path().join("log"));
    fs::write(&tool, format!("printf '%s\\n' \"$@\" end >>'{}'\n", log.display())).expect("written");
    // Run by a shell of its own: a file that was just written may still be open for writing elsewhere.
    let shell = dir.path().join("shell");
    std::os::unix::fs::symlink("/bin/sh", &shell).expect("linked");
    let script =
        file("topics.sh").replace("\"$tool\"", &format!("'{}' '{}'", shell.display(), tool.display()));
    let status = Command::new("bash").args(["-c", &script]).env("BOOTSTRAP", "b:1").status().expect("bash");
    assert!(status.success());
    let said = fs::read_to_string(&log).expect("said");
    let mut topics = BTreeMap::new();
    for call in said.split("end\n").filter(|call| !call.is_empty()) {
        let words: Vec<&str> = call.lines().collect();
        let mut settings = BTreeMap::new();
        for pair in words.windows(2) {
            match (pair[0], pair[1].split_once('=')) {
                ("--config", Some((name, value))) => settings.insert(name.to_owned(), value.to_owned()),
                (name @ ("--topic" | "--partitions" | "--replication-factor"), _) => {
                    settings.insert(name.to_owned(), pair[1].to_owned())
                }
                _ => None,
            };
        }
        topics.insert(settings.remove("--topic").expect("a topic"), settings);
    }
    topics
}

#[test]
fn the_script_makes_the_topics_that_the_start_check_wants() {
    let made = made_topics();
    let defaults = KafkaConfig::default();
    assert_eq!(made.len(), Topic::ALL.len());
    for topic in Topic::ALL {
        let settings = &made[topic.name()];
        let partitions = match topic {
            Topic::Events => defaults.events_partitions,
            Topic::Audit => defaults.audit_partitions,
            Topic::Outcomes => defaults.outcomes_partitions,
            Topic::Orgs => defaults.orgs_partitions,
            Topic::DeadLetters => defaults.dead_letters_partitions,
        };
        let (policy, kept) = match topic.retention() {
            Retention::Forever => ("delete", Some("-1".to_owned())),
            Retention::Days(days) => ("delete", Some((u64::from(days) * 86_400_000).to_string())),
            Retention::LatestPerKey => ("compact", None),
        };
        let set = |name: &str| settings.get(name).map(String::as_str).unwrap_or_default();
        assert_eq!(set("--partitions"), partitions.to_string(), "{}", topic.name());
        assert_eq!(set("--replication-factor"), defaults.replication_factor.to_string());
        assert_eq!(set("min.insync.replicas"), defaults.min_insync_replicas.to_string());
        assert_eq!(set("max.message.bytes"), log_kafka::MESSAGE_BYTES_MAX.to_string());
        assert_eq!(set("message.timestamp.type"), "LogAppendTime");
        assert_eq!(set("unclean.leader.election.enable"), "false");
        assert_eq!(set("cleanup.policy"), policy, "{}", topic.name());
        assert_eq!(settings.get("retention.ms"), kept.as_ref(), "{}", topic.name());
    }
}
