//! Groups: who has which partition, where members start, and how one takes over from another.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::event::{Offset, Partition, Source};
use domain::ports::{
    EventLog, LogError, Member, Polled, StartPositions, StoredRecord, Topic, TopicDescription,
};

use super::{LogSubject, PATIENCE, append, assert_halted, ends, fresh_key, record, wide};

/// How long one poll waits: short, so that several members take turns.
const TURN: Duration = Duration::from_millis(100);

type Starts = dyn Fn(&[Partition]) -> Result<Vec<Offset>, LogError> + Send + Sync;

/// Start positions from a function; notes what it was asked for.
struct Positions {
    starts: Box<Starts>,
    asked: Mutex<Vec<Partition>>,
}

impl Positions {
    fn new(
        starts: impl Fn(&[Partition]) -> Result<Vec<Offset>, LogError> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { starts: Box::new(starts), asked: Mutex::new(Vec::new()) })
    }

    /// Those offsets, by partition.
    fn at(offsets: Vec<(Partition, Offset)>) -> Arc<Self> {
        Self::new(move |partitions| Ok(partitions.iter().map(|p| offsets[p.0 as usize].1).collect()))
    }

    fn asked(&self) -> BTreeSet<Partition> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }
}

#[async_trait]
impl StartPositions for Positions {
    async fn start_positions(
        &self,
        topic: &TopicDescription,
        partitions: &[Partition],
    ) -> Result<Vec<Offset>, LogError> {
        assert_eq!(topic.topic, Topic::Events);
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).extend(partitions);
        (self.starts)(partitions)
    }
}

/// A member with what it has and what it heard.
struct Seat {
    member: Box<dyn Member>,
    has: BTreeSet<Partition>,
    records: Vec<StoredRecord>,
}

impl Seat {
    async fn join(log: &Arc<dyn EventLog>, group: &str, positions: Arc<Positions>) -> Self {
        let member = log.join(Topic::Events, group, positions).await.expect("joins");
        Self { member, has: BTreeSet::new(), records: Vec::new() }
    }

    async fn poll(&mut self) {
        let Polled { assigned, revoked, records } = self.member.poll(wide(TURN)).await.expect("polls");
        for partition in revoked {
            assert!(self.has.remove(&partition), "only what it had is revoked");
        }
        for partition in assigned {
            assert!(self.has.insert(partition), "only what it had not is assigned");
        }
        for record in &records {
            assert!(self.has.contains(&record.source.partition), "only records of its partitions");
        }
        self.records.extend(records);
    }

    fn sources(&self) -> BTreeSet<Source> {
        let sources: BTreeSet<_> = self.records.iter().map(|r| r.source).collect();
        assert_eq!(sources.len(), self.records.len(), "each once");
        sources
    }
}

/// Polls the seats in turn until `done`.
async fn poll_until(seats: &mut [&mut Seat], done: impl Fn(&[&mut Seat]) -> bool) {
    let began = Instant::now();
    while !done(seats) {
        assert!(began.elapsed() < PATIENCE, "the members settle");
        for seat in &mut *seats {
            seat.poll().await;
        }
    }
}

fn fresh_group() -> String {
    format!("group-{:032x}", rand::random::<u128>())
}

async fn append_some(log: &Arc<dyn EventLog>, count: usize) -> BTreeSet<Source> {
    let mut sources = BTreeSet::new();
    for n in 0..count {
        sources.insert(append(log, Topic::Events, record(&fresh_key(), format!("{n}"))).await.source);
    }
    sources
}

/// The member hears of all partitions, was asked where each starts, and reads from exactly there.
pub async fn start_positions_are_asked_first_and_respected(subject: LogSubject) {
    let LogSubject { log, .. } = &subject;
    append_some(log, 10).await;
    let starts = ends(log, Topic::Events).await;
    let expected = append_some(log, 10).await;
    let positions = Positions::at(starts.clone());
    let mut seat = Seat::join(log, &fresh_group(), Arc::clone(&positions)).await;
    poll_until(&mut [&mut seat], |seats| {
        assert!(seats[0].records.is_empty() || !positions.asked().is_empty(), "asked before it reads");
        seats[0].records.len() >= expected.len()
    })
    .await;
    let all: BTreeSet<_> = starts.iter().map(|(p, _)| *p).collect();
    assert_eq!((seat.has.clone(), positions.asked()), (all.clone(), all));
    assert_eq!(seat.sources(), expected);
    let next = ends(log, Topic::Events).await;
    seat.member.report(&next).await.expect("reports");
    seat.member.leave().await.expect("leaves");
}

/// A start above the end: nothing is read, and the words say why.
pub async fn a_start_outside_the_log_is_halted(subject: LogSubject) {
    let LogSubject { log, .. } = &subject;
    append_some(log, 3).await;
    let beyond = ends(log, Topic::Events).await.into_iter().map(|(p, end)| (p, Offset(end.0 + 5)));
    let positions = Positions::at(beyond.collect());
    halted_before_reading(log, positions).await;
}

/// Whoever keeps the positions may refuse, and is heard.
pub async fn a_halted_start_keeps_the_member_from_reading(subject: LogSubject) {
    let LogSubject { log, .. } = &subject;
    append_some(log, 3).await;
    let positions = Positions::new(|_| Err(LogError::Halted("another topic stood here".to_owned())));
    halted_before_reading(log, positions).await;
}

async fn halted_before_reading(log: &Arc<dyn EventLog>, positions: Arc<Positions>) {
    let mut member = log.join(Topic::Events, &fresh_group(), positions).await.expect("joins");
    let began = Instant::now();
    loop {
        assert!(began.elapsed() < PATIENCE, "it is halted");
        match member.poll(wide(TURN)).await {
            Ok(polled) => assert!(polled.records.is_empty(), "nothing is read"),
            error => return assert_halted(error),
        }
    }
}

/// Two members never have one partition, together they have all, and when one leaves the other takes over
/// from the positions it is told.
pub async fn members_share_partitions_and_take_over(subject: LogSubject) {
    let LogSubject { log, .. } = &subject;
    let group = fresh_group();
    let starts = ends(log, Topic::Events).await;
    let mut first = Seat::join(log, &group, Positions::at(starts.clone())).await;
    let all = starts.len();
    poll_until(&mut [&mut first], |seats| seats[0].has.len() == all).await;
    let mut second = Seat::join(log, &group, Positions::at(starts.clone())).await;
    poll_until(&mut [&mut first, &mut second], |seats| {
        seats[0].has.is_disjoint(&seats[1].has) && seats[0].has.len() + seats[1].has.len() == all
    })
    .await;
    first.member.leave().await.expect("leaves");
    let expected = append_some(log, 12).await;
    let wanted = expected.clone();
    poll_until(&mut [&mut second], |seats| {
        seats[0].has.len() == all && seats[0].records.len() >= wanted.len()
    })
    .await;
    assert_eq!(second.sources(), expected);
}

/// A member that vanishes without leaving is replaced too, in time.
pub async fn a_member_that_is_dropped_is_replaced(subject: LogSubject) {
    let LogSubject { log, .. } = &subject;
    let group = fresh_group();
    let starts = ends(log, Topic::Events).await;
    let all = starts.len();
    let mut first = Seat::join(log, &group, Positions::at(starts.clone())).await;
    poll_until(&mut [&mut first], |seats| seats[0].has.len() == all).await;
    let mut second = Seat::join(log, &group, Positions::at(starts)).await;
    second.poll().await;
    drop(first);
    poll_until(&mut [&mut second], |seats| seats[0].has.len() == all).await;
}
