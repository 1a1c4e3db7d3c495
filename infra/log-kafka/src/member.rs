//! A member of a group. Partitions are assigned and revoked between polls, never within one that returns records. Not
//! here: librdkafka's callbacks (`context` notes rebalances, which are answered here).

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::event::{Offset, Partition, TopicId};
use domain::ports::{
    LogError, Member, Polled, ReadBounds, StartPositions, StoredRecord, Topic, TopicDescription,
};
use rdkafka::error::RDKafkaErrorCode;
use retry_schedule::Backoff;

use crate::context::GroupRebalance;
use crate::error::{is_out_of_range, recreated, unavailable, words};
use crate::fetch::{Fetcher, Positions};
use crate::follower::{check_positions, passing};
use crate::limits::REJOIN_RETRY;
use crate::log::LogShared;
use crate::reader::within_range;
use crate::watch::TopicWatch;

/// A consumer in a group. One that is fenced is dropped, and a new one joins after a pause.
pub(crate) struct KafkaMember {
    shared: Arc<LogShared>,
    group: String,
    name: String,
    described: TopicDescription,
    starts: Arc<dyn StartPositions>,
    fetcher: Option<Fetcher>,
    /// Of the partitions it reads; without those that are assigned and must not be read.
    positions: Positions,
    /// What the next poll returns: a poll that is dropped or fails loses nothing.
    polled: Polled,
    watch: TopicWatch,
    rejoin_at: Instant,
    rejoin_backoff: Backoff,
    has_left: bool,
}

impl KafkaMember {
    pub(crate) async fn join(
        shared: Arc<LogShared>,
        topic: Topic,
        group: &str,
        starts: Arc<dyn StartPositions>,
    ) -> Result<Self, LogError> {
        let name = shared.options.topic_name(topic);
        let asked = shared.query.describe(&name).await?;
        let described = TopicDescription { topic, id: TopicId(asked.id), partitions: asked.partitions };
        let fetcher = open(&shared, group, &name)?;
        let watch = TopicWatch::start(Arc::clone(&shared), described.clone(), None, fetcher.waker());
        Ok(Self {
            shared,
            group: group.to_owned(),
            name,
            described,
            starts,
            fetcher: Some(fetcher),
            positions: Positions::new(),
            polled: Polled::default(),
            watch,
            rejoin_at: Instant::now(),
            rejoin_backoff: REJOIN_RETRY.start(),
            has_left: false,
        })
    }

    /// Answers the rebalances that the group waits for.
    async fn serve(&mut self) -> Result<(), LogError> {
        while let Some(rebalance) = self.fetcher.as_ref().and_then(|f| f.events().next_rebalance()) {
            match rebalance {
                GroupRebalance::Assign(given) => self.take_up(&partitions(&given)).await?,
                GroupRebalance::Revoke(taken) => self.give_up(&partitions(&taken))?,
            }
        }
        Ok(())
    }

    /// Handles an assignment: looks up where the partitions start and reads them from there. While that is unknown
    /// the group waits, and the next poll tries again.
    async fn take_up(&mut self, given: &[Partition]) -> Result<(), LogError> {
        let (positions, halted) = self.start_positions(given).await?;
        let Some(fetcher) = &self.fetcher else { return Ok(()) };
        // Nothing is awaited from here on: a dropped poll has done either nothing or everything.
        let added = fetcher.add(&self.name, &positions);
        fetcher.events().rebalance_done();
        if let Err(error) = added {
            // librdkafka refuses an assignment that is out of date: another one follows.
            return Err(unavailable("the group", words(&error), fetcher.events().trouble_text()));
        }
        self.polled.assigned.extend(positions.keys());
        self.positions.extend(positions);
        halted.map_or(Ok(()), Err)
    }

    /// From where those partitions may be read, and the reason if some may not.
    async fn start_positions(&self, given: &[Partition]) -> Result<(Positions, Option<LogError>), LogError> {
        let now = self.shared.query.describe(&self.name).await?;
        if now.id != self.described.id.0 {
            return Ok((Positions::new(), Some(recreated(self.described.topic, &self.name))));
        }
        let mut positions = Positions::new();
        let mut halted = None;
        match self.starts.start_positions(&self.described, given).await {
            Ok(offsets) if offsets.len() == given.len() => {
                positions.extend(given.iter().copied().zip(offsets));
            }
            Ok(_) => halted = Some(LogError::Halted("start positions are missing".to_owned())),
            // A partition that must not be read does not keep the others from being read.
            Err(LogError::Halted(words)) if given.len() == 1 => halted = Some(LogError::Halted(words)),
            Err(LogError::Halted(_)) => {
                for partition in given {
                    match self.starts.start_positions(&self.described, &[*partition]).await {
                        Ok(offsets) => positions.extend(offsets.first().map(|o| (*partition, *o))),
                        Err(LogError::Halted(words)) => halted = Some(LogError::Halted(words)),
                        Err(error) => return Err(error),
                    }
                }
            }
            Err(error) => return Err(error),
        }
        let ranges = self.shared.query.offsets(&self.name, positions.keys().copied().collect()).await?;
        for range in &ranges {
            let Some(position) = positions.get(&range.partition).copied() else { continue };
            if let Err(error) = within_range(&self.name, position, range) {
                positions.remove(&range.partition);
                halted = Some(error);
            }
        }
        Ok((positions, halted))
    }

    /// Handles a revocation. No record of these partitions is in flight, because a batch is finished before the next
    /// poll.
    fn give_up(&mut self, taken: &[Partition]) -> Result<(), LogError> {
        let Some(fetcher) = &mut self.fetcher else { return Ok(()) };
        let known: Positions =
            taken.iter().filter_map(|p| self.positions.remove(p).map(|offset| (*p, offset))).collect();
        let removed = fetcher.remove(&self.name, &known);
        fetcher.events().rebalance_done();
        self.forget(known.keys().copied().collect());
        removed.map_err(|error| unavailable("the group", words(&error), fetcher_trouble(&self.fetcher)))
    }

    /// Notes partitions as revoked; an assignment that no poll has returned yet is taken back instead.
    fn forget(&mut self, gone: Vec<Partition>) {
        for partition in gone {
            let untold = self.polled.assigned.iter().position(|assigned| *assigned == partition);
            match untold {
                Some(at) => drop(self.polled.assigned.remove(at)),
                None => self.polled.revoked.push(partition),
            }
        }
    }

    /// Recovers from an error of librdkafka, or returns why it cannot.
    async fn handle(&mut self, code: RDKafkaErrorCode) -> Result<(), LogError> {
        let Some(fetcher) = &mut self.fetcher else { return Ok(()) };
        if fetcher.is_fatal() {
            self.replace();
            return Ok(());
        }
        if !is_out_of_range(code) {
            return passing(code, &self.name, fetcher);
        }
        let now = self.shared.query.describe(&self.name).await?;
        if now.id != self.described.id.0 {
            return Err(recreated(self.described.topic, &self.name));
        }
        check_positions(&self.shared, &self.name, &self.positions).await?;
        let restarted = fetcher.restart(&self.name, &self.positions);
        restarted.map_err(|error| unavailable("a consumer", words(&error), None))
    }

    /// Drops the consumer: the group has fenced it (another process joined under its static name), and librdkafka does
    /// not recover from that.
    fn replace(&mut self) {
        let why = fetcher_trouble(&self.fetcher).unwrap_or_else(|| "unknown".to_owned());
        tracing::warn!(
            group = self.group,
            why,
            "a Kafka group member was fenced; a new one joins in its place"
        );
        metrics::counter!("identity_kafka_members_replaced_total").increment(1);
        self.fetcher = None;
        let gone = std::mem::take(&mut self.positions);
        self.forget(gone.into_keys().collect());
        self.rejoin_at = Instant::now() + self.rejoin_backoff.next_pause();
    }

    /// Joins again once the pause is over.
    fn rejoin(&mut self) -> Result<(), LogError> {
        if self.fetcher.is_none() && Instant::now() >= self.rejoin_at {
            self.fetcher = Some(open(&self.shared, &self.group, &self.name)?);
        }
        Ok(())
    }

    /// Whether a poll has something to return.
    fn tells(&self) -> bool {
        !(self.polled.assigned.is_empty() && self.polled.revoked.is_empty() && self.polled.records.is_empty())
    }
}

fn partitions(numbers: &[i32]) -> Vec<Partition> {
    numbers.iter().map(|number| Partition((*number).max(0) as u32)).collect()
}

fn fetcher_trouble(fetcher: &Option<Fetcher>) -> Option<String> {
    fetcher.as_ref().and_then(|fetcher| fetcher.events().trouble_text())
}

fn open(shared: &LogShared, group: &str, name: &str) -> Result<Fetcher, LogError> {
    Fetcher::open(&shared.options.for_member(group), "member")
        .and_then(|fetcher| fetcher.subscribe(name).map(|()| fetcher))
        .map_err(|error| unavailable("a consumer", words(&error), None))
}

#[async_trait]
impl Member for KafkaMember {
    async fn poll(&mut self, bounds: ReadBounds) -> Result<Polled, LogError> {
        let deadline = Instant::now() + bounds.wait_max.min(Duration::from_secs(86_400));
        if self.has_left {
            return Err(LogError::Unavailable("this member left the group".to_owned()));
        }
        loop {
            self.watch.check()?;
            self.rejoin()?;
            self.serve().await?;
            let mut until = deadline;
            match &mut self.fetcher {
                None => until = until.min(self.rejoin_at),
                Some(fetcher) => {
                    self.polled.records = fetcher.drain(self.described.id, bounds, &mut self.positions);
                    if !self.polled.records.is_empty() {
                        self.rejoin_backoff.reset();
                    } else if let Some(code) = fetcher.failure() {
                        self.handle(code).await?;
                        continue;
                    } else if fetcher.events().next_rebalance().is_some() {
                        continue;
                    }
                }
            }
            if self.tells() || Instant::now() >= deadline {
                return Ok(std::mem::take(&mut self.polled));
            }
            match &self.fetcher {
                Some(fetcher) => fetcher.wait(until).await,
                None => tokio::time::sleep_until(until.into()).await,
            }
        }
    }

    async fn more(&mut self, bounds: ReadBounds) -> Result<Vec<StoredRecord>, LogError> {
        let deadline = Instant::now() + bounds.wait_max.min(Duration::from_secs(86_400));
        loop {
            self.watch.check()?;
            let (Some(fetcher), false) = (&mut self.fetcher, self.has_left) else { return Ok(Vec::new()) };
            let records = fetcher.drain(self.described.id, bounds, &mut self.positions);
            // Rebalances and errors are answered by a poll, when nothing is in flight.
            let is_over =
                !records.is_empty() || fetcher.has_failed() || fetcher.events().next_rebalance().is_some();
            if is_over || Instant::now() >= deadline {
                return Ok(records);
            }
            fetcher.wait(deadline).await;
        }
    }

    async fn report(&mut self, next: &[(Partition, Offset)]) -> Result<(), LogError> {
        let Some(fetcher) = &self.fetcher else { return Ok(()) };
        let mine = next.iter().filter(|(partition, _)| self.positions.contains_key(partition));
        let positions: Positions = mine.copied().collect();
        let reported = fetcher.commit(&self.name, &positions);
        reported.map_err(|error| unavailable("offsets", words(&error), fetcher.events().trouble_text()))
    }

    async fn leave(&mut self) -> Result<(), LogError> {
        self.has_left = true;
        self.positions.clear();
        self.polled = Polled::default();
        let Some(fetcher) = self.fetcher.take() else { return Ok(()) };
        let closed = tokio::task::spawn_blocking(move || fetcher.close());
        // Its thread goes on; the group removes the member when its session ends, at the latest.
        match tokio::time::timeout(self.shared.options.timeouts.request, closed).await {
            Ok(_) => Ok(()),
            Err(_) => Err(LogError::Unavailable("no broker confirmed that the member left".to_owned())),
        }
    }
}
