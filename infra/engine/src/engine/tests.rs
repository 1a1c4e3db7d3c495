//! Opening and closing on real files.

use std::path::Path;

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

#[tokio::test]
async fn the_other_engine_is_refused_in_words() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut config = config(dir.path());
    config.engine.kind = EngineKind::Distributed;
    config.kms.file = Some(dir.path().join("kms/k"));
    config.kafka.brokers = vec!["localhost:1".to_owned()];
    config.cql.nodes = vec!["localhost:1".to_owned()];
    let refused = Engine::open(&config, Role::Server).await.expect_err("must be refused");
    assert!(refused.to_string().contains("[engine] kind"), "{refused}");
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
