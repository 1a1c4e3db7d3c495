//! Who may depend on what, from `cargo metadata`: each technology in its own crate, the domain pure, adapters
//! named by the engine alone. A new edge is a line here and in `docs/decisions/`.

use std::path::Path;

use anyhow::{Context as _, Result};
use cargo_metadata::{DependencyKind, MetadataCommand};

use super::{Finding, Rule};

/// Each technology (its crates) and the one crate of ours that knows it.
const OWNERS: [(&[&str], &str); 10] = [
    (&["rdkafka", "rdkafka-sys"], "log-kafka"),
    (&["scylla", "scylla-cql"], "views-cql"),
    (&["rusqlite", "libsqlite3-sys"], "store-sqlite"),
    (&["apache-avro"], "event-codec"),
    (&["hyper-rustls"], "schema-registry"),
    (&["rten", "rten-tensor"], "face"),
    (&["zune-jpeg", "zune-core", "png"], "picture-decode"),
    (&["aes-gcm-siv", "aes-gcm", "argon2", "ed25519-dalek", "hpke", "vsss-rs"], "vault"),
    (&["maud"], "console-pages"),
    (&["actix-web", "actix-http"], "ingest-api"),
];

/// All that `domain` may build on: bytes and wiping them, hashes and checksums, calendar arithmetic, and ways to
/// write it down. No runtime, no wire format, no randomness.
const DOMAIN_MAY: [&str; 8] =
    ["async-trait", "bytes", "chrono", "crc32fast", "memchr", "sha2", "thiserror", "zeroize"];

/// Crates that know a store, a broker or a registry: the engine chooses between them, and nothing else names one.
const ADAPTERS: [&str; 6] =
    ["capture-analysis", "face", "log-kafka", "schema-registry", "store-sqlite", "views-cql"];

/// Who looks at the house from outside, and may see all of it.
const OUTSIDERS: [&str; 2] = ["system-tests", "xtask"];

/// A dependency of ours (not one that only its tests have) and who alone may have it, besides outsiders.
const LAYERS: [(&str, &[&str]); 17] = [
    ("capture-analysis", &["engine"]),
    ("face", &["engine"]),
    ("log-kafka", &["engine"]),
    ("picture-decode", &["capture-analysis", "face"]),
    ("picture-pool", &["capture-analysis", "face"]),
    ("schema-registry", &["engine"]),
    ("store-sqlite", &["engine"]),
    ("views-cql", &["engine"]),
    ("service", &["engine", "org-directory", "schema-registry", "ingest-api", "projector", "compliance"]),
    ("engine", &["org-directory", "ingest-api", "projector", "compliance"]),
    ("org-directory", &["compliance", "ingest-api", "unsealing"]),
    ("unsealing", &["compliance"]),
    ("generation-watch", &["ingest-api", "projector"]),
    ("console-pages", &["ingest-api"]),
    ("projector", &["ingest-api"]),
    ("ingest-api", &[]),
    ("compliance", &[]),
];

/// One crate's dependency on another.
struct Edge {
    from: String,
    /// The `Cargo.toml` it stands in, from the workspace's root.
    path: String,
    to: String,
    only_in_tests: bool,
}

pub(super) fn check(root: &Path) -> Result<Vec<Finding>> {
    let metadata = MetadataCommand::new().manifest_path(root.join("Cargo.toml")).no_deps().exec();
    let metadata = metadata.context("cargo metadata")?;
    let mut findings = Vec::new();
    for package in metadata.workspace_packages() {
        let path = package.manifest_path.strip_prefix(&metadata.workspace_root)?.to_string();
        for dependency in &package.dependencies {
            let edge = Edge {
                from: package.name.to_string(),
                path: path.clone(),
                to: dependency.name.clone(),
                only_in_tests: dependency.kind == DependencyKind::Development,
            };
            findings.extend(judge(&edge));
        }
    }
    Ok(findings)
}

/// What is wrong with one dependency.
fn judge(edge: &Edge) -> Vec<Finding> {
    let Edge { from, path, to, only_in_tests } = edge;
    let mut findings = Vec::new();
    let mut found = |rule, text| findings.push(Finding::new(rule, path, text).item(to));
    if let Some((_, owner)) =
        OWNERS.iter().find(|(crates, owner)| crates.contains(&to.as_str()) && owner != from)
    {
        found(Rule::Technology, format!("`{from}` depends on `{to}`, which only `{owner}` knows"));
    }
    if from == "domain" && !only_in_tests && !DOMAIN_MAY.contains(&to.as_str()) {
        found(Rule::Purity, format!("`domain` depends on `{to}`"));
    }
    if *only_in_tests || OUTSIDERS.contains(&from.as_str()) {
        return findings;
    }
    if let Some((_, may)) = LAYERS.iter().find(|(layer, _)| layer == to)
        && !may.contains(&from.as_str())
    {
        let adapter =
            if ADAPTERS.contains(&to.as_str()) { ", an adapter that only `engine` names" } else { "" };
        found(Rule::Layer, format!("`{from}` depends on `{to}`{adapter}"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(from: &str, to: &str, only_in_tests: bool) -> Vec<Rule> {
        let path = format!("{from}/Cargo.toml");
        let edge = Edge { from: from.to_owned(), path, to: to.to_owned(), only_in_tests };
        judge(&edge).into_iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn each_technology_has_its_crate() {
        for (crates, owner) in OWNERS {
            for technology in crates {
                assert!(rules(owner, technology, false).is_empty(), "{owner} {technology}");
                assert_eq!(rules("projector", technology, false), [Rule::Technology], "{technology}");
                assert_eq!(rules("system-tests", technology, true), [Rule::Technology], "{technology}");
            }
        }
    }

    #[test]
    fn domain_is_pure_but_for_its_tests() {
        for dependency in ["tokio", "serde", "serde_json", "rand", "vault", "tracing"] {
            assert_eq!(rules("domain", dependency, false), [Rule::Purity], "{dependency}");
        }
        assert!(rules("domain", "bytes", false).is_empty());
        assert!(rules("domain", "proptest", true).is_empty());
    }

    #[test]
    fn only_the_engine_names_adapters() {
        for adapter in ADAPTERS {
            assert_eq!(rules("ingest-api", adapter, false), [Rule::Layer]);
            assert_eq!(rules("testkit", adapter, false), [Rule::Layer]);
            for (from, only_in_tests) in [("engine", false), ("system-tests", false), ("projector", true)] {
                assert!(rules(from, adapter, only_in_tests).is_empty(), "{from} {adapter}");
            }
        }
    }

    #[test]
    fn the_layers_point_one_way() {
        for (from, to, rule) in [
            ("engine", "projector", Some(Rule::Layer)),
            ("engine", "ingest-api", Some(Rule::Layer)),
            ("vault", "engine", Some(Rule::Layer)),
            ("vault", "service", Some(Rule::Layer)),
            ("engine", "org-directory", Some(Rule::Layer)),
            ("projector", "org-directory", Some(Rule::Layer)),
            ("engine", "service", None),
            ("org-directory", "engine", None),
            ("engine", "generation-watch", Some(Rule::Layer)),
            ("ingest-api", "generation-watch", None),
            ("projector", "ingest-api", Some(Rule::Layer)),
            ("ingest-api", "projector", None),
            ("ingest-api", "engine", None),
            ("ingest-api", "compliance", Some(Rule::Layer)),
            ("compliance", "projector", Some(Rule::Layer)),
            ("compliance", "org-directory", None),
            ("xtask", "ingest-api", None),
            ("vault", "domain", None),
        ] {
            assert_eq!(rules(from, to, false).into_iter().next(), rule, "{from} {to}");
        }
    }
}
