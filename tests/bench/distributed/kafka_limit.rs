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

/// The engine's default number of partitions.
const PARTITIONS: i32 = 12;

/// Topics of its own beside the engine's.
const TOPICS: [&str; 2] = ["bench-audit", "bench-events"];

/// The bare producer.
pub(crate) struct Bare<'a> {
    producer: FutureProducer,
    audit: &'a NewRecord,
    event: &'a NewRecord,
}

impl<'a> Bare<'a> {
    pub(crate) async fn new(brokers: &str, (audit, event): &'a (NewRecord, NewRecord)) -> Result<Self> {
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
        let topics = TOPICS.map(|name| NewTopic::new(name, PARTITIONS, TopicReplication::Fixed(1)));
        for made in admin.create_topics(&topics, &AdminOptions::new()).await? {
            made.map_err(|(topic, code)| anyhow!("{topic}: {code}"))?;
        }
        let producer: FutureProducer = config.create()?;
        Ok(Self { producer, audit, event })
    }

    /// Verdicts per second with that many in flight.
    pub(crate) async fn run(&self, in_flight: usize, window: Duration) -> Result<f64> {
        let began = Instant::now();
        let tasks = (0..in_flight).map(|task| async move {
            let mut done = 0_u64;
            while began.elapsed() < window {
                let key = format!("bench/{task}-{done}");
                self.append(TOPICS[0], &key, self.audit).await?;
                self.append(TOPICS[1], &key, self.event).await?;
                done += 1;
            }
            anyhow::Ok(done)
        });
        let done: u64 = try_join_all(tasks).await?.into_iter().sum();
        let seconds = began.elapsed().as_secs_f64();
        self.producer.flush(DELIVERY_WITHIN).context("flush")?;
        Ok(done as f64 / seconds)
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
