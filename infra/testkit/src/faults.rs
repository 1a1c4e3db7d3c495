//! Faults from a seed: ports that fail before or after they did it, do half of it, or never come back
//! (a crash), in an order that the seed repeats.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use domain::event::{Offset, Partition, Source, TopicId};
use domain::ids::{CustomerRef, VerificationId};
use domain::ports::{
    Acknowledgement, Appended, EventLog, FaceModelId, FaceVectorRow, FaceVectors, Follower, Generations,
    LogError, Member, NewRecord, OffsetRange, Pointer, Projection, ReadBounds, StartPositions, StoreError,
    StoredRecord, Topic, TopicDescription,
};
use domain::rows::{
    BooksRow, Epoch, EventNote, Generation, PositionRow, RowKey, ViewRow, ViewWrite, WriteTimestamp,
};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use tokio::sync::Notify;

/// How often what happens, in thousandths of all calls.
#[derive(Debug, Clone, Copy)]
pub struct FaultRates {
    /// It fails and did nothing.
    pub fail_before: u32,
    /// It did it and says it failed ("possibly persisted").
    pub fail_after: u32,
    /// The process ends there.
    pub crash: u32,
}

/// No faults at all.
pub const NO_FAULTS: FaultRates = FaultRates { fail_before: 0, fail_after: 0, crash: 0 };

/// A source of faults, shared by the faulty ports of one process.
#[derive(Clone)]
pub struct FaultSource {
    rng: Arc<Mutex<ChaCha8Rng>>,
    rates: FaultRates,
    crashed: Arc<Notify>,
}

enum Fate {
    Well,
    FailBefore,
    FailAfter,
    CrashBefore,
    CrashAfter,
}

impl FaultSource {
    /// Faults of that seed at those rates.
    pub fn new(seed: u64, rates: FaultRates) -> Self {
        Self {
            rng: Arc::new(Mutex::new(ChaCha8Rng::seed_from_u64(seed))),
            rates,
            crashed: Arc::new(Notify::new()),
        }
    }

    /// Comes back when a port has crashed; the caller then drops everything that ran on it.
    pub async fn crashed(&self) {
        self.crashed.notified().await;
    }

    fn draw(&self, below: u32) -> u32 {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).random_range(0..below)
    }

    /// What happens to a call; and a few turns for whoever runs beside it.
    async fn fate(&self) -> Fate {
        for _ in 0..self.draw(4) {
            tokio::task::yield_now().await;
        }
        let FaultRates { fail_before, fail_after, crash } = self.rates;
        let draw = self.draw(1_000);
        if draw < fail_before {
            Fate::FailBefore
        } else if draw < fail_before + fail_after {
            Fate::FailAfter
        } else if draw < fail_before + fail_after + crash {
            if self.draw(2) == 0 { Fate::CrashBefore } else { Fate::CrashAfter }
        } else {
            Fate::Well
        }
    }

    async fn crash(&self) -> ! {
        self.crashed.notify_one();
        std::future::pending().await
    }
}

fn log_fault() -> LogError {
    LogError::Unconfirmed("a fault of the simulation".to_owned())
}

fn store_fault() -> StoreError {
    StoreError::Unavailable("a fault of the simulation".to_owned())
}

macro_rules! with_fate {
    ($faults:expr, $error:expr, $call:expr) => {
        match $faults.fate().await {
            Fate::Well => $call,
            Fate::FailBefore => Err($error),
            Fate::FailAfter => {
                let _ = $call;
                Err($error)
            }
            Fate::CrashBefore => $faults.crash().await,
            Fate::CrashAfter => {
                let _ = $call;
                $faults.crash().await
            }
        }
    };
}

/// A log with faults.
pub struct FaultyLog {
    /// The log beneath.
    pub inner: Arc<dyn EventLog>,
    /// Its faults.
    pub faults: FaultSource,
}

#[async_trait]
impl EventLog for FaultyLog {
    async fn describe(&self, topic: Topic) -> Result<TopicDescription, LogError> {
        with_fate!(self.faults, log_fault(), self.inner.describe(topic).await)
    }

    async fn append(&self, topic: Topic, record: NewRecord) -> Result<Appended, LogError> {
        with_fate!(self.faults, log_fault(), self.inner.append(topic, record.clone()).await)
    }

    async fn offsets(&self, topic: Topic) -> Result<Vec<OffsetRange>, LogError> {
        with_fate!(self.faults, log_fault(), self.inner.offsets(topic).await)
    }

    async fn read(
        &self,
        topic: Topic,
        partition: Partition,
        from: Offset,
        bounds: ReadBounds,
    ) -> Result<Vec<StoredRecord>, LogError> {
        with_fate!(self.faults, log_fault(), self.inner.read(topic, partition, from, bounds).await)
    }

    async fn follow(
        &self,
        topic: Topic,
        from: Vec<(Partition, Offset)>,
    ) -> Result<Box<dyn Follower>, LogError> {
        self.inner.follow(topic, from).await
    }

    async fn join(
        &self,
        topic: Topic,
        group: &str,
        positions: Arc<dyn StartPositions>,
    ) -> Result<Box<dyn Member>, LogError> {
        self.inner.join(topic, group, positions).await
    }
}

/// A projection with faults: a write that fails may have written some of its rows.
pub struct FaultyProjection {
    /// The projection beneath.
    pub inner: Arc<dyn Projection>,
    /// Its faults.
    pub faults: FaultSource,
}

impl FaultyProjection {
    /// Any subset, in any order: a store that is not atomic owes no more.
    fn some_of(&self, mut writes: Vec<ViewWrite>) -> Vec<ViewWrite> {
        writes.retain(|_| self.faults.draw(2) == 0);
        writes
    }
}

#[async_trait]
impl Projection for FaultyProjection {
    async fn claim_epoch(&self, topic_id: TopicId) -> Result<Epoch, StoreError> {
        with_fate!(self.faults, store_fault(), self.inner.claim_epoch(topic_id).await)
    }

    async fn load(
        &self,
        generation: Generation,
        keys: &[RowKey],
    ) -> Result<Vec<Option<ViewRow>>, StoreError> {
        with_fate!(self.faults, store_fault(), self.inner.load(generation, keys).await)
    }

    async fn verification_ids(
        &self,
        generation: Generation,
        customers: &[CustomerRef],
        limit: usize,
    ) -> Result<Vec<Option<Vec<VerificationId>>>, StoreError> {
        with_fate!(
            self.faults,
            store_fault(),
            self.inner.verification_ids(generation, customers, limit).await
        )
    }

    async fn waiting(
        &self,
        generation: Generation,
        customer: &CustomerRef,
        from: Offset,
        limit: usize,
    ) -> Result<Vec<EventNote>, StoreError> {
        with_fate!(self.faults, store_fault(), self.inner.waiting(generation, customer, from, limit).await)
    }

    async fn write(&self, generation: Generation, writes: Vec<ViewWrite>) -> Result<(), StoreError> {
        match self.faults.fate().await {
            Fate::Well => self.inner.write(generation, writes).await,
            Fate::FailBefore => Err(store_fault()),
            Fate::FailAfter => {
                self.inner.write(generation, self.some_of(writes)).await?;
                Err(store_fault())
            }
            Fate::CrashBefore => {
                self.inner.write(generation, self.some_of(writes)).await?;
                self.faults.crash().await
            }
            Fate::CrashAfter => {
                self.inner.write(generation, writes).await?;
                self.faults.crash().await
            }
        }
    }

    async fn books(&self, generation: Generation) -> Result<Vec<BooksRow>, StoreError> {
        self.inner.books(generation).await
    }
}

/// Face vectors with faults.
pub struct FaultyFaceVectors {
    /// The vectors beneath.
    pub inner: Arc<dyn FaceVectors>,
    /// Their faults.
    pub faults: FaultSource,
}

#[async_trait]
impl FaceVectors for FaultyFaceVectors {
    async fn put(&self, at: WriteTimestamp, row: &FaceVectorRow) -> Result<(), StoreError> {
        with_fate!(self.faults, store_fault(), self.inner.put(at, row).await)
    }

    async fn erase(&self, at: WriteTimestamp, customer: &CustomerRef) -> Result<(), StoreError> {
        with_fate!(self.faults, store_fault(), self.inner.erase(at, customer).await)
    }

    async fn of_customer(
        &self,
        customer: &CustomerRef,
        photos: Option<&[Source]>,
    ) -> Result<Vec<FaceVectorRow>, StoreError> {
        with_fate!(self.faults, store_fault(), self.inner.of_customer(customer, photos).await)
    }

    async fn position(
        &self,
        model: &FaceModelId,
        topic_id: TopicId,
        partition: Partition,
    ) -> Result<Option<PositionRow>, StoreError> {
        with_fate!(self.faults, store_fault(), self.inner.position(model, topic_id, partition).await)
    }

    async fn positions(&self, topic_id: TopicId) -> Result<Vec<(FaceModelId, PositionRow)>, StoreError> {
        with_fate!(self.faults, store_fault(), self.inner.positions(topic_id).await)
    }

    async fn move_position(
        &self,
        at: WriteTimestamp,
        model: &FaceModelId,
        position: &PositionRow,
    ) -> Result<(), StoreError> {
        with_fate!(self.faults, store_fault(), self.inner.move_position(at, model, position).await)
    }
}

/// A pointer with faults: what it says may be lost either way.
pub struct FaultyGenerations {
    /// The generations beneath.
    pub inner: Arc<dyn Generations>,
    /// Their faults.
    pub faults: FaultSource,
}

#[async_trait]
impl Generations for FaultyGenerations {
    async fn pointer(&self) -> Result<Pointer, StoreError> {
        with_fate!(self.faults, store_fault(), self.inner.pointer().await)
    }

    async fn point(&self, to: &Pointer) -> Result<bool, StoreError> {
        with_fate!(self.faults, store_fault(), self.inner.point(to).await)
    }

    async fn ensure_generation(&self, generation: Generation) -> Result<(), StoreError> {
        with_fate!(self.faults, store_fault(), self.inner.ensure_generation(generation).await)
    }

    async fn drop_generation(&self, generation: Generation) -> Result<(), StoreError> {
        with_fate!(self.faults, store_fault(), self.inner.drop_generation(generation).await)
    }

    async fn acknowledge(&self, instance: &str, said: Option<&Acknowledgement>) -> Result<(), StoreError> {
        with_fate!(self.faults, store_fault(), self.inner.acknowledge(instance, said).await)
    }

    async fn acknowledgements(&self) -> Result<Vec<Acknowledgement>, StoreError> {
        with_fate!(self.faults, store_fault(), self.inner.acknowledgements().await)
    }
}
