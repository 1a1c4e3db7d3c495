//! The distributed engine: Kafka for the log, CQL (ScyllaDB or Cassandra) for read model and key store, a
//! file KMS for org keys.

use std::sync::Arc;

use log_kafka::{
    KafkaCredentials, KafkaLog, KafkaOptions, KafkaTimeouts, KafkaTls, ProducerOptions, TopicPartitions,
};
use vault::FileKms;
use views_cql::{
    ClientCertificate, CqlCredentials, CqlFaceVectors, CqlKeys, CqlOptions, CqlSession, CqlViews,
    KeyspaceReplication, TlsOptions,
};

use super::{Durability, Engine, OpenError, Role, schema_ids, until_there};
use crate::client_files::ClientFiles;
use crate::config::{Config, CqlConfig, KafkaConfig};

/// Opens the distributed engine. A server waits for brokers and nodes that are not there yet, with a line in
/// the log for each try; a tool says so and ends.
pub(super) async fn open(config: &Config, role: Role) -> Result<Engine, OpenError> {
    let kms_file = config.kms_file();
    let kms = tokio::task::spawn_blocking(move || FileKms::open(kms_file))
        .await
        .map_err(|_| OpenError::BrokenOff)??;
    let kafka = kafka_options(&config.kafka, config.projector.instance_id.clone())?;
    let cql = cql_options(&config.cql)?;
    let log = until_there(role, "Kafka", || open_log(kafka.clone())).await?;
    let (views, keys, face_vectors) = until_there(role, "CQL", || open_stores(cql.clone())).await?;
    let codec =
        until_there(role, "the schema registry", || schema_ids::codec(&config.registry, &*log, &*keys))
            .await?;
    let durability = Durability::Replicated { in_sync_min: config.kafka.min_insync_replicas };
    Ok(Engine::of_adapters((log, views, keys, face_vectors, kms), codec, durability))
}

async fn open_log(options: KafkaOptions) -> Result<Arc<KafkaLog>, OpenError> {
    let log = KafkaLog::connect(options).await?;
    log.ensure_topics().await?;
    Ok(log)
}

async fn open_stores(
    options: CqlOptions,
) -> Result<(Arc<CqlViews>, Arc<CqlKeys>, Arc<CqlFaceVectors>), OpenError> {
    let session = CqlSession::connect(options).await?;
    session.migrate().await?;
    let (views, keys) = (CqlViews::new(Arc::clone(&session)), CqlKeys::new(Arc::clone(&session)));
    Ok((Arc::new(views), Arc::new(keys), Arc::new(CqlFaceVectors::new(session))))
}

fn kafka_options(config: &KafkaConfig, instance_id: Option<String>) -> Result<KafkaOptions, OpenError> {
    let password = config.resolved_sasl_password()?;
    let sasl = config
        .sasl_user
        .clone()
        .zip(password)
        .map(|(user, password)| KafkaCredentials { user, password: password.expose().to_owned() });
    let files = ClientFiles {
        section: "kafka",
        ca: config.tls_ca_file.as_deref(),
        cert: config.tls_cert_file.as_deref(),
        key: config.tls_key_file.as_deref(),
    };
    files.check()?;
    let tls = config.tls.then(|| KafkaTls {
        ca: config.tls_ca_file.clone(),
        identity: config.tls_cert_file.clone().zip(config.tls_key_file.clone()),
    });
    let producer = ProducerOptions {
        linger: config.linger,
        queue_bytes_max: usize::try_from(config.queue_bytes_max).unwrap_or(usize::MAX),
        ..ProducerOptions::default()
    };
    Ok(KafkaOptions {
        producer,
        timeouts: KafkaTimeouts { session: config.session_timeout, ..KafkaTimeouts::default() },
        replication_factor: config.replication_factor.into(),
        min_insync_replicas: config.min_insync_replicas.into(),
        flush_messages: config.flush_messages,
        partitions: TopicPartitions {
            events: config.events_partitions,
            audit: config.audit_partitions,
            outcomes: config.outcomes_partitions,
            orgs: config.orgs_partitions,
            dead_letters: config.dead_letters_partitions,
        },
        tls,
        sasl,
        group_instance_id: instance_id,
        ..KafkaOptions::new(config.brokers.join(","))
    })
}

fn cql_options(config: &CqlConfig) -> Result<CqlOptions, OpenError> {
    let password = config.resolved_password()?;
    let credentials = config
        .user
        .clone()
        .zip(password)
        .map(|(user, password)| CqlCredentials { user, password: password.expose().to_owned() });
    let files = ClientFiles {
        section: "cql",
        ca: config.tls_ca_file.as_deref(),
        cert: config.tls_cert_file.as_deref(),
        key: config.tls_key_file.as_deref(),
    };
    files.check()?;
    let client = config
        .tls_cert_file
        .clone()
        .zip(config.tls_key_file.clone())
        .map(|(chain_file, key_file)| ClientCertificate { chain_file, key_file });
    let tls = config.tls.then(|| TlsOptions { ca_file: config.tls_ca_file.clone(), client });
    let by_datacenter = config.replicas_by_datacenter()?;
    let replication = if by_datacenter.is_empty() {
        KeyspaceReplication::Factor(config.replication_factor)
    } else {
        KeyspaceReplication::PerDatacenter(by_datacenter)
    };
    Ok(CqlOptions {
        replication,
        datacenter: config.datacenter.clone(),
        serial_across_datacenters: config.serial_across_datacenters,
        request_timeout: config.request_timeout,
        concurrency: config.requests_at_once_max as usize,
        credentials,
        tls,
        ..CqlOptions::new(config.nodes.clone(), config.keyspace.clone())
    })
}
