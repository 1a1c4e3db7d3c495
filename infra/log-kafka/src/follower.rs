//! Following fixed partitions. Not here: groups (`member`).

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::event::{Offset, Partition, TopicId};
use domain::ports::{Follower, LogError, ReadBounds, StoredRecord, Topic, TopicDescription};
use rdkafka::error::RDKafkaErrorCode;

use crate::error::{is_out_of_range, made_again, unavailable, words};
use crate::fetch::{Fetcher, Positions};
use crate::log::Shared;
use crate::reader::within_range;
use crate::watch::Watch;

/// A consumer of its own, at explicit offsets.
pub(crate) struct KafkaFollower {
    shared: Arc<Shared>,
    name: String,
    described: TopicDescription,
    fetcher: Fetcher,
    positions: Positions,
    watch: Watch,
}

impl KafkaFollower {
    pub(crate) async fn open(
        shared: Arc<Shared>,
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
        let watch =
            Watch::start(Arc::clone(&shared), described.clone(), Some(positions.clone()), fetcher.waker());
        Ok(Self { shared, name, described, fetcher, positions, watch })
    }

    /// Goes on after what librdkafka said, or says why not.
    async fn handle(&mut self, code: RDKafkaErrorCode) -> Result<(), LogError> {
        if !is_out_of_range(code) {
            return passing(code, &self.name, &self.fetcher);
        }
        let now = self.shared.query.describe(&self.name).await?;
        if now.id != self.described.id.0 {
            return Err(made_again(self.described.topic, &self.name));
        }
        check_positions(&self.shared, &self.name, &self.positions).await?;
        // A leader that had not caught up yet: our positions are in the log.
        let assigned = self.fetcher.assign(&self.name, &self.positions);
        assigned.map_err(|error| unavailable("a consumer", words(&error), None))
    }
}

/// `Halted` if one of the positions is not in the log.
pub(crate) async fn check_positions(
    shared: &Shared,
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

/// Errors after which librdkafka goes on by itself: some are worth telling the caller, who has nothing in hand.
pub(crate) fn passing(code: RDKafkaErrorCode, name: &str, fetcher: &Fetcher) -> Result<(), LogError> {
    use RDKafkaErrorCode as Code;
    match code {
        Code::AllBrokersDown
        | Code::Authentication
        | Code::SSL
        | Code::TopicAuthorizationFailed
        | Code::UnknownTopicOrPartition => Err(unavailable(name, code, fetcher.events().trouble_words())),
        code => {
            tracing::debug!(topic = name, %code, "the Kafka client goes on after an error");
            Ok(())
        }
    }
}

#[async_trait]
impl Follower for KafkaFollower {
    async fn next(&mut self, bounds: ReadBounds) -> Result<Vec<StoredRecord>, LogError> {
        // Instants end somewhere; nobody waits a day for one call.
        let deadline = Instant::now() + bounds.wait_max.min(Duration::from_secs(86_400));
        loop {
            self.watch.check()?;
            let batch = self.fetcher.drain(self.described.id, bounds, &mut self.positions);
            if !batch.is_empty() {
                self.watch.handed_out(&self.positions);
                return Ok(batch);
            }
            if let Some(code) = self.fetcher.failure() {
                self.handle(code).await?;
                // There may be records behind it, of which nothing would wake us.
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
