//! A node's settings: `cassandra.yaml`, `logback.xml` and the JVM's flags as text. Not here:
//! starting (`cassandra`), and the key space and tables, which our own code makes (`views-cql`).

use std::path::Path;

use crate::cassandra::{CassandraOptions, CommitLog};
use crate::error::ClusterError;
use crate::home::{read_pem, write_private};

/// What Java 17 must open for Cassandra. Source: Cassandra 5.0's own `jvm17-server.options`.
const EXPORTS: [&str; 9] = [
    "java.base/jdk.internal.misc",
    "java.management.rmi/com.sun.jmx.remote.internal.rmi",
    "java.rmi/sun.rmi.registry",
    "java.rmi/sun.rmi.server",
    "java.sql/java.sql",
    "java.base/java.lang.ref",
    "jdk.unsupported/sun.misc",
    "jdk.compiler/com.sun.tools.javac.file",
    "jdk.attach/sun.tools.attach",
];

/// As [`EXPORTS`], for reflection.
const OPENS: [&str; 15] = [
    "java.base/java.lang.module",
    "java.base/jdk.internal.loader",
    "java.base/jdk.internal.ref",
    "java.base/jdk.internal.reflect",
    "java.base/jdk.internal.math",
    "java.base/jdk.internal.module",
    "java.base/jdk.internal.util.jar",
    "jdk.management/com.sun.management.internal",
    "java.base/sun.nio.ch",
    "java.base/java.io",
    "java.base/java.lang.reflect",
    "jdk.compiler/com.sun.tools.javac",
    "java.base/java.lang",
    "java.base/java.util",
    "java.base/java.nio",
];

/// The flags besides the folders.
const FLAGS: [&str; 16] = [
    "-Xms1g",
    "-Xmx1g",
    "-XX:+UseSerialGC",
    // Without memory a server that goes on makes tests fail for no visible reason.
    "-XX:+ExitOnOutOfMemoryError",
    "-Djdk.attach.allowAttachSelf=true",
    // It installs a security manager, which Java 18 and newer refuse unless told.
    "-Djava.security.manager=allow",
    "-Dio.netty.tryReflectionSetAccessible=true",
    "-Dio.netty.allocator.useCacheForAllThreads=true",
    "-Dio.netty.allocator.maxOrder=11",
    "-Djava.net.preferIPv4Stack=true",
    "-Dcassandra-foreground=yes",
    // One node: there is no gossip to settle, no ring to wait for, nobody to stream from.
    "-Dcassandra.skip_wait_for_gossip_to_settle=0",
    "-Dcassandra.ring_delay_ms=0",
    "-Dcassandra.load_ring_state=false",
    // Otherwise each stop takes two seconds longer, to inform other nodes.
    "-Dcassandra.shutdown_announce_in_ms=0",
    // The first user is made ten seconds after the start otherwise.
    "-Dcassandra.superuser_setup_delay_ms=0",
];

/// The flags, the openings among them.
pub(crate) fn jvm_flags() -> Vec<String> {
    let exports = EXPORTS.map(|module| format!("--add-exports={module}=ALL-UNNAMED"));
    let opens = OPENS.map(|module| format!("--add-opens={module}=ALL-UNNAMED"));
    FLAGS.map(str::to_owned).into_iter().chain(exports).chain(opens).collect()
}

/// `cassandra.yaml` for a node that is alone in its ring.
pub(crate) fn yaml(home: &Path, native: u16, storage: u16, options: &CassandraOptions) -> String {
    let folder = |name: &str| home.join(name).display().to_string();
    let (authenticator, authorizer) = if options.password_auth {
        ("PasswordAuthenticator", "CassandraAuthorizer")
    } else {
        ("AllowAllAuthenticator", "AllowAllAuthorizer")
    };
    let commit_log = match options.commit_log {
        CommitLog::Periodic => "commitlog_sync: periodic\ncommitlog_sync_period: 10000ms",
        CommitLog::EveryWrite => "commitlog_sync: batch",
    };
    let mut text = format!(
        "cluster_name: local\n\
         num_tokens: 1\n\
         initial_token: 0\n\
         auto_bootstrap: false\n\
         storage_compatibility_mode: NONE\n\
         partitioner: org.apache.cassandra.dht.Murmur3Partitioner\n\
         endpoint_snitch: SimpleSnitch\n\
         seed_provider:\n\
         \x20 - class_name: org.apache.cassandra.locator.SimpleSeedProvider\n\
         \x20   parameters:\n\
         \x20     - seeds: \"127.0.0.1:{storage}\"\n\
         listen_address: 127.0.0.1\n\
         storage_port: {storage}\n\
         rpc_address: 127.0.0.1\n\
         start_native_transport: true\n\
         native_transport_port: {native}\n\
         authenticator: {authenticator}\n\
         authorizer: {authorizer}\n\
         role_manager: CassandraRoleManager\n\
         {commit_log}\n\
         auto_snapshot: false\n\
         data_file_directories:\n\
         \x20 - {data}\n\
         commitlog_directory: {commits}\n\
         saved_caches_directory: {caches}\n\
         hints_directory: {hints}\n\
         cdc_raw_directory: {cdc}\n",
        data = folder("data"),
        commits = folder("commitlog"),
        caches = folder("saved_caches"),
        hints = folder("hints"),
        cdc = folder("cdc_raw"),
    );
    if options.tls.is_some() {
        text.push_str(&tls(home, options.require_client_certificate));
    }
    text
}

/// The PEM files a node with TLS reads: `keystore.pem` (the key, then the chain), and whom it
/// trusts.
pub(crate) fn write_stores(home: &Path, options: &CassandraOptions) -> Result<(), ClusterError> {
    let Some(files) = &options.tls else {
        return Ok(());
    };
    let chain = read_pem(&files.certificate_chain)?;
    let private = read_pem(&files.private_key)?;
    write_private(&home.join("keystore.pem"), &format!("{}\n{}\n", private.trim(), chain.trim()))?;
    write_private(&home.join("truststore.pem"), &read_pem(&files.client_ca)?)
}

fn tls(home: &Path, require_client_certificate: bool) -> String {
    format!(
        "client_encryption_options:\n\
         \x20 enabled: true\n\
         \x20 optional: false\n\
         \x20 require_client_auth: {require_client_certificate}\n\
         \x20 ssl_context_factory:\n\
         \x20   class_name: org.apache.cassandra.security.PEMBasedSslContextFactory\n\
         \x20 keystore: {}\n\
         \x20 truststore: {}\n",
        home.join("keystore.pem").display(),
        home.join("truststore.pem").display(),
    )
}

/// Everything of note to the standard output, which is the log file.
pub(crate) const LOGBACK: &str = "\
<configuration>
  <appender name=\"out\" class=\"ch.qos.logback.core.ConsoleAppender\">
    <encoder><pattern>%-5level [%thread] %date{ISO8601} %logger{0} - %msg%n</pattern></encoder>
  </appender>
  <root level=\"INFO\"><appender-ref ref=\"out\"/></root>
</configuration>
";
