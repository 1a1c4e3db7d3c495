//! An external schema registry, from outside: waited for, registered at, written with, and held to.

use domain::ports::Topic;
use local_cluster::{CassandraOptions, KafkaOptions, SchemaRegistry, SchemaRegistryOptions};
use serde_json::{Value, json};

use system_tests::client::{Api, declined};
use system_tests::installation::{Installation, servers_or_leave, settings};
use system_tests::patience;
use system_tests::patience::until;
use system_tests::process::{Program, ProgramOutput, run_program};

/// An installation whose programs are told of a registry.
struct World {
    installation: Installation,
    registry: SchemaRegistry,
}

impl World {
    /// A program to its end, told of the registry or not.
    async fn run(&self, program: Program, words: &[&str], is_told: bool) -> ProgramOutput {
        let (config, url) = (self.installation.config_file(), self.registry.url());
        let told = [("IDENTITY_REGISTRY__URL", url.as_str())];
        let target = ["--config", config.to_str().expect("a path")];
        run_program(program, if is_told { &told } else { &[] }, [words, &target].concat()).await
    }

    /// `serve`, which must end by itself with words.
    async fn refused(&self, is_told: bool, words: &str) {
        let free = ["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
        let ran = self.run(Program::IngestApi, &free, is_told).await;
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.stderr.contains(words), "{ran:?}");
    }

    /// Asks the registry.
    async fn ask(&self, path: &str) -> Value {
        Api::new(&self.registry.url(), "").get(path).await.expect(200)
    }

    /// As many schemas of somebody else's as we have, so that none of ours gets the id that it has without a registry.
    async fn register_strangers(&self) {
        for number in 0..event_codec::registry::entries().count() {
            let schema =
                json!({"schema": format!(r#"{{"type":"fixed","name":"Stranger{number}","size":1}}"#)});
            let path = format!("/subjects/somebody-elses-{number}/versions");
            assert_eq!(Api::new(&self.registry.url(), "").post(&path, &[], &schema).await.status, 200);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_external_registry_is_waited_for_used_and_held_to() {
    servers_or_leave();
    let registry = SchemaRegistry::prepare(&SchemaRegistryOptions::default()).expect("a registry's files");
    let told = settings(&[("IDENTITY_REGISTRY__URL", &registry.url())]);
    let installation = Installation::start(KafkaOptions::default(), CassandraOptions::default(), told).await;
    let mut world = World { installation, registry };

    // Nobody answers there: said, tried again, alive and unready.
    let mut early = world.installation.begin_serve(&[]).await;
    until("a line about the registry", async || {
        early.output().contains("the schema registry is not there yet; trying again").then_some(())
    })
    .await;
    assert_eq!(early.admin().get("/livez").await.status, 200);
    assert_eq!(early.admin().get("/readyz").await.status, 503);
    early.sigterm().await;

    world.registry.restart().expect("it starts");
    world.register_strangers().await;
    let made = ["orgs", "create", "--name", "Bank Contoh", "--dukcapil-enabled", "--json"];
    let made = world.run(Program::IngestApi, &made, true).await.json();
    let (org, key) = (made["orgId"].as_str().expect("an id"), made["apiKey"].as_str().expect("a key"));
    let mut serve = world.installation.serve(&[]).await;
    let mut projector = world.installation.project(&[]).await;
    let api = Api::new(serve.url(), key);
    let customer = patience::customer(&api, "Siti Contoh").await;
    patience::verdict(&api, &declined(&customer, "Data ganda")).await;

    // What was written carries the registry's ids, so whoever asks it gets the schema that was written with.
    for (topic, name) in [
        (Topic::Orgs, "identity.Org"),
        (Topic::Events, "identity.DukcapilVerdictReceived"),
        (Topic::Audit, "identity.VerdictEvidence"),
        (Topic::Outcomes, "identity.VerificationCreated"),
    ] {
        let records = world.installation.records(topic, org).await;
        let of_type = |name: &str| {
            let wanted = format!("{name}.v1");
            records.iter().find(|record| record.header("ce_type") == Some(wanted.as_bytes()))
        };
        let record = of_type(name).unwrap_or_else(|| panic!("no {name}"));
        let value = record.value.as_ref().expect("a value");
        let id = u32::from_be_bytes([value[1], value[2], value[3], value[4]]);
        let shown = world.ask(&format!("/subjects/{}-{name}/versions/latest", topic.name())).await;
        assert_eq!(shown["id"], id, "{name}");
        let committed = event_codec::registry::latest(&format!("{}-{name}", topic.name())).expect("ours");
        assert_ne!(committed.id, id, "the strangers came first");
        let schema = world.ask(&format!("/schemas/ids/{id}")).await;
        let fingerprint = schema["schema"].as_str().and_then(event_codec::registry::fingerprint);
        assert_eq!(fingerprint.as_ref().map(|f| f.as_slice()), record.header("schema-fingerprint"), "{name}");
    }
    let ours = serve.admin().get("/registry/subjects").await;
    let said = String::from_utf8_lossy(&ours.body);
    assert!(ours.status == 404 && said.contains("those of an external registry"), "{ours:?}");
    serve.sigterm().await;
    projector.sigterm().await;

    // Settings that contradict what the topics were made with, and a registry that forgot.
    world.refused(false, "set [registry] url").await;
    world.registry.kill().expect("killed");
    world.registry.restart().expect("it starts, empty");
    world.refused(true, "lost its data").await;
}
