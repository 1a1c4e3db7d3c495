//! A broker's settings: `server.properties` and `log4j2.properties` as text. Not here: starting
//! (`kafka`), and the topics' settings, which our own code makes (`log-kafka`).

use std::path::{Path, PathBuf};

use crate::TlsFiles;
use crate::error::ClusterError;
use crate::home::{read_pem, write_private};
use crate::ports::LeasedPort;

/// The broker-wide ceiling; a topic of ours sets its own, lower one.
const MESSAGE_BYTES_MAX: u32 = 5 * 1024 * 1024;

/// One broker's ports.
pub(crate) struct BrokerPorts {
    pub(crate) plain: LeasedPort,
    pub(crate) controller: LeasedPort,
    pub(crate) sasl: Option<LeasedPort>,
    pub(crate) mtls: Option<LeasedPort>,
}

/// What of the TLS files a broker reads, copied into its folder in the form that it wants.
pub(crate) struct TlsStores {
    key: PathBuf,
    trust: PathBuf,
}

impl TlsStores {
    /// Kafka's PEM key store is one file: the key, then the chain.
    pub(crate) fn write(files: &TlsFiles, folder: &Path) -> Result<Self, ClusterError> {
        let key = folder.join("keystore.pem");
        let trust = folder.join("truststore.pem");
        let chain = read_pem(&files.certificate_chain)?;
        let private = read_pem(&files.private_key)?;
        write_private(&key, &format!("{}\n{}\n", private.trim(), chain.trim()))?;
        write_private(&trust, &read_pem(&files.client_ca)?)?;
        Ok(Self { key, trust })
    }
}

/// `server.properties` of broker `index` (its node id is one more) among `all`.
pub(crate) fn properties(
    index: usize,
    all: &[BrokerPorts],
    logs: &Path,
    stores: Option<&TlsStores>,
) -> String {
    let ports = &all[index];
    let brokers = all.len();
    // Two of three: one may be gone and acks=all still goes on.
    let in_sync = if brokers == 1 { 1 } else { 2 };
    let voters: Vec<String> = all
        .iter()
        .enumerate()
        .map(|(other, ports)| format!("{}@{}", other + 1, ports.controller.address()))
        .collect();
    let clients = client_listeners(ports);
    let mut text = format!(
        "process.roles=broker,controller\n\
         node.id={node}\n\
         controller.quorum.voters={voters}\n\
         listeners={clients},CONTROLLER://{controller}\n\
         advertised.listeners={clients}\n\
         listener.security.protocol.map=\
         PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_SSL,MTLS:SSL\n\
         inter.broker.listener.name=PLAINTEXT\n\
         controller.listener.names=CONTROLLER\n\
         log.dirs={logs}\n\
         auto.create.topics.enable=false\n\
         default.replication.factor={brokers}\n\
         min.insync.replicas={in_sync}\n\
         offsets.topic.replication.factor={brokers}\n\
         transaction.state.log.replication.factor={brokers}\n\
         transaction.state.log.min.isr={in_sync}\n\
         share.coordinator.state.topic.replication.factor={brokers}\n\
         share.coordinator.state.topic.min.isr={in_sync}\n\
         message.max.bytes={MESSAGE_BYTES_MAX}\n\
         replica.fetch.max.bytes={MESSAGE_BYTES_MAX}\n",
        node = index + 1,
        voters = voters.join(","),
        clients = clients.join(","),
        controller = ports.controller.address(),
        logs = logs.display(),
    );
    text.push_str(
        // A group of tests has few members: no wait for more, few partitions to open.
        "group.initial.rebalance.delay.ms=0\n\
         offsets.topic.num.partitions=4\n\
         transaction.state.log.num.partitions=4\n\
         share.coordinator.state.topic.num.partitions=4\n\
         broker.heartbeat.interval.ms=500\n\
         broker.session.timeout.ms=6000\n",
    );
    if let Some(stores) = stores {
        text.push_str(&tls(stores));
    }
    text
}

fn client_listeners(ports: &BrokerPorts) -> Vec<String> {
    [("PLAINTEXT", Some(&ports.plain)), ("SASL", ports.sasl.as_ref()), ("MTLS", ports.mtls.as_ref())]
        .into_iter()
        .filter_map(|(name, port)| Some(format!("{name}://{}", port?.address())))
        .collect()
}

fn tls(stores: &TlsStores) -> String {
    format!(
        "ssl.keystore.type=PEM\n\
         ssl.keystore.location={key}\n\
         ssl.truststore.type=PEM\n\
         ssl.truststore.location={trust}\n\
         listener.name.mtls.ssl.client.auth=required\n\
         listener.name.sasl.ssl.client.auth=none\n\
         listener.name.sasl.sasl.enabled.mechanisms=SCRAM-SHA-512\n\
         listener.name.sasl.scram-sha-512.sasl.jaas.config=\
         org.apache.kafka.common.security.scram.ScramLoginModule required;\n",
        key = stores.key.display(),
        trust = stores.trust.display(),
    )
}

/// Everything of note to the standard output, which is the log file.
pub(crate) const LOG4J2: &str = "\
rootLogger.level=INFO
rootLogger.appenderRef.out.ref=out
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=[%d] %p %m (%c)%n
";
