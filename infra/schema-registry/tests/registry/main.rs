//! The client on a real registry (Apicurio). Here: registering, ids, compatibility. In `doors`: who is let in.
//! Not here: what a program does with the ids (`tests/operators`).
//!
//! Without a JDK and Maven every test says so on the error stream and passes; under `CI=true` it fails
//! instead, so that a gate cannot go green by running nothing.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic; it has no readers but its own")]

mod certificates;
mod doors;
mod http;

use std::sync::LazyLock;

use event_codec::{Codec, registry};
use local_cluster::{InstalledTools, SchemaRegistry, SchemaRegistryOptions};
use schema_registry::{RegistryError, RegistryOptions, TlsOptions, register};
use serde_json::{Value, json};

/// One registry for the tests that do not contradict each other. It goes when this process does.
static SHARED: LazyLock<SchemaRegistry> =
    LazyLock::new(|| SchemaRegistry::start(&SchemaRegistryOptions::default()).expect("a registry"));

fn tools_missing() -> bool {
    let Err(why) = InstalledTools::available() else { return false };
    assert!(std::env::var("CI").as_deref() != Ok("true"), "under CI the servers must be there: {why}");
    eprintln!("SKIPPED, NOTHING WAS TESTED: {why}");
    true
}

fn options(url: String) -> RegistryOptions {
    RegistryOptions { url, credentials: None, tls: TlsOptions::default() }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

async fn shared_url() -> String {
    blocking(|| SHARED.url()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_subject_is_registered_once_and_held_to_full_compatibility() {
    if tools_missing() {
        return;
    }
    let url = shared_url().await;
    let ids = register(&options(url.clone())).await.expect("registered");
    assert_eq!(register(&options(url.clone())).await, Ok(ids.clone()), "again they are the same");
    assert!(Codec::with_ids(&ids).is_ok(), "an id for everything that is written");
    let found = http::get(&format!("{url}/subjects")).await;
    for subject in registry::subjects() {
        assert!(found.as_array().unwrap().contains(&json!(subject)), "{subject}");
        let level = http::get(&format!("{url}/config/{subject}")).await;
        assert_eq!(level["compatibilityLevel"], "FULL_TRANSITIVE", "{subject}");
    }
    for entry in registry::entries() {
        let id = ids.id(entry.subject, entry.version).unwrap();
        let shown = http::get(&format!("{url}/schemas/ids/{id}")).await;
        let fingerprint = registry::fingerprint(shown["schema"].as_str().unwrap());
        assert_eq!(fingerprint, Some(entry.schema.fingerprint()), "{}", entry.subject);
    }
    let both =
        ["identity.events", "identity.outcomes"].map(|topic| format!("{topic}-identity.CustomerErased"));
    assert_eq!(ids.id(&both[0], 1), ids.id(&both[1], 1), "one schema has one id");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_registry_itself_refuses_what_our_check_refuses() {
    if tools_missing() {
        return;
    }
    let url = shared_url().await;
    register(&options(url.clone())).await.expect("registered");
    let subject = "identity.events-identity.CustomerReleased";
    let ours = registry::latest(subject).unwrap().schema;
    let with = |field: Value| {
        let mut schema: Value = serde_json::from_str(ours.text()).unwrap();
        schema["fields"].as_array_mut().unwrap().push(field);
        json!({ "schema": schema.to_string() })
    };
    let ask = format!("{url}/compatibility/subjects/{subject}/versions/latest");
    let optional = json!({"name": "later", "type": ["null", "long"], "default": null});
    assert_eq!(http::post(&ask, &with(optional)).await.1["is_compatible"], true);
    let required = json!({"name": "later", "type": "long"});
    assert_eq!(http::post(&ask, &with(required)).await.1["is_compatible"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subject_with_another_schema_is_said_to_be_incompatible() {
    if tools_missing() {
        return;
    }
    let registry = blocking(|| SchemaRegistry::start(&SchemaRegistryOptions::default())).await.unwrap();
    // Somebody was there before, under a subject of ours.
    let subject = "identity.orgs-identity.Org";
    let other = json!({"type": "record", "name": "identity.Org", "fields": [{"name": "n", "type": "long"}]});
    let path = format!("{}/subjects/{subject}/versions", registry.url());
    assert_eq!(http::post(&path, &json!({ "schema": other.to_string() })).await.0, 200);
    let refused = register(&options(registry.url())).await.expect_err("refused");
    assert!(matches!(&refused, RegistryError::Incompatible { subject: of, version: 1, .. } if of == subject));
    assert!(!refused.is_transient());
}
