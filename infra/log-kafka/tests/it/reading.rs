//! Reading beyond the contract suite: truncated logs, topics made again, what other clients write.

use std::time::Duration;

use domain::event::{Offset, Partition};
use domain::ports::{EventLog, LogError, Topic};
use rdkafka::admin::{AdminOptions, NewTopic, TopicReplication};
use rdkafka::config::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::topic_partition_list::{Offset as RdOffset, TopicPartitionList};

use crate::groups::{Known, poll_until};
use crate::harness::{self, PARTITIONS, admin, bounds, open, options, record, text, until, within};

fn is_halted<T>(answer: Result<T, LogError>) -> bool {
    matches!(answer, Err(LogError::Halted(words)) if !words.is_empty())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_position_below_a_truncated_logs_beginning_is_halted() {
    let Some(broker) = harness::shared().await else { return };
    let options = options(&broker.bootstrap);
    let log = open(options.clone()).await;
    let mut last = None;
    for n in 0..10 {
        last = Some(log.append(Topic::Events, record("org/one", format!("{n}"))).await.expect("appended"));
    }
    let partition = last.expect("ten").source.partition;
    let mut below = TopicPartitionList::new();
    let name = options.topic_name(Topic::Events);
    below.add_partition_offset(&name, partition.0 as i32, RdOffset::Offset(4)).expect("a list");
    let admin = admin(&broker.bootstrap);
    admin.delete_records(&below, &AdminOptions::new()).await.expect("deleted");

    let read = |from| log.read(Topic::Events, partition, Offset(from), bounds(Duration::ZERO));
    for from in [0, 3, 11] {
        assert!(is_halted(read(from).await), "{from}");
    }
    assert_eq!(
        read(4).await.expect("read").iter().map(text).collect::<Vec<_>>(),
        ["4", "5", "6", "7", "8", "9"]
    );
    assert!(is_halted(log.follow(Topic::Events, vec![(partition, Offset(3))]).await.map(drop)));
    assert!(is_halted(log.follow(Topic::Events, vec![(Partition(PARTITIONS), Offset(0))]).await.map(drop)));
    assert!(is_halted(log.read(Topic::Events, Partition(99), Offset(0), bounds(Duration::ZERO)).await));
}

/// Deleted and made again under a follower, a member and an appender: each is halted, nothing is passed off as
/// what it is not, and a log opened anew goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_was_made_again_halts_who_knew_it_before() {
    let Some(broker) = harness::shared().await else { return };
    let options = options(&broker.bootstrap);
    let log = open(options.clone()).await;
    let before = log.describe(Topic::Events).await.expect("described");
    log.append(Topic::Events, record("org/one", "before")).await.expect("appended");
    let starts: Vec<_> = (0..PARTITIONS).map(|p| (Partition(p), Offset(0))).collect();
    let mut follower = log.follow(Topic::Events, starts.clone()).await.expect("follows");
    assert_eq!(within("a record", follower.next(bounds(harness::PATIENCE))).await.expect("next").len(), 1);
    let positions = Known::at(starts);
    let mut member = log.join(Topic::Events, "group", positions).await.expect("joins");
    poll_until(member.as_mut(), |seat| seat.records.len() == 1).await;

    let admin = admin(&broker.bootstrap);
    let name = options.topic_name(Topic::Events);
    admin.delete_topics(&[&name], &AdminOptions::new()).await.expect("asked")[0].as_ref().expect("deleted");
    until("the topic is made again", async || {
        let new = NewTopic::new(&name, PARTITIONS as i32, TopicReplication::Fixed(1))
            .set("message.timestamp.type", "LogAppendTime");
        let made = admin.create_topics([&new], &AdminOptions::new()).await.expect("asked");
        made[0].is_ok().then_some(())
    })
    .await;

    until("the follower halts", async || {
        let next = follower.next(bounds(Duration::from_millis(100))).await;
        is_halted(next.inspect(|records| assert!(records.is_empty()))).then_some(())
    })
    .await;
    until("the member halts", async || {
        let poll = member.poll(bounds(Duration::from_millis(100))).await;
        is_halted(poll.inspect(|polled| assert!(polled.records.is_empty()))).then_some(())
    })
    .await;
    let after = log.describe(Topic::Events).await.expect("described");
    assert_ne!(after.id, before.id);
    assert!(is_halted(log.append(Topic::Events, record("org/one", "after")).await));
    let anew = open_without_checks(options).await;
    let appended = anew.append(Topic::Events, record("org/one", "anew")).await.expect("appended");
    assert_eq!((appended.source.topic_id, appended.source.offset), (after.id, Offset(0)));
}

async fn open_without_checks(options: log_kafka::KafkaOptions) -> std::sync::Arc<log_kafka::KafkaLog> {
    log_kafka::KafkaLog::connect(options).await.expect("connects")
}

/// Tombstones, no key, no headers, a null header, a header whose name is no text.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_another_client_writes_is_read() {
    let Some(broker) = harness::shared().await else { return };
    let options = options(&broker.bootstrap);
    let log = open(options.clone()).await;
    let other: FutureProducer =
        ClientConfig::new().set("bootstrap.servers", &broker.bootstrap).create().expect("a producer");
    let name = options.topic_name(Topic::Orgs);
    let odd = OwnedHeaders::new().insert(Header { key: "null", value: None::<&[u8]> });
    let tombstone = FutureRecord::<str, [u8]>::to(&name).key("gone").headers(odd);
    other.send(tombstone, harness::PATIENCE).await.expect("written");
    let outcomes = options.topic_name(Topic::Outcomes);
    let bare = FutureRecord::<str, [u8]>::to(&outcomes).partition(0).payload(b"bare");
    other.send(bare, harness::PATIENCE).await.expect("written");

    let found = log.read(Topic::Orgs, Partition(0), Offset(0), bounds(Duration::ZERO)).await.expect("read");
    assert_eq!((found[0].value.clone(), found[0].key.as_ref()), (None, &b"gone"[..]));
    assert_eq!(found[0].headers, [("null".to_owned(), bytes::Bytes::new())]);
    let found =
        log.read(Topic::Outcomes, Partition(0), Offset(0), bounds(Duration::ZERO)).await.expect("read");
    assert_eq!((text(&found[0]).as_str(), found[0].key.len(), found[0].headers.len()), ("bare", 0, 0));
}

/// More than librdkafka fetches ahead, in steps smaller than a fetch.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_partition_is_walked_through_without_a_gap() {
    let Some(broker) = harness::shared().await else { return };
    let log = open(options(&broker.bootstrap)).await;
    let appends = (0..300).map(|_| log.append(Topic::Audit, record("org/one", vec![3; 100_000])));
    let appended = futures::future::join_all(appends).await;
    let first = appended[0].as_ref().expect("appended").source;
    let step = domain::ports::ReadBounds { records_max: 7, bytes_max: 450_000, wait_max: Duration::ZERO };
    let mut from = first.offset;
    let mut seen = 0;
    while seen < 300 {
        let some = log.read(Topic::Audit, first.partition, from, step).await.expect("read");
        assert!((1..=4).contains(&some.len()), "{}", some.len());
        assert!(some.iter().zip(from.0..).all(|(record, at)| record.source.offset.0 == at));
        from = Offset(from.0 + some.len() as u64);
        seen += some.len();
    }
    assert_eq!(seen, 300);
}

/// A partition with much to read holds another's record up by what is fetched ahead, not by all of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_partition_holds_up_the_others_only_so_far() {
    let Some(broker) = harness::shared().await else { return };
    let log = open(options(&broker.bootstrap)).await;
    let appends = (0..400).map(|_| log.append(Topic::Outcomes, record("org/busy", vec![3; 100_000])));
    let busy = futures::future::join_all(appends).await[0].as_ref().expect("appended").source.partition;
    let keys = (0..).map(|n| format!("org/{n}"));
    let mut others = keys.filter(|key| domain::ports::partition_of(key.as_bytes(), PARTITIONS) != busy);
    let quiet = log.append(Topic::Outcomes, record(&others.next().expect("one"), "quiet")).await;
    let quiet = quiet.expect("appended").source;
    let starts = (0..PARTITIONS).map(|p| (Partition(p), Offset(0))).collect();
    let mut follower = log.follow(Topic::Outcomes, starts).await.expect("follows");
    let mut before = 0;
    loop {
        let step = domain::ports::ReadBounds { records_max: 5, ..bounds(harness::PATIENCE) };
        let some = within("records", follower.next(step)).await.expect("next");
        if some.iter().any(|record| record.source == quiet) {
            break;
        }
        before += some.len();
    }
    assert!(before < 400, "{before} records before the quiet one");
}
