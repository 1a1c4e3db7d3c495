//! The limit of the front: librdkafka alone makes the same two dependent appends of the same bytes, with the
//! settings that the log's producer has (`log-kafka`, `options.rs`).

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use domain::ports::NewRecord;
use futures::future::try_join_all;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer as _};

use crate::limits::DELIVERY_WITHIN;
use crate::process::{cpu_of, own_cpu};

/// The engine's default number of partitions.
const PARTITIONS: i32 = 12;

/// Topics of its own beside the engine's. Kafka's own producer writes to the second too.
const BARE_AUDIT: &str = "bench-audit";
/// See [`BARE_AUDIT`].
pub(super) const BARE_EVENTS: &str = "bench-events";

/// The bare producer.
#[derive(Clone)]
pub(crate) struct Bare {
    producer: FutureProducer,
    audit: NewRecord,
    event: NewRecord,
    /// The brokers' processes.
    servers: Vec<u32>,
}

/// What the loop reached.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    /// Verdicts per second.
    pub(crate) rate: f64,
    /// ms of CPU of each: the loop's (the whole bench's) and the brokers'.
    pub(crate) cpu_ms: [f64; 2],
}

impl Bare {
    pub(crate) async fn new(
        brokers: &str,
        servers: Vec<u32>,
        (audit, event): &(NewRecord, NewRecord),
    ) -> Result<Self> {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", brokers)
            .set("socket.nagle.disable", "true")
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("partitioner", "murmur2_random")
            .set("compression.type", "none")
            .set("linger.ms", "0");
        let admin: AdminClient<_> = config.create()?;
        let topics =
            [BARE_AUDIT, BARE_EVENTS].map(|name| NewTopic::new(name, PARTITIONS, TopicReplication::Fixed(1)));
        for made in admin.create_topics(&topics, &AdminOptions::new()).await? {
            made.map_err(|(topic, code)| anyhow!("{topic}: {code}"))?;
        }
        let producer: FutureProducer = config.create()?;
        Ok(Self { producer, audit: audit.clone(), event: event.clone(), servers })
    }

    /// Verdicts per second with that many in flight.
    pub(crate) async fn run(&self, in_flight: usize, window: Duration) -> Result<Pace> {
        let began = Instant::now();
        let before = [own_cpu()?, cpu_of(&self.servers)?];
        // Tasks of their own, so that the loop has both cores as the server has.
        let tasks = (0..in_flight).map(|task| {
            let bare = self.clone();
            tokio::spawn(async move {
                let mut done = 0_u64;
                while began.elapsed() < window {
                    let key = format!("bench/{task}-{done}");
                    bare.append(BARE_AUDIT, &key, &bare.audit).await?;
                    bare.append(BARE_EVENTS, &key, &bare.event).await?;
                    done += 1;
                }
                anyhow::Ok(done)
            })
        });
        let done: u64 = try_join_all(tasks).await?.into_iter().sum::<Result<u64>>()?;
        let seconds = began.elapsed().as_secs_f64();
        let after = [own_cpu()?, cpu_of(&self.servers)?];
        self.producer.flush(DELIVERY_WITHIN).context("flush")?;
        let used = [after[0].since(before[0]), after[1].since(before[1])];
        let cpu_ms = used.map(|used| used.total().as_secs_f64() * 1e3 / done.max(1) as f64);
        Ok(Pace { rate: done as f64 / seconds, cpu_ms })
    }

    async fn append(&self, topic: &str, key: &str, record: &NewRecord) -> Result<()> {
        let mut headers = OwnedHeaders::new_with_capacity(record.headers.len());
        for (name, value) in &record.headers {
            headers = headers.insert(Header { key: name, value: Some(value.as_ref()) });
        }
        let record = FutureRecord::to(topic).key(key).payload(record.value.as_ref()).headers(headers);
        self.producer.send(record, DELIVERY_WITHIN).await.map_err(|(error, _)| anyhow!(error))?;
        Ok(())
    }
}
