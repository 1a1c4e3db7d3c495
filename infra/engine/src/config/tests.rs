//! What is read, what wins, and what stops the start.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use service::telemetry::LogFormat;

use super::*;

/// Reads settings as a program would: `text` in a file, `vars` around it.
fn read(text: &str, vars: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("config.toml");
    std::fs::write(&path, text).expect("written");
    Config::read(Some(&path), env(vars))
}

fn env(vars: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    vars.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect()
}

fn refused(text: &str, vars: &[(&str, &str)]) -> String {
    read(text, vars).expect_err("must be refused").to_string()
}

#[test]
fn without_a_word_everything_has_the_contracts_values() {
    let config = Config::read(None, []).expect("defaults");
    assert_eq!(config.engine.kind, EngineKind::Embedded);
    assert_eq!(config.api.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.api.admin_listen.to_string(), "127.0.0.1:9464");
    assert_eq!(config.api.wait_default, Duration::from_secs(2));
    assert_eq!(config.api.wait_max, Duration::from_secs(10));
    assert_eq!(config.api.directory_stale, Duration::from_secs(30));
    assert_eq!(config.telemetry.log_format, LogFormat::Auto);
}

#[test]
fn a_file_sets_and_the_environment_wins() {
    let file = r#"
        [engine]
        data_dir = "/srv/identity"
        partitions = 8
        [api]
        listen = "127.0.0.1:18080"
        wait_default_ms = 500
        [kafka]
        brokers = ["a:9092"]
        [telemetry]
        log_format = "json"
    "#;
    let vars = [
        ("IDENTITY_API__WAIT_DEFAULT_MS", "250"),
        ("IDENTITY_API__ADMIN_ALLOW_PLAINTEXT", "true"),
        ("IDENTITY_API__ORG_SHARE", "0.25"),
        ("IDENTITY_API__TLS_CERT_FILE", "/c.pem"),
        ("IDENTITY_API__TLS_KEY_FILE", "/k.pem"),
        ("IDENTITY_KAFKA__BROKERS", "b:9092, c:9092"),
        ("IDENTITY_KAFKA__SASL_PASSWORD", " as it stands "),
        ("IDENTITY_PROJECTOR__ADMIN_LISTEN", "[::1]:9999"),
        ("IDENTITY_TELEMETRY__LOG_FORMAT", "human"),
        ("PATH", "/bin"),
    ];
    let config = read(file, &vars).expect("good settings");
    assert_eq!(config.engine.data_dir, PathBuf::from("/srv/identity"));
    assert_eq!(config.engine.partitions, 8);
    assert_eq!(config.api.listen.to_string(), "127.0.0.1:18080");
    assert_eq!(config.api.wait_default, Duration::from_millis(250));
    assert!(config.api.admin_allow_plaintext);
    assert_eq!(config.api.org_bytes_in_flight_max(), config.api.bytes_in_flight_max / 4);
    assert_eq!(config.api.tls_cert_file, Some(PathBuf::from("/c.pem")));
    assert_eq!(config.kafka.brokers, ["b:9092", "c:9092"]);
    assert_eq!(config.kafka.sasl_password.as_ref().map(Secret::expose), Some(" as it stands "));
    assert_eq!(config.projector.admin_listen.to_string(), "[::1]:9999");
    assert_eq!(config.telemetry.log_format, LogFormat::Human);
    assert_eq!(config.kms_file(), PathBuf::from("/srv/identity/kms/org-keys.json"));
    assert_eq!(config.compliance_key_dir(), PathBuf::from("/srv/identity/compliance"));
}

#[test]
fn an_unknown_setting_stops_the_start_with_its_name() {
    for (file, vars, name) in [
        ("[api]\nlissten = \"127.0.0.1:1\"", &[][..], "[api] lissten"),
        ("[apii]\nlisten = \"127.0.0.1:1\"", &[], "[apii] listen"),
        ("listen = \"127.0.0.1:1\"", &[], "listen"),
        ("[empty]", &[], "[empty]"),
        ("", &[("IDENTITY_API__LISSTEN", "x")], "IDENTITY_API__LISSTEN"),
        ("", &[("IDENTITY_APII__LISTEN", "x")], "IDENTITY_APII__LISTEN"),
        ("", &[("IDENTITY_LISTEN", "x")], "IDENTITY_LISTEN"),
        ("", &[("IDENTITY_api__listen", "x")], "IDENTITY_api__listen"),
        ("", &[("IDENTITY_API__", "x")], "IDENTITY_API__"),
    ] {
        let words = refused(file, vars);
        assert!(words.starts_with(&format!("unknown setting {name} (")), "{words}");
    }
}

#[test]
fn a_wrong_value_stops_the_start_with_its_name() {
    for (file, vars, name) in [
        ("[api]\nwait_max_ms = \"soon\"", &[][..], "[api] wait_max_ms"),
        ("[api]\nworkers = -1", &[], "[api] workers"),
        ("[api]\nlisten = \"here\"", &[], "[api] listen"),
        ("[api]\nwait_default_ms = 700000\nwait_max_ms = 700000", &[], "[api] wait_default_ms"),
        ("[api]\nwait_default_ms = 5000\nwait_max_ms = 4000", &[], "[api] wait_default_ms"),
        // The whole end fits into the contract's 25 s: a longer drain could not be kept.
        ("[api]\ndrain_timeout_ms = 20001", &[], "[api] drain_timeout_ms"),
        ("[api]\nbytes_in_flight_max = 1000", &[], "[api] bytes_in_flight_max"),
        ("[api]\norg_share = 0.0", &[], "[api] org_share"),
        ("[api]\norg_share = nan", &[], "[api] org_share"),
        ("[api]\ntls_cert_file = \"c.pem\"", &[], "[api] tls_cert_file"),
        ("[api]\nadmin_tls_client_ca_file = \"c.pem\"", &[], "[api] admin_tls_client_ca_file"),
        ("[engine]\npartitions = 0", &[], "[engine] partitions"),
        ("[projector]\ngroup = \"a b\"", &[], "[projector] group"),
        ("", &[("IDENTITY_API__WORKERS", "many")], "IDENTITY_API__WORKERS"),
        ("", &[("IDENTITY_API__ALLOW_PLAINTEXT", "yes")], "IDENTITY_API__ALLOW_PLAINTEXT"),
        ("", &[("IDENTITY_ENGINE__KIND", "big")], "IDENTITY_ENGINE__KIND"),
    ] {
        let words = refused(file, vars);
        assert!(words.starts_with(&format!("setting {name}: ")), "{words}");
    }
}

#[test]
fn an_error_never_repeats_a_secret() {
    for (file, vars) in [
        ("[kafka]\nsasl_password = 8150815", &[][..]),
        ("[kafka]\nsasl_password = \"8150815", &[]),
        ("[cql]\nnodes = [\"127.0.0.1:1\"]\npassword = 8150815.5", &[]),
        ("", &[("IDENTITY_CQL__PASWORD", "8150815")]),
        ("", &[("IDENTITY_API__WORKERS", "8150815x")]),
    ] {
        let error = read(file, vars).expect_err("must be refused");
        assert!(!format!("{error} {error:?}").contains("8150815"), "{error}");
    }
    let config = read("[kafka]\nsasl_password = \"8150815\"", &[]).expect("good settings");
    assert!(!format!("{config:?}").contains("8150815"));
}

#[test]
fn a_file_that_is_no_settings_file_says_where() {
    let words = refused("[api]\nlisten = \n", &[]);
    assert!(words.contains("config.toml, line 2"), "{words}");
    let words = Config::read(Some(Path::new("/nowhere/c.toml")), []).expect_err("no file").to_string();
    assert!(words.contains("/nowhere/c.toml"), "{words}");
}

#[test]
fn plaintext_off_loopback_needs_a_word_per_listener() {
    let listener = |file: &str| {
        let config = read(file, &[]).expect("good settings");
        (
            config.api.public_listener().expect("a listener").check().map_err(|e| e.to_string()),
            config.api.admin_listener().expect("a listener").check().map_err(|e| e.to_string()),
        )
    };
    let both = "[api]\nlisten = \"0.0.0.0:1\"\nadmin_listen = \"10.0.0.1:2\"\n";
    let (public, admin) = listener(both);
    assert!(public.expect_err("refused").starts_with("setting [api] allow_plaintext: 0.0.0.0:1"));
    assert!(admin.expect_err("refused").starts_with("setting [api] admin_allow_plaintext: 10.0.0.1:2"));
    // In the words of somebody without a file as well.
    let words = listener(both).0.expect_err("refused");
    assert!(words.contains("IDENTITY_API__ALLOW_PLAINTEXT=true"), "{words}");
    let (public, admin) = listener(&format!("{both}allow_plaintext = true"));
    assert!(public.is_ok() && admin.is_err());
    let (public, admin) = listener(&format!("{both}tls_cert_file = \"c\"\ntls_key_file = \"k\""));
    assert!(public.is_ok() && admin.is_err());
    let (public, admin) = listener("[api]\nlisten = \"127.9.9.9:1\"\nadmin_listen = \"[::1]:2\"\n");
    assert!(public.is_ok() && admin.is_ok());
    let projector = read("[projector]\nadmin_listen = \"0.0.0.0:1\"", &[]).expect("good settings").projector;
    assert!(projector.admin_listener().expect("a listener").check().is_err());
}

#[test]
fn hosts_of_this_machine_are_told_from_others() {
    for (host, loopback) in [
        ("127.0.0.1:9092", true),
        ("localhost:9092", true),
        ("LOCALHOST", true),
        ("[::1]:9042", true),
        ("::1", true),
        ("[::ffff:127.0.0.1]:1", true),
        ("kafka:9092", false),
        ("10.0.0.1:9092", false),
        ("localhost.example.org:9092", false),
        ("127.0.0.1.example.org", false),
        ("", false),
    ] {
        assert_eq!(is_loopback_host(host), loopback, "{host}");
    }
}

/// Settings of a distributed engine on this machine, and a line in one of its sections.
fn distributed(kafka: &str, cql: &str) -> String {
    format!(
        "[engine]\nkind = \"distributed\"\n[kms]\nfile = \"/k\"\n[kafka]\nbrokers = [\"localhost:1\"]\n{kafka}\n\
         [cql]\nnodes = [\"localhost:2\"]\n{cql}\n"
    )
}

#[test]
fn the_distributed_engines_settings_are_checked_when_it_is_chosen() {
    assert_eq!(read(&distributed("", ""), &[]).expect("good settings").engine.kind, EngineKind::Distributed);
    for (kafka, cql, name) in [
        ("min_insync_replicas = 4", "", "[kafka] min_insync_replicas"),
        ("replication_factor = 0", "", "[kafka] replication_factor"),
        ("events_partitions = 0", "", "[kafka] events_partitions"),
        ("tls_ca_file = \"c\"", "", "[kafka] tls"),
        ("tls = true\ntls_key_file = \"c\"", "", "[kafka] tls_cert_file"),
        ("sasl_user = \"u\"", "", "[kafka] sasl_user"),
        ("", "user = \"u\"", "[cql] user"),
        ("", "keyspace = \"a; DROP\"", "[cql] keyspace"),
        ("", "tls_ca_file = \"c\"", "[cql] tls"),
        ("flush_messages = 0", "", "[kafka] flush_messages"),
        ("linger_ms = 501", "", "[kafka] linger_ms"),
        ("queue_bytes_max = 1000", "", "[kafka] queue_bytes_max"),
        ("session_timeout_ms = 5999", "", "[kafka] session_timeout_ms"),
        ("", "tls = true\ntls_cert_file = \"c\"", "[cql] tls_cert_file"),
        ("", "tls_cert_file = \"c\"\ntls_key_file = \"k\"", "[cql] tls"),
        ("", "replication_by_datacenter = [\"dc1\"]", "[cql] replication_by_datacenter"),
        ("", "replication_by_datacenter = [\"dc1:0\"]", "[cql] replication_by_datacenter"),
        ("", "replication_by_datacenter = [\"dc'1:3\"]", "[cql] replication_by_datacenter"),
        ("", "replication_by_datacenter = [\"a:1\", \"a:2\"]", "[cql] replication_by_datacenter"),
        ("", "replication_by_datacenter = [\"a:1\"]\ndatacenter = \"b\"", "[cql] datacenter"),
        ("", "replication_by_datacenter = [\"a:1\", \"b:2\"]", "[cql] datacenter"),
        ("", "request_timeout_ms = 0", "[cql] request_timeout_ms"),
        ("", "requests_at_once_max = 0", "[cql] requests_at_once_max"),
    ] {
        let words = refused(&distributed(kafka, cql), &[]);
        assert!(words.starts_with(&format!("setting {name}: ")), "{words}");
    }
    let elsewhere = [("IDENTITY_KAFKA__BROKERS", "localhost:1,kafka-1:9092")];
    let words = refused(&distributed("", ""), &elsewhere);
    assert!(words.starts_with("setting [kafka] allow_plaintext: kafka-1:9092"), "{words}");
    assert!(read(&distributed("tls = true", ""), &elsewhere).is_ok());
    assert!(read(&distributed("allow_plaintext = true", ""), &elsewhere).is_ok());
    let words = refused(&distributed("", ""), &[("IDENTITY_CQL__NODES", "scylla:9042")]);
    assert!(words.starts_with("setting [cql] allow_plaintext: scylla:9042"), "{words}");
    // On the embedded engine nobody asks.
    assert!(read("[kafka]\nbrokers = [\"kafka:9092\"]", &[]).is_ok());
}

#[test]
fn data_centres_have_replicas_of_their_own() {
    let cql = "replication_by_datacenter = [\"jakarta:3\", \"surabaya-2: 2\"]\ndatacenter = \"jakarta\"";
    let config = read(&distributed("", cql), &[]).expect("good settings").cql;
    let replicas = config.replicas_by_datacenter().expect("taken apart");
    assert_eq!(
        replicas.into_iter().collect::<Vec<_>>(),
        [("jakarta".to_owned(), 3), ("surabaya-2".to_owned(), 2)]
    );
    let vars = [("IDENTITY_CQL__REPLICATION_BY_DATACENTER", "a:1, b:2"), ("IDENTITY_CQL__DATACENTER", "b")];
    let config = read(&distributed("", ""), &vars).expect("good settings").cql;
    assert_eq!(config.replicas_by_datacenter().expect("taken apart").len(), 2);
}

#[test]
fn a_registry_is_a_url_and_who_we_are_there() {
    let with = |lines: &str| format!("{}[registry]\n{lines}\n", distributed("", ""));
    for (lines, name) in [
        ("url = \"registry:8081\"", "[registry] url"),
        ("url = \"https://\"", "[registry] url"),
        ("url = \"https://u:8150815@registry\"", "[registry] url"),
        ("url = \"https://registry/?a=1\"", "[registry] url"),
        ("url = \"http://registry:8081\"", "[registry] allow_plaintext"),
        ("url = \"http://localhost:8081\"\ntls_ca_file = \"c\"", "[registry] url"),
        ("url = \"https://registry\"\nuser = \"u\"", "[registry] user"),
        ("url = \"https://registry\"\npassword = \"p\"", "[registry] user"),
        ("url = \"https://registry\"\nuser = \"a:b\"\npassword = \"p\"", "[registry] user"),
        ("url = \"https://registry\"\ntls_key_file = \"k\"", "[registry] tls_cert_file"),
        ("tls_ca_file = \"c\"", "[registry] url"),
    ] {
        let words = refused(&with(lines), &[]);
        assert!(words.starts_with(&format!("setting {name}: ")) && !words.contains("8150815"), "{words}");
    }
    for lines in [
        "",
        "url = \"https://registry:8081/apis/ccompat/v7\"\nuser = \"u\"\npassword = \"p\"\ntls_ca_file = \"c\"",
        "url = \"http://127.0.0.1:8081\"",
        "url = \"http://registry:8081\"\nallow_plaintext = true",
    ] {
        read(&with(lines), &[]).expect(lines);
    }
    let words = refused("[registry]\nurl = \"http://localhost:1\"", &[]);
    assert!(words.starts_with("setting [registry] url: ") && words.contains("distributed"), "{words}");
}

#[test]
fn a_password_comes_from_one_place() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("password");
    std::fs::write(&file, "geheim\n").expect("written");
    let vars = [
        ("IDENTITY_KAFKA__SASL_USER", "u"),
        ("IDENTITY_KAFKA__SASL_PASSWORD_FILE", file.to_str().expect("UTF-8")),
    ];
    let config = read(&distributed("", ""), &vars).expect("good settings");
    let password = config.kafka.resolved_sasl_password().expect("readable");
    assert_eq!(password.as_ref().map(Secret::expose), Some("geheim"));

    let twice = [vars[0], vars[1], ("IDENTITY_KAFKA__SASL_PASSWORD", "auch")];
    assert!(refused(&distributed("", ""), &twice).starts_with("setting [kafka] sasl_password_file: "));
    std::fs::write(&file, "\n").expect("written");
    assert!(refused(&distributed("", ""), &vars).contains("is empty"));
}

#[test]
fn the_sandbox_is_the_embedded_engine_in_its_folder() {
    let vars = [("IDENTITY_ENGINE__DATA_DIR", "/elsewhere"), ("IDENTITY_API__WAIT_DEFAULT_MS", "1")];
    let config = Config::sandbox_with(Path::new("/here"), env(&vars)).expect("good settings");
    assert_eq!(config.engine.data_dir, PathBuf::from("/here"));
    assert_eq!(config.api.wait_default, Duration::from_millis(1));
    assert_eq!(config.compliance_key_dir(), PathBuf::from("/here/compliance"));
}

/// The names of a section's settings.
fn names_of<T: serde::de::DeserializeOwned>() -> &'static [&'static str] {
    /// Hears what a structure asks for, and gives it nothing.
    struct Ask<'a>(&'a std::cell::Cell<&'static [&'static str]>);

    impl<'de> serde::Deserializer<'de> for Ask<'_> {
        type Error = serde::de::value::Error;

        fn deserialize_any<V: serde::de::Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
            Err(serde::de::Error::custom("not a structure"))
        }

        fn deserialize_struct<V: serde::de::Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            _: V,
        ) -> Result<V::Value, Self::Error> {
            self.0.set(fields);
            Err(serde::de::Error::custom("only asked"))
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
            unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }
    let names = std::cell::Cell::new(&[][..]);
    assert!(T::deserialize(Ask(&names)).is_err());
    names.get()
}

#[test]
fn the_example_file_shows_every_setting_and_no_other() {
    let text = include_str!("../../../deploy/embedded.toml");
    read(text, &[]).expect("the file as it stands");
    // With every line that is a setting in force, all names are known and all values of their type.
    let lines = text.lines().map(|line| match line.strip_prefix("# ") {
        Some(rest) if rest.split_once(" = ").is_some_and(|(name, _)| !name.contains(' ')) => rest,
        Some(_) | None => line,
    });
    let all = lines.collect::<Vec<_>>().join("\n");
    let config = read(&all, &[]).expect("every setting of the file");
    let (defaults, shown) = (Config::read(None, []).expect("defaults"), &config);
    assert_eq!(format!("{:?}", defaults.api.wait_max), format!("{:?}", shown.api.wait_max));
    assert_eq!(defaults.api.bytes_in_flight_max, shown.api.bytes_in_flight_max);
    assert_eq!(defaults.engine.partitions, shown.engine.partitions);
    assert_eq!(defaults.projector.batch_bytes_max, shown.projector.batch_bytes_max);

    let table: toml::Table = all.parse().expect("TOML");
    for (section, names) in [
        ("engine", names_of::<EngineConfig>()),
        ("api", names_of::<ApiConfig>()),
        ("projector", names_of::<ProjectorConfig>()),
        ("kms", names_of::<KmsConfig>()),
        ("compliance", names_of::<ComplianceConfig>()),
        ("face", names_of::<FaceConfig>()),
        ("console", names_of::<ConsoleConfig>()),
        ("support", names_of::<SupportConfig>()),
        ("telemetry", names_of::<TelemetryConfig>()),
    ] {
        for name in names {
            assert!(table[section].get(*name).is_some(), "[{section}] {name} is not shown");
        }
    }
}
