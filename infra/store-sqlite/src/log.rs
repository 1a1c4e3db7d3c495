//! The `EventLog` port on one SQLite file, `log.sqlite`: opening, closing, and the port's methods. How
//! records lie in the file is `schema`'s, who writes is `writer`'s, who reads is `readers`'.

mod commits;
mod follow;
mod group;
mod headers;
mod queue;
mod readers;
mod retention;
mod schema;
mod tail;
mod writer;

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use async_trait::async_trait;
use domain::event::{Offset, Partition};
use domain::limits::RECORD_BYTES_MAX;
use domain::ports::{
    Appended, EventLog, Follower, LogError, Member, NewRecord, OffsetRange, ReadBounds, StartPositions,
    StoredRecord, Topic, TopicDescription, partition_of,
};
use domain::time::Timestamp;
use tokio::sync::oneshot;

use self::commits::{CommitSignals, CommitWatcher};
use self::follow::{SqliteFollower, TopicCursors};
use self::group::{MemberGroups, SqliteMember};
use self::queue::{PendingAppend, RetentionRun, WriterJob, WriterQueue};
use self::readers::ReaderConnections;
pub use self::retention::RetentionCounts;
use self::schema::log_error;
use self::tail::LogTail;
use self::writer::{LogWriter, WriterChannels};
use crate::checkpoint::Checkpointer;
use crate::migrate::{self, Durability, OlderFormat, SqliteOpenError};

/// Where the log's times come from.
pub type LogClock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How a log is opened.
#[derive(Clone)]
pub struct SqliteLogOptions {
    /// Partitions of each topic. Fixed when the file is made: another count later is refused.
    pub partitions: u32,
    /// The clock of `appended_at`; within a partition times never fall, whatever it says.
    pub clock: LogClock,
    /// What becomes of a file that an older build wrote.
    pub older: OlderFormat,
}

impl Default for SqliteLogOptions {
    /// Eight partitions, so that a projector can use the cores of a larger machine, and the system's clock. An older
    /// file is brought up.
    fn default() -> Self {
        Self {
            partitions: 8,
            clock: Arc::new(|| Timestamp::from_millis(chrono::Utc::now().timestamp_millis())),
            older: OlderFormat::Migrate,
        }
    }
}

/// The log on one SQLite file. Dropping the last `Arc` writes what waits, cuts the WAL back and closes the
/// file; that blocks for as long as one commit and one checkpoint take. Followers and members that outlive
/// it hear `Unavailable`.
pub struct SqliteLog {
    shared: Arc<SqliteLogShared>,
    queue: Arc<WriterQueue>,
    writer: Option<JoinHandle<()>>,
    watcher: CommitWatcher,
}

/// What followers and members need of the log.
struct SqliteLogShared {
    commits: Arc<CommitSignals>,
    tail: Arc<LogTail>,
    readers: Arc<ReaderConnections>,
    groups: MemberGroups,
    topics: [TopicDescription; 5],
}

impl SqliteLogShared {
    /// The topic as the file has it now.
    async fn describe(&self, topic: Topic) -> Result<TopicDescription, LogError> {
        let found = self.readers.run(move |c| schema::describe(c, topic).map_err(log_error)).await?;
        found.ok_or_else(|| LogError::Halted(format!("the log's file has no {}", topic.name())))
    }

    /// Refuses partitions that the topic does not have.
    fn check(&self, topic: Topic, partition: Partition) -> Result<TopicDescription, LogError> {
        let known = &self.topics[topic as usize];
        if partition.0 < known.partitions {
            return Ok(known.clone());
        }
        let (name, count) = (topic.name(), known.partitions);
        Err(LogError::Halted(format!("{name} has {count} partitions, none of number {}", partition.0)))
    }
}

impl SqliteLog {
    /// The file in the log's folder.
    pub const FILE: &str = "log.sqlite";

    /// Opens `log.sqlite` in that folder, or makes both (0600 and 0700).
    ///
    /// # Errors
    /// [`SqliteOpenError`]: written by a newer build, or by an older one and not to be brought up, made with another
    /// partition count, not a log, or not readable and writable.
    pub fn open(dir: &Path, options: SqliteLogOptions) -> Result<Arc<Self>, SqliteOpenError> {
        let path = dir.join(Self::FILE);
        let io = |error| SqliteOpenError::Io { path: path.clone(), error };
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(io)?;
        let mut connection =
            migrate::open(&path, "log", schema::MIGRATIONS, Durability::Full, options.older)?;
        let topics = schema::ensure_topics(&mut connection, &path, options.partitions)?;
        let (commits, queue, tail) =
            (Arc::new(CommitSignals::new()), Arc::new(WriterQueue::default()), Arc::new(LogTail::default()));
        let channels = WriterChannels {
            queue: Arc::clone(&queue),
            commits: Arc::clone(&commits),
            tail: Arc::clone(&tail),
        };
        let checkpointer = Checkpointer::start(&path, "log-checkpoint")?;
        let writer = LogWriter::new(connection, topics.clone(), options.clock, channels, checkpointer)
            .map_err(|error| SqliteOpenError::Sqlite { path: path.clone(), error })?;
        let watcher = CommitWatcher::start(&path, Arc::clone(&commits))?;
        let thread = std::thread::Builder::new().name("log-writer".to_owned());
        let writer = Some(thread.spawn(move || writer.run()).map_err(io)?);
        let readers = ReaderConnections::new(&path);
        let shared =
            Arc::new(SqliteLogShared { commits, tail, readers, groups: MemberGroups::new(), topics });
        Ok(Arc::new(Self { shared, queue, writer, watcher }))
    }

    /// Deletes what its topic's policy lets go: outcomes and dead letters by age, orgs by key. In short
    /// steps, so that appends go on. Events and audit are never touched.
    ///
    /// # Errors
    /// As for an append; what was deleted before the error stays deleted.
    pub async fn enforce_retention(&self, now: Timestamp) -> Result<RetentionCounts, LogError> {
        let (answer, answered) = oneshot::channel();
        self.queue.push(WriterJob::Retain(RetentionRun {
            now,
            so_far: RetentionCounts::default(),
            answer,
        }))?;
        answered.await.unwrap_or_else(|_| Err(unconfirmed()))
    }

    /// What members of that group in this process reported last, for tools that show lag.
    pub fn reported(&self, topic: Topic, group: &str) -> Vec<(Partition, Offset)> {
        self.shared.groups.reported(topic, group)
    }
}

/// The writer's thread ended while it had the job.
fn unconfirmed() -> LogError {
    LogError::Unconfirmed("the log's writer has stopped".to_owned())
}

#[async_trait]
impl EventLog for SqliteLog {
    async fn describe(&self, topic: Topic) -> Result<TopicDescription, LogError> {
        self.shared.describe(topic).await
    }

    async fn append(&self, topic: Topic, record: NewRecord) -> Result<Appended, LogError> {
        let began = Instant::now();
        let headers: usize = record.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        let size = record.key.len() + headers + record.value.len();
        if size > RECORD_BYTES_MAX {
            return Err(LogError::TooLarge { size, max: RECORD_BYTES_MAX });
        }
        let partition = partition_of(&record.key, self.shared.topics[topic as usize].partitions);
        let (answer, answered) = oneshot::channel();
        let headers = headers::encode(&record.headers);
        let NewRecord { key, value, headers: named } = record;
        self.queue.push(WriterJob::Append(PendingAppend {
            topic,
            partition,
            key,
            headers,
            named,
            value,
            answer,
        }))?;
        let result = answered.await.unwrap_or_else(|_| Err(unconfirmed()));
        metrics::histogram!("identity_log_append_seconds", "topic" => topic.name()).record(began.elapsed());
        result
    }

    async fn offsets(&self, topic: Topic) -> Result<Vec<OffsetRange>, LogError> {
        let partitions = self.shared.topics[topic as usize].partitions;
        let read = move |connection: &rusqlite::Connection| {
            let all = (0..partitions).map(Partition);
            all.map(|partition| {
                Ok(schema::extent(connection, topic, partition).map_err(log_error)?.range(partition))
            })
            .collect()
        };
        self.shared.readers.run(read).await
    }

    async fn read(
        &self,
        topic: Topic,
        partition: Partition,
        from: Offset,
        bounds: ReadBounds,
    ) -> Result<Vec<StoredRecord>, LogError> {
        let topic = self.shared.check(topic, partition)?;
        TopicCursors::new(Arc::clone(&self.shared), topic, vec![(partition, from)]).next(bounds).await
    }

    async fn follow(
        &self,
        topic: Topic,
        from: Vec<(Partition, Offset)>,
    ) -> Result<Box<dyn Follower>, LogError> {
        for &(partition, _) in &from {
            self.shared.check(topic, partition)?;
        }
        let description = self.shared.topics[topic as usize].clone();
        Ok(Box::new(SqliteFollower(TopicCursors::following(Arc::clone(&self.shared), description, from))))
    }

    async fn join(
        &self,
        topic: Topic,
        group: &str,
        positions: Arc<dyn StartPositions>,
    ) -> Result<Box<dyn Member>, LogError> {
        Ok(Box::new(SqliteMember::join(Arc::clone(&self.shared), topic, group, positions)?))
    }
}

impl Drop for SqliteLog {
    fn drop(&mut self) {
        self.queue.close();
        self.watcher.stop();
        self.shared.readers.close();
        if let Some(writer) = self.writer.take() {
            // Last of all, so that its closing finds no other connection of this process.
            let _ = writer.join();
        }
        // Whoever still waits looks once more, and hears that the log is closed.
        self.shared.commits.signal_all();
    }
}
