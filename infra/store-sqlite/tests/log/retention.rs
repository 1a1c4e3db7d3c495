//! What may leave the log and what may not; and times, which retention leans on.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::event::Offset;
use domain::ports::{EventLog as _, LogError, OffsetRange, Topic};
use domain::time::Timestamp;
use store_sqlite::{RetentionCounts, SqliteLog, SqliteLogOptions};

use super::{bounds, everything, options, record};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A log whose clock stands where the test puts it.
struct Timed {
    log: Arc<SqliteLog>,
    now: Arc<AtomicI64>,
}

impl Timed {
    fn open(dir: &Path) -> Self {
        let now = Arc::new(AtomicI64::new(0));
        let hand = Arc::clone(&now);
        let clock = Arc::new(move || Timestamp::from_millis(hand.load(Ordering::SeqCst)));
        let log = SqliteLog::open(dir, SqliteLogOptions { clock, ..options() }).expect("opens");
        Self { log, now }
    }

    async fn append_on(&self, day: i64, topic: Topic, key: &str, value: &str) -> Timestamp {
        self.now.store(day * DAY_MS, Ordering::SeqCst);
        self.log.append(topic, record(key, value)).await.expect("appended").appended_at
    }

    async fn retain_on(&self, day: i64) -> RetentionCounts {
        self.log.enforce_retention(Timestamp::from_millis(day * DAY_MS)).await.expect("retention")
    }

    /// The one partition of `org/a` in that topic.
    async fn range(&self, topic: Topic) -> OffsetRange {
        let partition = domain::ports::partition_of(b"org/a", super::PARTITIONS);
        let ranges = self.log.offsets(topic).await.expect("offsets");
        ranges.into_iter().find(|range| range.partition == partition).expect("there")
    }
}

#[tokio::test]
async fn time_does_not_fall_when_the_clock_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let timed = Timed::open(folder.path());
    let mut times = Vec::new();
    for day in [5, 3, 7] {
        times.push(timed.append_on(day, Topic::Events, "org/a", "x").await.millis() / DAY_MS);
    }
    assert_eq!(times, [5, 5, 7]);
}

#[tokio::test]
async fn outcomes_go_after_90_days_and_dead_letters_after_30() {
    let folder = tempfile::tempdir().expect("a folder");
    let timed = Timed::open(folder.path());
    for topic in Topic::ALL {
        for day in [0, 1, 2, 50, 100] {
            timed.append_on(day, topic, "org/a", &format!("{day}")).await;
        }
    }
    let done = timed.retain_on(101).await;
    // Outcomes of the days 0 to 2, dead letters of the days 0 to 50; four orgs were replaced.
    assert_eq!(done, RetentionCounts { expired: 3 + 4, compacted: 4 });
    assert_eq!(timed.retain_on(101).await, RetentionCounts::default());
    for (topic, earliest, left) in [
        (Topic::Events, 0, 5),
        (Topic::Audit, 0, 5),
        (Topic::Outcomes, 3, 2),
        (Topic::Orgs, 0, 1),
        (Topic::DeadLetters, 4, 1),
    ] {
        let range = timed.range(topic).await;
        assert_eq!((range.earliest.0, range.end.0), (earliest, 5), "{topic:?}");
        assert_eq!(everything(&timed.log, topic).await.len(), left, "{topic:?}");
    }
}

#[tokio::test]
async fn what_is_gone_is_not_passed_over_in_silence() {
    let folder = tempfile::tempdir().expect("a folder");
    let timed = Timed::open(folder.path());
    for n in 0..4 {
        timed.append_on(0, Topic::Outcomes, "org/a", &format!("{n}")).await;
    }
    timed.retain_on(91).await;
    let range = timed.range(Topic::Outcomes).await;
    assert_eq!((range.earliest.0, range.end.0), (4, 4), "the end stays when all is gone");
    let wait = bounds(Duration::ZERO);
    let below = timed.log.read(Topic::Outcomes, range.partition, Offset(3), wait).await;
    assert!(matches!(&below, Err(LogError::Halted(words)) if words.contains("is gone")), "{below:?}");
    assert_eq!(timed.log.read(Topic::Outcomes, range.partition, Offset(4), wait).await, Ok(Vec::new()));
    drop(timed);
    let timed = Timed::open(folder.path());
    // The clock of the new one stands at day 0 again; the deleted records' time still counts.
    timed.append_on(-1, Topic::Outcomes, "org/a", "next").await;
    assert_eq!(timed.range(Topic::Outcomes).await.end.0, 5, "offsets are never given twice");
}

#[tokio::test]
async fn many_expired_records_go_in_steps_while_appends_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let timed = Timed::open(folder.path());
    let appends = (0..900).map(|n| {
        let log = Arc::clone(&timed.log);
        tokio::spawn(async move { log.append(Topic::Outcomes, record(&format!("org/{n}"), "x")).await })
    });
    for append in appends.collect::<Vec<_>>() {
        append.await.expect("no panic").expect("appended");
    }
    let (done, _) = tokio::join!(timed.retain_on(91), timed.append_on(91, Topic::Outcomes, "org/a", "new"));
    assert_eq!(done.expired, 900);
    assert_eq!(everything(&timed.log, Topic::Outcomes).await.len(), 1);
}

#[tokio::test]
async fn compaction_keeps_the_latest_record_of_each_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let timed = Timed::open(folder.path());
    for (key, value) in
        [("org/a", "1"), ("org/b", "1"), ("org/a", "2"), ("org/c", "1"), ("org/a", "3"), ("org/b", "2")]
    {
        timed.append_on(0, Topic::Orgs, key, value).await;
    }
    assert_eq!(timed.retain_on(0).await.compacted, 3);
    let mut left: Vec<_> = everything(&timed.log, Topic::Orgs)
        .await
        .into_iter()
        .map(|r| (r.key, r.value.expect("a value")))
        .map(|(key, value)| format!("{}={}", String::from_utf8_lossy(&key), String::from_utf8_lossy(&value)))
        .collect();
    left.sort();
    assert_eq!(left, ["org/a=3", "org/b=2", "org/c=1"]);
    // A follower walks over the holes, to the end, and becomes current.
    let starts = timed.log.offsets(Topic::Orgs).await.expect("offsets");
    let starts = starts.into_iter().map(|range| (range.partition, range.earliest)).collect();
    let mut follower = timed.log.follow(Topic::Orgs, starts).await.expect("follows");
    assert_eq!(follower.next(bounds(Duration::ZERO)).await.expect("next").len(), 3);
    assert!(follower.current_at().is_some());
}
