//! A member of a group: partitions come and go between polls, never within one that brought records. Not here:
//! what librdkafka's callbacks do (`context` notes them down, and they are answered here).

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::event::{Offset, Partition, TopicId};
use domain::ports::{
    LogError, Member, Polled, ReadBounds, StartPositions, StoredRecord, Topic, TopicDescription,
};
use rdkafka::error::RDKafkaErrorCode;
use retry_schedule::Backoff;

use crate::context::Rebalance;
use crate::error::{is_out_of_range, made_again, unavailable, words};
use crate::fetch::{Fetcher, Positions};
use crate::follower::{check_positions, passing};
use crate::limits::REJOIN_RETRY;
use crate::log::Shared;
use crate::reader::within_range;
use crate::watch::Watch;

/// A consumer in a group. When it is fenced it is thrown away, and a new one joins after a while.
pub(crate) struct KafkaMember {
    shared: Arc<Shared>,
    group: String,
    name: String,
    described: TopicDescription,
    starts: Arc<dyn StartPositions>,
    fetcher: Option<Fetcher>,
    /// Of the partitions it reads; those it was given and may not read are missing.
    positions: Positions,
    /// Heard, and not told yet: a poll that is dropped or fails loses nothing.
    heard: Polled,
    watch: Watch,
    rejoin_at: Instant,
    rejoin_backoff: Backoff,
    has_left: bool,
}

impl KafkaMember {
    pub(crate) async fn join(
        shared: Arc<Shared>,
        topic: Topic,
        group: &str,
        starts: Arc<dyn StartPositions>,
    ) -> Result<Self, LogError> {
        let name = shared.options.topic_name(topic);
        let asked = shared.query.describe(&name).await?;
        let described = TopicDescription { topic, id: TopicId(asked.id), partitions: asked.partitions };
        let fetcher = open(&shared, group, &name)?;
        let watch = Watch::start(Arc::clone(&shared), described.clone(), None, fetcher.waker());
        Ok(Self {
            shared,
            group: group.to_owned(),
            name,
            described,
            starts,
            fetcher: Some(fetcher),
            positions: Positions::new(),
            heard: Polled::default(),
            watch,
            rejoin_at: Instant::now(),
            rejoin_backoff: REJOIN_RETRY.start(),
            has_left: false,
        })
    }

    /// Answers the group until it wants nothing more.
    async fn serve(&mut self) -> Result<(), LogError> {
        while let Some(rebalance) = self.fetcher.as_ref().and_then(|f| f.events().next_rebalance()) {
            match rebalance {
                Rebalance::Assign(given) => self.take_up(&partitions(&given)).await?,
                Rebalance::Revoke(taken) => self.give_up(&partitions(&taken))?,
            }
        }
        Ok(())
    }

    /// Partitions were given: asks where they start, then reads them from there. While that is not known the
    /// group waits for us, and the next poll asks again.
    async fn take_up(&mut self, given: &[Partition]) -> Result<(), LogError> {
        let (positions, halted) = self.start_positions(given).await?;
        let Some(fetcher) = &self.fetcher else { return Ok(()) };
        // From here to the end nothing waits: a dropped poll leaves either nothing or everything done.
        let added = fetcher.add(&self.name, &positions);
        fetcher.events().rebalance_done();
        if let Err(error) = added {
            // An assignment that librdkafka does not take up any more: it has another one for us.
            return Err(unavailable("the group", words(&error), fetcher.events().trouble_words()));
        }
        self.heard.assigned.extend(positions.keys());
        self.positions.extend(positions);
        halted.map_or(Ok(()), Err)
    }

    /// Where those may be read from, and the reason if some may not.
    async fn start_positions(&self, given: &[Partition]) -> Result<(Positions, Option<LogError>), LogError> {
        let now = self.shared.query.describe(&self.name).await?;
        if now.id != self.described.id.0 {
            return Ok((Positions::new(), Some(made_again(self.described.topic, &self.name))));
        }
        let mut positions = Positions::new();
        let mut halted = None;
        match self.starts.start_positions(&self.described, given).await {
            Ok(offsets) if offsets.len() == given.len() => {
                positions.extend(given.iter().copied().zip(offsets));
            }
            Ok(_) => halted = Some(LogError::Halted("start positions are missing".to_owned())),
            // One that may not be read does not stop the others.
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

    /// Partitions are taken, or were lost: nothing of theirs is in flight, because a batch is finished before
    /// the next poll.
    fn give_up(&mut self, taken: &[Partition]) -> Result<(), LogError> {
        let Some(fetcher) = &mut self.fetcher else { return Ok(()) };
        let known: Positions =
            taken.iter().filter_map(|p| self.positions.remove(p).map(|offset| (*p, offset))).collect();
        let removed = fetcher.remove(&self.name, &known);
        fetcher.events().rebalance_done();
        self.forget(known.keys().copied().collect());
        removed.map_err(|error| unavailable("the group", words(&error), fetcher_words(&self.fetcher)))
    }

    /// Tells of partitions that are gone; one that was never told of is just not told of.
    fn forget(&mut self, gone: Vec<Partition>) {
        for partition in gone {
            let untold = self.heard.assigned.iter().position(|assigned| *assigned == partition);
            match untold {
                Some(at) => drop(self.heard.assigned.remove(at)),
                None => self.heard.revoked.push(partition),
            }
        }
    }

    /// Goes on after what librdkafka said, or says why not.
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
            return Err(made_again(self.described.topic, &self.name));
        }
        check_positions(&self.shared, &self.name, &self.positions).await?;
        let restarted = fetcher.restart(&self.name, &self.positions);
        restarted.map_err(|error| unavailable("a consumer", words(&error), None))
    }

    /// Throws the consumer away: the group knows it no more (a static member whose name another process
    /// took), and librdkafka does not mend that.
    fn replace(&mut self) {
        let why = fetcher_words(&self.fetcher).unwrap_or_else(|| "unknown".to_owned());
        tracing::warn!(
            group = self.group,
            why,
            "a Kafka group member was put out: a new one takes its place"
        );
        metrics::counter!("identity_kafka_members_replaced_total").increment(1);
        self.fetcher = None;
        let gone = std::mem::take(&mut self.positions);
        self.forget(gone.into_keys().collect());
        self.rejoin_at = Instant::now() + self.rejoin_backoff.next_pause();
    }

    /// Joins again when it is time.
    fn rejoin(&mut self) -> Result<(), LogError> {
        if self.fetcher.is_none() && Instant::now() >= self.rejoin_at {
            self.fetcher = Some(open(&self.shared, &self.group, &self.name)?);
        }
        Ok(())
    }

    /// Whether there is something to tell.
    fn tells(&self) -> bool {
        !(self.heard.assigned.is_empty() && self.heard.revoked.is_empty() && self.heard.records.is_empty())
    }
}

fn partitions(numbers: &[i32]) -> Vec<Partition> {
    numbers.iter().map(|number| Partition((*number).max(0) as u32)).collect()
}

fn fetcher_words(fetcher: &Option<Fetcher>) -> Option<String> {
    fetcher.as_ref().and_then(|fetcher| fetcher.events().trouble_words())
}

fn open(shared: &Shared, group: &str, name: &str) -> Result<Fetcher, LogError> {
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
                    self.heard.records = fetcher.drain(self.described.id, bounds, &mut self.positions);
                    if !self.heard.records.is_empty() {
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
                return Ok(std::mem::take(&mut self.heard));
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
        reported.map_err(|error| unavailable("offsets", words(&error), fetcher.events().trouble_words()))
    }

    async fn leave(&mut self) -> Result<(), LogError> {
        self.has_left = true;
        self.positions.clear();
        self.heard = Polled::default();
        let Some(fetcher) = self.fetcher.take() else { return Ok(()) };
        let closed = tokio::task::spawn_blocking(move || fetcher.close());
        // Its thread goes on; the group hears of us by the session's end at the latest.
        match tokio::time::timeout(self.shared.options.timeouts.request, closed).await {
            Ok(_) => Ok(()),
            Err(_) => Err(LogError::Unavailable("no broker confirmed that the member left".to_owned())),
        }
    }
}
