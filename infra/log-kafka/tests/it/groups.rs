//! Groups beyond the contract suite: stores that are away, partitions that are halted, static members.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::event::{Offset, Partition};
use domain::ports::{EventLog, LogError, Member, StartPositions, StoredRecord, Topic, TopicDescription};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::topic_partition_list::{Offset as RdOffset, TopicPartitionList};

use crate::harness::{self, PARTITIONS, PATIENCE, bounds, open, options, record, until, within};

const TURN: Duration = Duration::from_millis(100);

/// Start positions, perhaps after failures, perhaps not for every partition.
pub(crate) struct Known {
    at: Mutex<Vec<(Partition, Offset)>>,
    failures: AtomicU32,
    halted: Option<Partition>,
}

impl Known {
    pub(crate) fn at(at: Vec<(Partition, Offset)>) -> Arc<Self> {
        Arc::new(Self { at: Mutex::new(at), failures: AtomicU32::new(0), halted: None })
    }

    fn zero(failures: u32, halted: Option<Partition>) -> Arc<Self> {
        let at = (0..PARTITIONS).map(|p| (Partition(p), Offset(0))).collect();
        Arc::new(Self { at: Mutex::new(at), failures: AtomicU32::new(failures), halted })
    }
}

#[async_trait]
impl StartPositions for Known {
    async fn start_positions(
        &self,
        _: &TopicDescription,
        partitions: &[Partition],
    ) -> Result<Vec<Offset>, LogError> {
        if self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok() {
            return Err(LogError::Unavailable("the store is away".to_owned()));
        }
        if self.halted.is_some_and(|halted| partitions.contains(&halted)) {
            return Err(LogError::Halted("the store has another topic's position".to_owned()));
        }
        let at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(partitions.iter().map(|p| at.iter().find(|(known, _)| known == p).expect("known").1).collect())
    }
}

/// What a member heard so far.
#[derive(Default)]
pub(crate) struct Seat {
    pub(crate) has: BTreeSet<Partition>,
    pub(crate) records: Vec<StoredRecord>,
    pub(crate) lost: usize,
    pub(crate) errors: Vec<LogError>,
}

impl Seat {
    async fn poll(&mut self, member: &mut dyn Member) {
        match member.poll(bounds(TURN)).await {
            Ok(polled) => {
                for partition in polled.revoked {
                    assert!(self.has.remove(&partition), "only what it had is revoked");
                    self.lost += 1;
                }
                for partition in polled.assigned {
                    assert!(self.has.insert(partition), "only what it had not is assigned");
                }
                assert!(polled.records.iter().all(|r| self.has.contains(&r.source.partition)));
                self.records.extend(polled.records);
            }
            Err(error) => self.errors.push(error),
        }
    }
}

pub(crate) async fn poll_until(member: &mut dyn Member, done: impl Fn(&Seat) -> bool) -> Seat {
    let mut seat = Seat::default();
    let began = Instant::now();
    while !done(&seat) {
        assert!(began.elapsed() < PATIENCE, "has {:?}, errors {:?}", seat.has, seat.errors);
        seat.poll(member).await;
    }
    seat
}

const ALL: usize = PARTITIONS as usize;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn positions_that_cannot_be_had_are_asked_again() {
    let Some(broker) = harness::shared().await else { return };
    let log = open(options(&broker.bootstrap)).await;
    log.append(Topic::Events, record("org/one", "x")).await.expect("appended");
    let mut member = log.join(Topic::Events, "group", Known::zero(3, None)).await.expect("joins");
    let seat = poll_until(member.as_mut(), |seat| seat.records.len() == 1).await;
    assert_eq!((seat.has.len(), seat.errors.len()), (ALL, 3));
    assert!(seat.errors.iter().all(|error| matches!(error, LogError::Unavailable(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_halted_partition_does_not_stop_the_others() {
    let Some(broker) = harness::shared().await else { return };
    let log = open(options(&broker.bootstrap)).await;
    for n in 0..60 {
        log.append(Topic::Events, record(&format!("org/{n}"), "x")).await.expect("appended");
    }
    let halted = Partition(1);
    let others = harness::everything(&log, Topic::Events).await;
    let others = others.iter().filter(|record| record.source.partition != halted).count();
    let mut member = log.join(Topic::Events, "group", Known::zero(0, Some(halted))).await.expect("joins");
    let seat = poll_until(member.as_mut(), |seat| seat.records.len() == others).await;
    assert!(!seat.has.contains(&halted) && seat.has.len() == ALL - 1);
    assert!(matches!(seat.errors[..], [LogError::Halted(_)]), "{:?}", seat.errors);
    // The group takes it back with the others, and the next one may read it.
    within("leaving", member.leave()).await.expect("leaves");
    let mut next = log.join(Topic::Events, "group", Known::zero(0, None)).await.expect("joins");
    poll_until(next.as_mut(), |seat| seat.records.len() == 60).await;
}

/// Leaving, or being dropped, while the group waits for us.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_before_its_positions_are_known_holds_nobody_up() {
    let Some(broker) = harness::shared().await else { return };
    let log = open(options(&broker.bootstrap)).await;
    for is_dropped in [false, true] {
        let group = format!("group-{is_dropped}");
        let mut first = log.join(Topic::Events, &group, Known::zero(u32::MAX, None)).await.expect("joins");
        poll_until(first.as_mut(), |seat| !seat.errors.is_empty()).await;
        if is_dropped {
            drop(first);
        } else {
            within("leaving", first.leave()).await.expect("leaves");
            assert!(first.poll(bounds(TURN)).await.is_err(), "it left");
        }
        let mut second = log.join(Topic::Events, &group, Known::zero(0, None)).await.expect("joins");
        poll_until(second.as_mut(), |seat| seat.has.len() == ALL).await;
    }
}

/// A second process with the same static name: the first is put out, hears that it has nothing any more, and
/// comes back with a consumer of its own when the second is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fenced_static_member_comes_back_as_a_new_one() {
    let Some(broker) = harness::shared().await else { return };
    let mut options = options(&broker.bootstrap);
    options.group_instance_id = Some("projector-0".to_owned());
    let log = open(options.clone()).await;
    let mut first = log.join(Topic::Events, "group", Known::zero(0, None)).await.expect("joins");
    let mut seat = poll_until(first.as_mut(), |seat| seat.has.len() == ALL).await;
    // Another client under the same name, not one that fences back.
    let twin: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &broker.bootstrap)
        .set("group.id", format!("{}group", options.topic_prefix))
        .set("group.instance.id", "projector-0")
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("session.timeout.ms", "6000")
        .create()
        .expect("a consumer");
    twin.subscribe(&[&options.topic_name(Topic::Events)]).expect("subscribes");
    let began = Instant::now();
    while seat.lost < ALL {
        assert!(began.elapsed() < PATIENCE, "it is fenced");
        let _ = twin.poll(Duration::from_millis(10));
        seat.poll(first.as_mut()).await;
    }
    tokio::task::spawn_blocking(move || drop(twin)).await.expect("gone");
    log.append(Topic::Events, record("org/one", "after")).await.expect("appended");
    while seat.has.len() < ALL || seat.records.is_empty() {
        assert!(began.elapsed() < 2 * PATIENCE, "it comes back");
        seat.poll(first.as_mut()).await;
    }
}

/// For tools that show lag; nothing starts from there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_reported_is_the_groups_offset() {
    let Some(broker) = harness::shared().await else { return };
    let options = options(&broker.bootstrap);
    let log = open(options.clone()).await;
    let appended = log.append(Topic::Events, record("org/one", "x")).await.expect("appended");
    let partition = appended.source.partition;
    let mut member = log.join(Topic::Events, "group", Known::zero(0, None)).await.expect("joins");
    poll_until(member.as_mut(), |seat| seat.records.len() == 1).await;
    member.report(&[(partition, Offset(1))]).await.expect("reports");
    let tool: Arc<BaseConsumer> = Arc::new(
        ClientConfig::new()
            .set("bootstrap.servers", &broker.bootstrap)
            .set("group.id", format!("{}group", options.topic_prefix))
            .create()
            .expect("a consumer"),
    );
    let name = options.topic_name(Topic::Events);
    until("the offset is there", async || {
        let (tool, name) = (Arc::clone(&tool), name.clone());
        {
            let asked = move || {
                let mut asked = TopicPartitionList::new();
                asked.add_partition(&name, partition.0 as i32);
                let found = tool.committed_offsets(asked, PATIENCE).expect("asked");
                found.elements()[0].offset()
            };
            let offset = tokio::task::spawn_blocking(asked).await.expect("asked");
            (offset == RdOffset::Offset(1)).then_some(())
        }
    })
    .await;
}

/// Reading ahead brings what comes, and stands back from a rebalance, which the next poll answers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_ahead_changes_no_assignment() {
    let Some(broker) = harness::shared().await else { return };
    let log = open(options(&broker.bootstrap)).await;
    let mut first = log.join(Topic::Events, "group", Known::zero(0, None)).await.expect("joins");
    let mut seat = poll_until(first.as_mut(), |seat| seat.has.len() == ALL).await;
    log.append(Topic::Events, record("org/one", "x")).await.expect("appended");
    let more = within("a record read ahead", async {
        loop {
            let more = first.more(bounds(TURN)).await.expect("reads on");
            if !more.is_empty() {
                break more;
            }
        }
    });
    assert_eq!(more.await.len(), 1);

    let mut second = log.join(Topic::Events, "group", Known::zero(0, None)).await.expect("joins");
    // It gives the member back: dropped, it would leave, and what it had would be given away again.
    let newcomer = tokio::spawn(async move {
        let seat = poll_until(second.as_mut(), |seat| !seat.has.is_empty()).await;
        (second, seat)
    });
    // With a rebalance waiting it does not wait for records any more, and still has every partition.
    within("a rebalance that is waiting", async {
        loop {
            let asked = Instant::now();
            let more = first.more(bounds(PATIENCE)).await.expect("reads on");
            assert!(more.is_empty());
            if asked.elapsed() < PATIENCE {
                break;
            }
        }
    })
    .await;
    assert_eq!(seat.lost, 0);
    // A hand-over may take the group more than one round, and each needs both members' answers.
    within("the hand-over", async {
        while seat.lost == 0 || !newcomer.is_finished() {
            seat.poll(first.as_mut()).await;
        }
    })
    .await;
    let (_second, newcomer) = newcomer.await.expect("the other has its share");
    assert!(newcomer.has.is_disjoint(&seat.has));
}
