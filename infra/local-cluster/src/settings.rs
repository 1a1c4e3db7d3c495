//! The settings by which our programs find a cluster on this machine. Not here: what they mean
//! (`engine`), or the servers' own (`kafka_config`, `cassandra_config`).

use std::path::Path;

/// The settings file that `serve`, `run` and `orgs` take as it stands, for these brokers
/// (`host:port,…`) and nodes; keys go into `folder`.
#[must_use]
pub fn settings(folder: &Path, brokers: &str, cql_nodes: &[String]) -> String {
    let list = |items: &[String]| items.iter().map(|item| format!("{item:?}")).collect::<Vec<_>>().join(", ");
    let brokers: Vec<String> = brokers.split(',').map(str::to_owned).collect();
    let replicas = brokers.len();
    // Two of three: one may be gone and writing goes on.
    let in_sync = if replicas == 1 { 1 } else { 2 };
    let (kms, compliance) = (folder.join("kms/org-keys.json"), folder.join("compliance"));
    format!(
        "# For a cluster on this machine; gone with it (`cargo xtask cluster down`).\n\
         [engine]\n\
         kind = \"distributed\"\n\
         \n\
         [kafka]\n\
         brokers = [{}]\n\
         replication_factor = {replicas}\n\
         min_insync_replicas = {in_sync}\n\
         allow_plaintext = true\n\
         \n\
         [cql]\n\
         nodes = [{}]\n\
         replication_factor = 1\n\
         allow_plaintext = true\n\
         \n\
         [kms]\n\
         file = {kms:?}\n\
         \n\
         [compliance]\n\
         key_dir = {compliance:?}\n",
        list(&brokers),
        list(cql_nodes)
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::settings;

    #[test]
    fn the_config_follows_the_number_of_brokers() {
        let nodes = ["127.0.0.1:9042".to_owned()];
        let one = settings(Path::new("target/cluster"), "127.0.0.1:1", &nodes);
        assert!(one.contains("replication_factor = 1\nmin_insync_replicas = 1\n"));
        assert!(one.contains("nodes = [\"127.0.0.1:9042\"]\n"));
        let three = settings(Path::new("target/cluster"), "127.0.0.1:1,127.0.0.1:2,127.0.0.1:3", &nodes);
        assert!(three.contains("replication_factor = 3\nmin_insync_replicas = 2\n"));
    }
}
