//! The port: [`KafkaLog`]. Not here: how each part does it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use domain::event::{Offset, Partition, Source, TopicId};
use domain::limits::RECORD_BYTES_MAX;
use domain::ports::{
    Appended, EventLog, Follower, LogError, Member, NewRecord, OffsetRange, ReadBounds, StartPositions,
    StoredRecord, Topic, TopicDescription,
};
use domain::time::Timestamp;
use rdkafka::consumer::Consumer;
use rdkafka::error::RDKafkaErrorCode;

use crate::context::TroubleKind;
use crate::error::{KafkaOpenError, recreated};
use crate::follower::KafkaFollower;
use crate::limits::{PROBE_SLICE, TOPIC_ID_AGE_MAX};
use crate::member::KafkaMember;
use crate::options::KafkaOptions;
use crate::producer::{Producer, size_of};
use crate::query::BrokerQueries;
use crate::reader::{PartitionRead, ReaderPool};
use crate::topics;

/// What the log, its readers, followers and members share.
pub(crate) struct LogShared {
    pub(crate) options: KafkaOptions,
    pub(crate) query: BrokerQueries,
    ids: Mutex<HashMap<Topic, KnownId>>,
}

/// The id that appends are stamped with.
#[derive(Clone, Copy)]
struct KnownId {
    id: TopicId,
    asked_at: Instant,
    recreated: bool,
}

impl LogShared {
    fn ids(&self) -> MutexGuard<'_, HashMap<Topic, KnownId>> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the id of a topic. Once it differed from the first, the topic counts as recreated for good.
    fn learn(&self, topic: Topic, id: TopicId) {
        let mut ids = self.ids();
        let known = ids.entry(topic).or_insert(KnownId { id, asked_at: Instant::now(), recreated: false });
        known.recreated |= known.id != id;
        known.asked_at = Instant::now();
    }

    async fn describe(&self, topic: Topic) -> Result<TopicDescription, LogError> {
        let described = self.query.describe(&self.options.topic_name(topic)).await?;
        let id = TopicId(described.id);
        self.learn(topic, id);
        Ok(TopicDescription { topic, id, partitions: described.partitions })
    }

    /// The topic id for a confirmed append. It is queried again from time to time, not for each append.
    async fn stamp(self: &Arc<Self>, topic: Topic) -> Result<TopicId, LogError> {
        let known = {
            let mut ids = self.ids();
            let known = ids.get_mut(&topic);
            known.map(|known| {
                let is_old = known.asked_at.elapsed() > TOPIC_ID_AGE_MAX;
                if is_old {
                    // Other appends need not query it too.
                    known.asked_at = Instant::now();
                }
                (known.id, is_old)
            })
        };
        match known {
            Some((id, false)) => Ok(id),
            Some((id, true)) => {
                let shared = Arc::clone(self);
                tokio::spawn(async move { shared.describe(topic).await });
                Ok(id)
            }
            None => match self.describe(topic).await {
                Ok(described) => Ok(described.id),
                Err(error) => {
                    Err(LogError::Unconfirmed(format!("written, but its topic's id is not known: {error}")))
                }
            },
        }
    }
}

/// The log on Kafka. Cheap to share; dropping the last one ends its connections.
pub struct KafkaLog {
    shared: Arc<LogShared>,
    producer: Producer,
    readers: ReaderPool,
}

impl KafkaLog {
    /// Connects, and returns when a broker answered. Runs within a tokio runtime.
    ///
    /// # Errors
    /// [`KafkaOpenError::Unreachable`] after [`crate::KafkaTimeouts::connect`] (worth retrying);
    /// [`KafkaOpenError::Authentication`] and [`KafkaOpenError::Tls`] as soon as the brokers say so;
    /// [`KafkaOpenError::Options`] for invalid settings.
    pub async fn connect(options: KafkaOptions) -> Result<Arc<Self>, KafkaOpenError> {
        options.check()?;
        let query = BrokerQueries::open(&options)?;
        probe(&options, &query).await?;
        let producer = Producer::open(&options)?;
        let shared = Arc::new(LogShared { options, query, ids: Mutex::new(HashMap::new()) });
        Ok(Arc::new(Self { shared, producer, readers: ReaderPool::new() }))
    }

    /// Creates the topics that are missing and checks all five: partitions, replication factor, policy, retention,
    /// timestamps, sizes, replicas in sync, leader election. Several instances may do so at once.
    ///
    /// # Errors
    /// [`KafkaOpenError::TopicMismatch`] for the first setting that is not as it must be; nothing is changed.
    /// [`KafkaOpenError::Topic`] when the brokers refuse; [`KafkaOpenError::Unreachable`] when they do not answer.
    pub async fn ensure_topics(&self) -> Result<(), KafkaOpenError> {
        for (topic, described) in topics::ensure(&self.shared).await? {
            self.shared.learn(topic, TopicId(described.id));
        }
        Ok(())
    }
}

#[cfg(test)]
impl KafkaLog {
    pub(crate) fn producer(&self) -> &Producer {
        &self.producer
    }
}

/// Waits for the first answer, or for the first error that waiting does not cure.
async fn probe(options: &KafkaOptions, query: &BrokerQueries) -> Result<(), KafkaOpenError> {
    let deadline = Instant::now() + options.timeouts.connect;
    let brokers = || options.brokers.clone();
    loop {
        let asked = query.ask(|asker, _| match asker.fetch_metadata(None, PROBE_SLICE) {
            Ok(_) => Ok(()),
            Err(error) => Err(error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail)),
        });
        tokio::pin!(asked);
        let is_answered = loop {
            tokio::select! {
                answer = &mut asked => break answer.is_ok(),
                () = query.events().troubled() => {}
            }
            let Some(trouble) = query.events().trouble() else { continue };
            let why = trouble.text;
            match trouble.kind {
                TroubleKind::Authentication => {
                    let user = options.sasl.as_ref().map(|sasl| sasl.user.clone()).unwrap_or_default();
                    return Err(KafkaOpenError::Authentication { user, brokers: brokers(), why });
                }
                TroubleKind::Tls => return Err(KafkaOpenError::Tls { brokers: brokers(), why }),
                TroubleKind::Other => {}
            }
        };
        if is_answered {
            return Ok(());
        }
        if Instant::now() >= deadline {
            let text = query.events().trouble_text();
            let why = text.unwrap_or_else(|| "no answer in time".to_owned());
            return Err(KafkaOpenError::Unreachable { brokers: brokers(), why });
        }
    }
}

#[async_trait]
impl EventLog for KafkaLog {
    async fn describe(&self, topic: Topic) -> Result<TopicDescription, LogError> {
        self.shared.describe(topic).await
    }

    async fn append(&self, topic: Topic, record: NewRecord) -> Result<Appended, LogError> {
        let size = size_of(&record);
        if size > RECORD_BYTES_MAX {
            return Err(LogError::TooLarge { size, max: RECORD_BYTES_MAX });
        }
        let name = self.shared.options.topic_name(topic);
        if self.shared.ids().get(&topic).is_some_and(|known| known.recreated) {
            return Err(recreated(topic, &name));
        }
        // Nothing is awaited before this, so that the order of first polls is the order in the log.
        let confirmation = self.producer.send(&name, &record)?;
        drop(record);
        let place = confirmation.wait().await?;
        let topic_id = self.shared.stamp(topic).await?;
        let source = Source { topic_id, partition: Partition(place.partition), offset: Offset(place.offset) };
        Ok(Appended { source, appended_at: Timestamp::from_millis(place.appended_ms) })
    }

    async fn offsets(&self, topic: Topic) -> Result<Vec<OffsetRange>, LogError> {
        let described = self.shared.describe(topic).await?;
        let partitions = (0..described.partitions).map(Partition).collect();
        self.shared.query.offsets(&self.shared.options.topic_name(topic), partitions).await
    }

    async fn read(
        &self,
        topic: Topic,
        partition: Partition,
        from: Offset,
        bounds: ReadBounds,
    ) -> Result<Vec<StoredRecord>, LogError> {
        self.readers.read(&self.shared, PartitionRead { topic, partition, from, bounds }).await
    }

    async fn follow(
        &self,
        topic: Topic,
        from: Vec<(Partition, Offset)>,
    ) -> Result<Box<dyn Follower>, LogError> {
        Ok(Box::new(KafkaFollower::open(Arc::clone(&self.shared), topic, from).await?))
    }

    async fn join(
        &self,
        topic: Topic,
        group: &str,
        positions: Arc<dyn StartPositions>,
    ) -> Result<Box<dyn Member>, LogError> {
        Ok(Box::new(KafkaMember::join(Arc::clone(&self.shared), topic, group, positions).await?))
    }
}
