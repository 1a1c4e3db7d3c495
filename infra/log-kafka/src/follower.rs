//! Following fixed partitions. Not here: groups (`member`).

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::event::{Offset, Partition, TopicId};
use domain::ports::{Follower, LogError, ReadBounds, StoredRecord, Topic, TopicDescription};
use rdkafka::error::RDKafkaErrorCode;

use crate::error::{is_out_of_range, recreated, unavailable, words};
use crate::fetch::{Fetcher, Positions};
use crate::log::LogShared;
use crate::reader::within_range;
use crate::watch::TopicWatch;

/// A consumer of its own, at explicit offsets.
pub(crate) struct KafkaFollower {
    shared: Arc<LogShared>,
    name: String,
    described: TopicDescription,
    fetcher: Fetcher,
    positions: Positions,
    watch: TopicWatch,
}

impl KafkaFollower {
    pub(crate) async fn open(
        shared: Arc<LogShared>,
        topic: Topic,
        from: Vec<(Partition, Offset)>,
    ) -> Result<Self, LogError> {
        let name = shared.options.topic_name(topic);
        let asked = shared.query.describe(&name).await?;
        let described = TopicDescription { topic, id: TopicId(asked.id), partitions: asked.partitions };
        let positions: Positions = from.into_iter().collect();
        if let Some(partition) = positions.keys().find(|partition| partition.0 >= described.partitions) {
            return Err(LogError::Halted(format!("{name} has no partition {}", partition.0)));
        }
        check_positions(&shared, &name, &positions).await?;
        let opened = Fetcher::open(&shared.options.for_reader(), "follower")
            .and_then(|mut fetcher| fetcher.assign(&name, &positions).map(|()| fetcher));
        let fetcher = opened.map_err(|error| unavailable("a consumer", words(&error), None))?;
        let watch = TopicWatch::start(
            Arc::clone(&shared),
            described.clone(),
            Some(positions.clone()),
            fetcher.waker(),
        );
        Ok(Self { shared, name, described, fetcher, positions, watch })
    }

    /// Recovers from an error of librdkafka, or returns why it cannot.
    async fn handle(&mut self, code: RDKafkaErrorCode) -> Result<(), LogError> {
        if !is_out_of_range(code) {
            return passing(code, &self.name, &self.fetcher);
        }
        let now = self.shared.query.describe(&self.name).await?;
        if now.id != self.described.id.0 {
            return Err(recreated(self.described.topic, &self.name));
        }
        check_positions(&self.shared, &self.name, &self.positions).await?;
        // The leader had not caught up yet: our positions are in the log.
        let assigned = self.fetcher.assign(&self.name, &self.positions);
        assigned.map_err(|error| unavailable("a consumer", words(&error), None))
    }
}

/// `Halted` if one of the positions is not in the log.
pub(crate) async fn check_positions(
    shared: &LogShared,
    name: &str,
    positions: &Positions,
) -> Result<(), LogError> {
    let ranges = shared.query.offsets(name, positions.keys().copied().collect()).await?;
    for range in &ranges {
        if let Some(position) = positions.get(&range.partition) {
            within_range(name, *position, range)?;
        }
    }
    Ok(())
}

/// Errors that librdkafka recovers from by itself; some are returned to the caller, which has no records to lose.
pub(crate) fn passing(code: RDKafkaErrorCode, name: &str, fetcher: &Fetcher) -> Result<(), LogError> {
    use RDKafkaErrorCode as Code;
    match code {
        Code::AllBrokersDown
        | Code::Authentication
        | Code::SSL
        | Code::TopicAuthorizationFailed
        | Code::UnknownTopicOrPartition => Err(unavailable(name, code, fetcher.events().trouble_text())),
        code => {
            tracing::debug!(topic = name, %code, "the Kafka client recovers from an error");
            Ok(())
        }
    }
}

#[async_trait]
impl Follower for KafkaFollower {
    async fn next(&mut self, bounds: ReadBounds) -> Result<Vec<StoredRecord>, LogError> {
        // An `Instant` cannot hold every duration; no call waits a day.
        let deadline = Instant::now() + bounds.wait_max.min(Duration::from_secs(86_400));
        loop {
            self.watch.check()?;
            let batch = self.fetcher.drain(self.described.id, bounds, &mut self.positions);
            if !batch.is_empty() {
                self.watch.advance_to(&self.positions);
                return Ok(batch);
            }
            if let Some(code) = self.fetcher.failure() {
                self.handle(code).await?;
                // Records may be queued behind it, and nothing else would wake this task for them.
                continue;
            }
            if Instant::now() >= deadline {
                return Ok(batch);
            }
            self.fetcher.wait(deadline).await;
        }
    }

    fn current_at(&self) -> Option<Instant> {
        self.watch.current_at()
    }
}
