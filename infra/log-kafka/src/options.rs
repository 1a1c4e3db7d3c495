//! What a user may set, and how it is passed to librdkafka. Not here: bounds nobody sets (`limits`), the topics'
//! own settings (`topics`).

use std::path::PathBuf;
use std::time::Duration;

use domain::ports::Topic;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};

use crate::error::KafkaOpenError;
use crate::limits::{
    FETCH_AHEAD_BACKOFF, FETCH_AHEAD_KIB, FETCH_BYTES_MAX, MESSAGE_BYTES_MAX, RECONNECT_MAX,
    RESPONSE_BYTES_MAX,
};

/// How many partitions each topic has. Fixed when it is created; more partitions mean a new topic and a rebuild.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicPartitions {
    /// Of `identity.events`: how many projectors can share the work.
    pub events: u32,
    /// Of `identity.audit`.
    pub audit: u32,
    /// Of `identity.outcomes`.
    pub outcomes: u32,
    /// Of `identity.orgs`: a handful of records.
    pub orgs: u32,
    /// Of `identity.dead-letters`.
    pub dead_letters: u32,
}

impl TopicPartitions {
    /// The number of that topic.
    pub fn of(&self, topic: Topic) -> u32 {
        match topic {
            Topic::Events => self.events,
            Topic::Audit => self.audit,
            Topic::Outcomes => self.outcomes,
            Topic::Orgs => self.orgs,
            Topic::DeadLetters => self.dead_letters,
        }
    }
}

impl Default for TopicPartitions {
    fn default() -> Self {
        Self { events: 24, audit: 24, outcomes: 24, orgs: 1, dead_letters: 6 }
    }
}

/// TLS to the brokers. Files are PEM; a broker's certificate must carry the name or address dialled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KafkaTls {
    /// The authority of the brokers' certificates; none: the system's.
    pub ca: Option<PathBuf>,
    /// mTLS: our certificate (leaf first) and its private key.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// SCRAM-SHA-512. Only over TLS. Its `Debug` shows no password.
#[derive(Clone, PartialEq, Eq)]
pub struct KafkaCredentials {
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for KafkaCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KafkaCredentials({})", self.user)
    }
}

/// How batches go over the wire and onto the brokers' disks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BatchCompression {
    /// The default: nearly all bytes are ciphertext, which does not shrink.
    #[default]
    None,
    /// For topics of small records.
    Lz4,
    /// For topics of small records; smaller and slower than LZ4.
    Zstd,
}

impl BatchCompression {
    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

/// The producer's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProducerOptions {
    /// How long a record waits for others to share its batch. See `docs/decisions/0005-kafka.md`.
    pub linger: Duration,
    /// Records waiting for their confirmation; one more is `Unavailable` at once.
    pub queue_records_max: u32,
    /// Bytes that wait for their confirmation (a multiple of 1,024); more are `Unavailable` at once.
    pub queue_bytes_max: usize,
    /// See [`BatchCompression`].
    pub compression: BatchCompression,
}

impl Default for ProducerOptions {
    fn default() -> Self {
        Self {
            linger: Duration::ZERO,
            queue_records_max: 20_000,
            queue_bytes_max: 128 * 1024 * 1024,
            compression: BatchCompression::None,
        }
    }
}

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KafkaTimeouts {
    /// The first answer of any broker.
    pub connect: Duration,
    /// One query (topic, offsets), and the first record of a read that must return one.
    pub request: Duration,
    /// An append's confirmation (`delivery.timeout.ms`); two in a row must fit the front end's deadline.
    pub delivery: Duration,
    /// After this without a heartbeat the group gives a member's partitions to others.
    pub session: Duration,
    /// How long a member may go without polling, through an outage of the store, before it is removed from the group
    /// (`max.poll.interval.ms`). A new member waits at most as long for its share.
    pub member_idle_max: Duration,
}

impl Default for KafkaTimeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            request: Duration::from_secs(5),
            delivery: Duration::from_secs(5),
            session: Duration::from_secs(15),
            member_idle_max: Duration::from_secs(3600),
        }
    }
}

/// How the log is reached and how its topics must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KafkaOptions {
    /// Some of the brokers, `host:port,…`; the others are learned from them.
    pub brokers: String,
    /// Put before every topic's and group's name: empty in production; for tests and for clusters that are
    /// shared by installations.
    pub topic_prefix: String,
    /// Copies of each record; 3 in production.
    pub replication_factor: u32,
    /// Copies that must have a record before it is confirmed; 2 in production.
    pub min_insync_replicas: u32,
    /// `flush.messages`, for those who want each record on disk (and not in its replicas' memory) before it
    /// is confirmed; none leaves it to the brokers, unchecked.
    pub flush_messages: Option<u64>,
    /// See [`TopicPartitions`].
    pub partitions: TopicPartitions,
    /// See [`KafkaTls`]; none is plaintext.
    pub tls: Option<KafkaTls>,
    /// See [`KafkaCredentials`].
    pub sasl: Option<KafkaCredentials>,
    /// See [`ProducerOptions`].
    pub producer: ProducerOptions,
    /// See [`KafkaTimeouts`].
    pub timeouts: KafkaTimeouts,
    /// Static membership (KIP-345): a name of this process that outlives its restarts and that no other has.
    /// A restart within [`KafkaTimeouts::session`] then moves no partition; leaving does not either, so others
    /// take over only after that time.
    pub group_instance_id: Option<String>,
    /// How often librdkafka's statistics become metrics; zero is never.
    pub statistics_every: Duration,
}

impl KafkaOptions {
    /// The defaults, for those brokers.
    pub fn new(brokers: impl Into<String>) -> Self {
        Self {
            brokers: brokers.into(),
            topic_prefix: String::new(),
            replication_factor: 3,
            min_insync_replicas: 2,
            flush_messages: None,
            partitions: TopicPartitions::default(),
            tls: None,
            sasl: None,
            producer: ProducerOptions::default(),
            timeouts: KafkaTimeouts::default(),
            group_instance_id: None,
            statistics_every: Duration::from_secs(5),
        }
    }

    /// A topic's full name.
    pub fn topic_name(&self, topic: Topic) -> String {
        format!("{}{}", self.topic_prefix, topic.name())
    }

    /// Refuses invalid settings before anything is tried.
    pub(crate) fn check(&self) -> Result<(), KafkaOpenError> {
        let refuse = |why: &str| Err(KafkaOpenError::Options(why.to_owned()));
        if self.brokers.trim().is_empty() {
            return refuse("no brokers are named");
        }
        if self.sasl.is_some() && self.tls.is_none() {
            return refuse("a password goes over TLS only: set the TLS files too");
        }
        if self.min_insync_replicas < 1 || self.min_insync_replicas > self.replication_factor {
            return refuse("min_insync_replicas must be between 1 and replication_factor");
        }
        if Topic::ALL.into_iter().any(|topic| self.partitions.of(topic) == 0) {
            return refuse("every topic needs at least one partition");
        }
        if self.timeouts.delivery <= self.producer.linger {
            return refuse("the delivery timeout must be longer than the linger");
        }
        Ok(())
    }

    /// What every client has in common.
    fn common(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", format!("{}identity", self.topic_prefix))
            .set("socket.timeout.ms", ms(self.timeouts.request.max(Duration::from_secs(2))))
            .set("socket.nagle.disable", "true")
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", ms(RECONNECT_MAX))
            .set("message.max.bytes", MESSAGE_BYTES_MAX.to_string())
            .set("log.connection.close", "false")
            .set("enable.metrics.push", "false")
            .set("statistics.interval.ms", ms(self.statistics_every))
            .set_log_level(RDKafkaLogLevel::Info);
        self.security(&mut config);
        config
    }

    fn security(&self, config: &mut ClientConfig) {
        let Some(tls) = &self.tls else { return };
        // Before librdkafka does it, which would have OpenSSL cleaned up at exit, under threads of clients that
        // are still closing their connections.
        openssl::init();
        config.set("security.protocol", if self.sasl.is_some() { "sasl_ssl" } else { "ssl" });
        if let Some(ca) = &tls.ca {
            config.set("ssl.ca.location", ca.display().to_string());
        }
        if let Some((certificate, key)) = &tls.identity {
            config.set("ssl.certificate.location", certificate.display().to_string());
            config.set("ssl.key.location", key.display().to_string());
        }
        if let Some(sasl) = &self.sasl {
            config
                .set("sasl.mechanism", "SCRAM-SHA-512")
                .set("sasl.username", &sasl.user)
                .set("sasl.password", &sasl.password);
        }
    }

    /// For the client that only makes queries.
    pub(crate) fn for_questions(&self) -> ClientConfig {
        let mut config = self.common();
        config.set("statistics.interval.ms", "0").set("allow.auto.create.topics", "false");
        config
    }

    pub(crate) fn for_producer(&self) -> ClientConfig {
        let producer = &self.producer;
        let delivery = ms(self.timeouts.delivery);
        let mut config = self.common();
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            // Java's default, so that every producer and both engines agree.
            .set("partitioner", "murmur2_random")
            .set("compression.type", producer.compression.name())
            .set("linger.ms", format!("{}", producer.linger.as_secs_f64() * 1000.0))
            .set("queue.buffering.max.messages", producer.queue_records_max.to_string())
            .set("queue.buffering.max.kbytes", (producer.queue_bytes_max / 1024).max(1).to_string())
            .set("delivery.timeout.ms", &delivery)
            // The broker gives up on slow replicas before we give up on the broker.
            .set("request.timeout.ms", ms(self.timeouts.delivery.mul_f64(0.8)));
        config
    }

    /// For consumers at explicit offsets. librdkafka wants a group's name even of those that join none.
    pub(crate) fn for_reader(&self) -> ClientConfig {
        let mut config = self.common();
        config
            .set("group.id", self.group_name("identity-readers"))
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "error")
            .set("allow.auto.create.topics", "false")
            .set("receive.message.max.bytes", RESPONSE_BYTES_MAX.to_string())
            .set("fetch.max.bytes", FETCH_BYTES_MAX.to_string())
            .set("max.partition.fetch.bytes", MESSAGE_BYTES_MAX.to_string())
            .set("queued.max.messages.kbytes", FETCH_AHEAD_KIB.to_string())
            .set("fetch.queue.backoff.ms", ms(FETCH_AHEAD_BACKOFF))
            .set("fetch.error.backoff.ms", "200");
        config
    }

    pub(crate) fn for_member(&self, group: &str) -> ClientConfig {
        let mut config = self.for_reader();
        config
            .set("group.id", self.group_name(group))
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("session.timeout.ms", ms(self.timeouts.session))
            .set("heartbeat.interval.ms", ms(self.timeouts.session / 5))
            .set("max.poll.interval.ms", ms(self.timeouts.member_idle_max.max(self.timeouts.session)));
        if let Some(instance) = &self.group_instance_id {
            config.set("group.instance.id", instance);
        }
        config
    }

    pub(crate) fn group_name(&self, group: &str) -> String {
        format!("{}{group}", self.topic_prefix)
    }
}

fn ms(duration: Duration) -> String {
    duration.as_millis().to_string()
}
