//! Following several partitions: order, fairness, and knowing when one has everything.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::event::{Offset, Partition, Source};
use domain::ports::{EventLog, Follower, ReadBounds, StoredRecord, Topic};

use super::{LogSubject, PATIENCE, append, assert_halted, ends, fresh_key, fresh_key_of, record, wide};

/// Records appended to the busy partition of the fairness test.
const BUSY_RECORDS: usize = 60;

/// Follows until there are so many records.
async fn follow_until(follower: &mut dyn Follower, bounds: ReadBounds, count: usize) -> Vec<StoredRecord> {
    let began = Instant::now();
    let mut all = Vec::new();
    while all.len() < count {
        assert!(began.elapsed() < PATIENCE, "{} of {count} records in all this time", all.len());
        let some = follower.next(bounds).await.expect("next");
        assert!(some.len() <= bounds.records_max);
        all.extend(some);
    }
    all
}

async fn append_many(log: &Arc<dyn EventLog>, count: usize) -> Vec<Source> {
    let mut sources = Vec::new();
    for n in 0..count {
        sources.push(append(log, Topic::Outcomes, record(&fresh_key(), format!("{n}"))).await.source);
    }
    sources
}

/// What was there before and what comes while it waits, each once, in order per partition.
pub async fn a_follower_hears_of_every_partition(subject: LogSubject) {
    let LogSubject { log, .. } = &subject;
    let starts = ends(log, Topic::Outcomes).await;
    let mut expected = append_many(log, 20).await;
    let mut follower = log.follow(Topic::Outcomes, starts).await.expect("follows");
    let writer = {
        let log = Arc::clone(log);
        tokio::spawn(async move { append_many(&log, 20).await })
    };
    let found = follow_until(follower.as_mut(), wide(Duration::from_secs(1)), 40).await;
    expected.extend(writer.await.expect("no panic"));
    let mut at: HashMap<Partition, Offset> = HashMap::new();
    for source in found.iter().map(|r| r.source) {
        let last = at.insert(source.partition, source.offset);
        assert!(last.is_none_or(|last| last < source.offset), "in order per partition");
    }
    let mut sources: Vec<_> = found.iter().map(|r| r.source).collect();
    sources.sort();
    expected.sort();
    assert_eq!(sources, expected);
    assert_eq!(follower.next(wide(Duration::ZERO)).await.expect("next"), []);
}

/// A partition with much to read does not hold up another's single record.
pub async fn a_busy_partition_does_not_starve_the_others(subject: LogSubject) {
    let LogSubject { log, .. } = &subject;
    let partitions = log.describe(Topic::Outcomes).await.expect("described").partitions;
    let starts = ends(log, Topic::Outcomes).await;
    let busy = fresh_key_of(Partition(0), partitions);
    for _ in 0..BUSY_RECORDS {
        append(log, Topic::Outcomes, record(&busy, "busy")).await;
    }
    let quiet = fresh_key_of(Partition(partitions - 1), partitions);
    let wanted = append(log, Topic::Outcomes, record(&quiet, "quiet")).await.source;
    let mut follower = log.follow(Topic::Outcomes, starts).await.expect("follows");
    let bounds = ReadBounds { records_max: 2, bytes_max: usize::MAX, wait_max: Duration::from_secs(1) };
    let mut before = 0;
    loop {
        let some = follower.next(bounds).await.expect("next");
        if some.iter().any(|r| r.source == wanted) {
            break;
        }
        before += some.len();
        assert!(before <= BUSY_RECORDS);
    }
    // With one partition there is only one order; with several, not all of the busy one comes first.
    assert!(partitions == 1 || before < BUSY_RECORDS, "{before} records before the quiet one");
}

/// `current_at` is none while something was held back, there once everything was handed out, and grows
/// while nothing happens.
pub async fn a_follower_is_current_when_it_has_everything(subject: LogSubject) {
    let LogSubject { log, .. } = &subject;
    let starts = ends(log, Topic::Outcomes).await;
    append_many(log, 3).await;
    let before = Instant::now();
    let mut follower = log.follow(Topic::Outcomes, starts).await.expect("follows");
    let one = ReadBounds { records_max: 1, bytes_max: usize::MAX, wait_max: PATIENCE };
    assert_eq!(follower.current_at(), None);
    assert_eq!(follower.next(one).await.expect("next").len(), 1);
    assert_eq!(follower.current_at(), None, "two more were in the log all along");
    follow_until(follower.as_mut(), wide(Duration::from_secs(1)), 2).await;
    let mut moments = Vec::new();
    let began = Instant::now();
    while moments.len() < 3 {
        assert!(began.elapsed() < PATIENCE, "it becomes current, and stays so: {moments:?}");
        assert_eq!(follower.next(wide(Duration::from_millis(20))).await.expect("next"), []);
        let current = follower.current_at();
        if let Some(current) = current.filter(|current| moments.last().is_none_or(|last| last < current)) {
            assert!(current >= before && current <= Instant::now());
            moments.push(current);
        }
    }
}

/// The same rules as for a read; said when following begins or at the first record.
pub async fn a_follower_outside_the_log_is_halted(subject: LogSubject) {
    let LogSubject { log, .. } = &subject;
    append_many(log, 1).await;
    let mut from = ends(log, Topic::Outcomes).await;
    let last = from.len() - 1;
    from[last].1 = Offset(from[last].1.0 + 7);
    match log.follow(Topic::Outcomes, from).await {
        Ok(mut follower) => assert_halted(follower.next(wide(PATIENCE)).await),
        Err(error) => assert_halted::<()>(Err(error)),
    }
}
