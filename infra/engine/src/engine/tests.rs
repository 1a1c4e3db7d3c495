//! Opening and closing on real files.

use std::path::Path;
use std::time::Duration;

use super::*;

fn config(dir: &Path) -> Config {
    Config::sandbox(dir).expect("good settings")
}

#[tokio::test]
async fn an_engine_opens_answers_and_opens_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = Engine::open(&config(dir.path()), Role::Server).await.expect("opened");
    assert_eq!(engine.probe().await, Ok(()));
    assert_eq!(engine.durability(), Durability::Fsynced);
    assert!(engine.durability().carries_live_orgs());
    let first = engine.log.describe(Topic::Events).await.expect("described");
    engine.close().await;
    let engine = Engine::open(&config(dir.path()), Role::Server).await.expect("opened again");
    assert_eq!(engine.log.describe(Topic::Events).await.expect("described"), first);
    engine.close().await;
}

#[tokio::test]
async fn a_second_server_is_refused_and_a_tool_is_not() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = Engine::open(&config(dir.path()), Role::Server).await.expect("opened");
    let refused = Engine::open(&config(dir.path()), Role::Server).await.expect_err("must be refused");
    assert!(refused.to_string().starts_with("another server is running on the data folder "), "{refused}");
    let tool = Engine::open(&config(dir.path()), Role::Tool).await.expect("opened beside it");
    assert_eq!(tool.probe().await, Ok(()));
    tool.close().await;
    server.close().await;
    let next = Engine::open(&config(dir.path()), Role::Server).await.expect("free again");
    next.close().await;
}

fn nobody_there(folder: &Path) -> Config {
    let mut config = config(folder);
    config.engine.kind = EngineKind::Distributed;
    config.kms.file = Some(folder.join("kms/k"));
    config.kafka.brokers = vec!["localhost:1".to_owned()];
    config.cql.nodes = vec!["localhost:1".to_owned()];
    config
}

#[tokio::test]
async fn a_tool_says_that_nobody_is_there_and_ends() {
    let dir = tempfile::tempdir().expect("a folder");
    let refused = Engine::open(&nobody_there(dir.path()), Role::Tool).await.expect_err("nobody is there");
    assert!(matches!(refused, OpenError::Kafka(_)), "{refused}");
    assert!(refused.to_string().contains("localhost:1"), "{refused}");
}

#[tokio::test]
async fn a_server_waits_for_who_is_not_there_yet() {
    let dir = tempfile::tempdir().expect("a folder");
    let config = nobody_there(dir.path());
    // Longer than one try takes: it is still trying.
    let waited = config_try() + Duration::from_secs(1);
    let opened = tokio::time::timeout(waited, Engine::open(&config, Role::Server)).await;
    assert!(opened.is_err(), "it gave up: {opened:?}");
}

/// How long one try for a broker takes at most.
fn config_try() -> Duration {
    log_kafka::KafkaTimeouts::default().connect
}

#[tokio::test]
async fn settings_that_were_changed_after_reading_are_checked_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut config = config(dir.path());
    config.engine.partitions = 0;
    let refused = Engine::open(&config, Role::Tool).await.expect_err("must be refused");
    assert!(matches!(refused, OpenError::Config(_)), "{refused}");
}

#[tokio::test]
async fn a_kms_file_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().expect("a folder");
    let config = config(dir.path());
    let engine = Engine::open(&config, Role::Server).await.expect("opened");
    engine.kms.create_org_key(&OrgId::from_bytes([1; 16])).await.expect("a key");
    engine.close().await;
    std::fs::set_permissions(config.kms_file(), std::fs::Permissions::from_mode(0o644)).expect("changed");
    let refused = Engine::open(&config, Role::Server).await.expect_err("must be refused");
    assert!(matches!(refused, OpenError::Kms(_)), "{refused}");
}

#[test]
fn one_replica_does_not_carry_a_live_org() {
    assert!(!Durability::Replicated { in_sync_min: 1 }.carries_live_orgs());
    assert!(Durability::Replicated { in_sync_min: 2 }.carries_live_orgs());
}

fn small_models() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../face/tests/models")
}

#[tokio::test]
async fn a_server_has_the_models_of_its_folder_and_a_tool_loads_none() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut config = config(dir.path());
    let without = Engine::open(&config, Role::Server).await.expect("opened");
    assert!(without.face_models().is_none());
    assert!(without.face_reader(PoolPriority::Background, 4).expect("nothing to start").is_none());
    without.close().await;

    config.face.models_dir = Some(small_models());
    let server = Engine::open(&config, Role::Server).await.expect("opened");
    let models = server.face_models().expect("loaded").clone();
    assert_eq!(models.primary.model.id.name, "small-embedder");
    // Every reader has threads of its own and the same models.
    for _ in 0..2 {
        let reader = server.face_reader(PoolPriority::Background, 4).expect("threads").expect("a reader");
        assert_eq!(reader.models(), &models);
    }
    let tool = Engine::open(&config, Role::Tool).await.expect("opened beside it");
    assert!(tool.face_models().is_none());
    assert_eq!(face_model_set(&config.face).await.expect("loaded"), Some(models));
    tool.close().await;
    server.close().await;
}

#[tokio::test]
async fn a_folder_of_models_that_is_not_whole_stops_the_start_with_words() {
    let dir = tempfile::tempdir().expect("a folder");
    let (data, models) = (dir.path().join("data"), dir.path().join("models"));
    std::fs::create_dir(&models).expect("made");
    let mut config = config(&data);
    config.face.models_dir = Some(models.clone());
    for (file, words) in [(None, "no manifest"), (Some("detector.toml"), "detector.onnx")] {
        if let Some(file) = file {
            std::fs::copy(small_models().join(file), models.join(file)).expect("copied");
        }
        let refused = Engine::open(&config, Role::Server).await.expect_err("must be refused");
        assert!(matches!(refused, OpenError::FaceModels(_)), "{refused}");
        let said = refused.to_string();
        assert!(said.starts_with("[face] models_dir: ") && said.contains(words), "{said}");
    }
    assert!(!data.exists(), "nothing was begun");
    let missing =
        Config { face: crate::config::FaceConfig { models_dir: Some(dir.path().join("none")) }, ..config };
    let refused = Engine::open(&missing, Role::Server).await.expect_err("must be refused");
    assert!(refused.to_string().contains("cannot be read"), "{refused}");
}
