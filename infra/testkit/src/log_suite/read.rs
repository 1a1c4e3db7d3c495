//! Reading one partition: bounds, waiting, and positions that do not fit.

use std::sync::Arc;
use std::time::Duration;

use domain::event::{Offset, Source};
use domain::ports::{EventLog, ReadBounds, StoredRecord, Topic};

use super::{LogSubject, PATIENCE, append, assert_halted, ends, fresh_key, read_until, record, wide};

/// A wait that the test wants to see used up: short, because it is.
const SHORT: Duration = Duration::from_millis(50);

/// Appends values of those sizes under one key; answers the first one's place.
async fn append_sizes(log: &Arc<dyn EventLog>, sizes: &[usize]) -> Source {
    let key = fresh_key();
    let mut first = None;
    for size in sizes {
        let appended = append(log, Topic::Events, record(&key, vec![5; *size])).await;
        first = first.or(Some(appended.source));
    }
    let first = first.expect("at least one size");
    // What was appended can be read before the bounds are tried.
    read_until(log, Topic::Events, first.partition, first.offset, |r| r.len() >= sizes.len()).await;
    first
}

/// Walks from there in reads with these bounds until all are read; answers how many each read brought.
async fn walk(log: &Arc<dyn EventLog>, first: Source, count: usize, bounds: ReadBounds) -> Vec<usize> {
    let (mut from, mut all, mut steps) = (first.offset, Vec::<StoredRecord>::new(), Vec::new());
    while all.len() < count {
        let some = log.read(Topic::Events, first.partition, from, bounds).await.expect("read");
        let last = some.last().expect("something, within the wait");
        from = Offset(last.source.offset.0 + 1);
        steps.push(some.len());
        all.extend(some);
    }
    assert!(all.windows(2).all(|w| w[0].source.offset < w[1].source.offset), "in order, none twice");
    assert_eq!(all.len(), count);
    steps
}

/// Never more records than asked for, and none lost between two reads.
pub async fn reads_are_bounded_by_records(subject: LogSubject) {
    let LogSubject { log, .. } = &subject;
    let first = append_sizes(log, &[10; 7]).await;
    let bounds = ReadBounds { records_max: 3, bytes_max: usize::MAX, wait_max: PATIENCE };
    let steps = walk(log, first, 7, bounds).await;
    assert!(steps.iter().all(|step| *step <= 3), "{steps:?}");
}

/// Never more bytes than asked for, except for a first record that is too large: it comes alone.
pub async fn reads_are_bounded_by_bytes_but_bring_one_record(subject: LogSubject) {
    let LogSubject { log, .. } = &subject;
    let sizes = [400, 400, 5000, 400, 400, 400];
    let first = append_sizes(log, &sizes).await;
    let bounds = ReadBounds { records_max: 100, bytes_max: 1500, wait_max: PATIENCE };
    let steps = walk(log, first, sizes.len(), bounds).await;
    assert!(steps.iter().all(|step| *step <= 3), "{steps:?}");
    let found = read_until(log, Topic::Events, first.partition, first.offset, |r| r.len() >= 3).await;
    let large = found[2].source.offset;
    let alone = log.read(Topic::Events, first.partition, large, bounds).await.expect("read");
    assert_eq!(alone.len(), 1, "too large, so alone");
    assert!(alone[0].size() > bounds.bytes_max);
}

/// At the end there is nothing, which is no error.
pub async fn a_read_at_the_end_is_empty_when_its_wait_is_over(subject: LogSubject) {
    let LogSubject { log, .. } = &subject;
    append(log, Topic::Outcomes, record(&fresh_key(), "x")).await;
    for (partition, end) in ends(log, Topic::Outcomes).await {
        for wait in [Duration::ZERO, SHORT] {
            let found = log.read(Topic::Outcomes, partition, end, wide(wait)).await.expect("read");
            assert_eq!(found, []);
        }
    }
}

/// A read that waits at the end brings what is appended meanwhile, long before its wait is over.
pub async fn a_read_at_the_end_is_woken_by_an_append(subject: LogSubject) {
    let LogSubject { log, .. } = &subject;
    let key = fresh_key();
    let Source { partition, .. } = append(log, Topic::Outcomes, record(&key, "first")).await.source;
    let end = ends(log, Topic::Outcomes).await[partition.0 as usize].1;
    let reader = {
        let log = Arc::clone(log);
        // Far longer than the test's patience: only the append can end it in time.
        tokio::spawn(async move { log.read(Topic::Outcomes, partition, end, wide(10 * PATIENCE)).await })
    };
    tokio::task::yield_now().await;
    let appended = append(log, Topic::Outcomes, record(&key, "second")).await;
    let found =
        tokio::time::timeout(PATIENCE, reader).await.expect("woken").expect("no panic").expect("read");
    assert_eq!(found.iter().map(|r| r.source).collect::<Vec<_>>(), [appended.source]);
}

/// Positions that were never there, or are gone, are an operator's business.
pub async fn a_read_beyond_the_end_is_halted(subject: LogSubject) {
    let LogSubject { log, .. } = &subject;
    append(log, Topic::Events, record(&fresh_key(), "x")).await;
    for range in log.offsets(Topic::Events).await.expect("offsets") {
        assert!(range.earliest <= range.end);
        let mut bad = vec![Offset(range.end.0 + 1), Offset(range.end.0 + 1_000_000)];
        bad.extend(range.earliest.0.checked_sub(1).map(Offset));
        for from in bad {
            assert_halted(log.read(Topic::Events, range.partition, from, wide(SHORT)).await);
        }
    }
}
