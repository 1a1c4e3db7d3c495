//! Kafka's own load generator, run against brokers of ours: the yardstick for our producer's
//! figures. Not here: our benchmarks (`tests/bench`).

use crate::error::ClusterError;
use crate::kafka::KafkaBrokers;

/// One run of `org.apache.kafka.tools.ProducerPerformance`. The topic must exist.
#[derive(Clone, Debug)]
pub struct PerfRun {
    /// Where it writes to.
    pub topic: String,
    /// How many records.
    pub records: u64,
    /// Bytes of each record's value.
    pub record_bytes: u32,
    /// Records per second at most; `None` is as fast as it goes.
    pub rate_max: Option<u32>,
    /// The producer's settings besides `bootstrap.servers`, as `acks` and `linger.ms`.
    pub producer: Vec<(String, String)>,
}

impl PerfRun {
    /// As fast as it goes, `acks=all`.
    #[must_use]
    pub fn new(topic: &str, records: u64, record_bytes: u32) -> Self {
        Self {
            topic: topic.into(),
            records,
            record_bytes,
            rate_max: None,
            producer: vec![("acks".into(), "all".into())],
        }
    }
}

impl KafkaBrokers {
    /// Runs it and returns what it printed; the last line sums up: records per second, MB per
    /// second, and the latencies' average, maximum and percentiles in milliseconds.
    ///
    /// # Errors
    ///
    /// As [`KafkaBrokers::tool`].
    pub fn producer_performance(&self, run: &PerfRun) -> Result<String, ClusterError> {
        let rate = run.rate_max.map_or("-1".into(), |rate| rate.to_string());
        let records = run.records.to_string();
        let bytes = run.record_bytes.to_string();
        let settings: Vec<String> = [("bootstrap.servers".into(), self.bootstrap())]
            .into_iter()
            .chain(run.producer.iter().cloned())
            .map(|(name, value): (String, String)| format!("{name}={value}"))
            .collect();
        let mut arguments = vec![
            "--topic",
            &run.topic,
            "--num-records",
            &records,
            "--record-size",
            &bytes,
            "--throughput",
            &rate,
            "--producer-props",
        ];
        arguments.extend(settings.iter().map(String::as_str));
        self.tool("org.apache.kafka.tools.ProducerPerformance", &arguments)
    }
}
