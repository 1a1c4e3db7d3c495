//! What every log must do, whichever technology it stands on: the obligations that `domain::ports` writes
//! down, as tests. They assume neither an empty log nor dense offsets, use keys of their own, and bound every
//! wait by a deadline that only a broken log meets.
//!
//! An adapter's tests call [`log_contract!`](crate::log_contract) with an async function that makes a
//! [`LogSubject`].

mod append;
mod follow;
mod group;
mod read;

use std::any::Any;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::event::{Offset, Partition};
use domain::ports::{Appended, EventLog, LogError, NewRecord, ReadBounds, StoredRecord, Topic};
use futures::future::BoxFuture;

pub use self::append::{
    a_record_above_the_limit_is_refused_and_the_log_goes_on, a_record_of_nearly_four_mebibytes_is_kept,
    appends_at_once_are_all_there_exactly_once, one_callers_records_stand_in_its_order,
    the_partition_is_the_keys, topics_keep_their_identity, what_is_appended_is_read_back_as_it_was,
    what_was_confirmed_survives_reopening,
};
pub use self::follow::{
    a_busy_partition_does_not_starve_the_others, a_follower_hears_of_every_partition,
    a_follower_is_current_when_it_has_everything, a_follower_outside_the_log_is_halted,
};
pub use self::group::{
    a_halted_start_keeps_the_member_from_reading, a_member_that_is_dropped_is_replaced,
    a_start_outside_the_log_is_halted, members_share_partitions_and_take_over,
    start_positions_are_asked_first_and_respected,
};
pub use self::read::{
    a_read_at_the_end_is_empty_when_its_wait_is_over, a_read_at_the_end_is_woken_by_an_append,
    a_read_beyond_the_end_is_halted, reads_are_bounded_by_bytes_but_bring_one_record,
    reads_are_bounded_by_records,
};

/// How long anything may take before the test says that it will not happen. Nothing waits this long for
/// success.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Opens the log again after it was closed.
pub type ReopenLog = Box<dyn FnOnce() -> BoxFuture<'static, Arc<dyn EventLog>> + Send>;

/// A log to try.
pub struct LogSubject {
    /// The only reference to it, so that dropping it closes it. Nobody else writes to it.
    pub log: Arc<dyn EventLog>,
    /// How to open the same log again once it was dropped; none where it cannot be closed.
    pub reopen: Option<ReopenLog>,
    /// What must live as long as the log, such as its folder.
    pub keep: Box<dyn Any + Send>,
}

/// Makes a `#[tokio::test]` of each obligation of a log. Takes the path of an `async fn() -> LogSubject`;
/// the crate that calls it needs tokio with `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! log_contract {
    ($subject:path) => {
        $crate::log_contract!(@tests $subject;
            what_is_appended_is_read_back_as_it_was,
            a_record_of_nearly_four_mebibytes_is_kept,
            a_record_above_the_limit_is_refused_and_the_log_goes_on,
            the_partition_is_the_keys,
            one_callers_records_stand_in_its_order,
            appends_at_once_are_all_there_exactly_once,
            topics_keep_their_identity,
            what_was_confirmed_survives_reopening,
            reads_are_bounded_by_records,
            reads_are_bounded_by_bytes_but_bring_one_record,
            a_read_at_the_end_is_empty_when_its_wait_is_over,
            a_read_at_the_end_is_woken_by_an_append,
            a_read_beyond_the_end_is_halted,
            a_follower_hears_of_every_partition,
            a_busy_partition_does_not_starve_the_others,
            a_follower_is_current_when_it_has_everything,
            a_follower_outside_the_log_is_halted,
            start_positions_are_asked_first_and_respected,
            a_start_outside_the_log_is_halted,
            a_halted_start_keeps_the_member_from_reading,
            members_share_partitions_and_take_over,
            a_member_that_is_dropped_is_replaced,
        );
    };
    (@tests $subject:path; $($name:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                $crate::log_suite::within($crate::log_suite::$name($subject().await)).await;
            }
        )*
    };
}

/// Runs a test, but not for ever.
///
/// # Panics
/// When it takes longer than twice [`PATIENCE`].
pub async fn within<T>(test: impl Future<Output = T>) -> T {
    tokio::time::timeout(2 * PATIENCE, Box::pin(test)).await.expect("the test ends")
}

// ------------------------------------------------------------------------------------------ for the tests

/// Bounds wide enough for whatever a test appends, waiting so long.
fn wide(wait_max: Duration) -> ReadBounds {
    ReadBounds { records_max: 10_000, bytes_max: 64 * 1024 * 1024, wait_max }
}

/// A key nobody else uses.
fn fresh_key() -> Bytes {
    Bytes::from(format!("org_test/{:032x}", rand::random::<u128>()))
}

/// A key nobody else uses, of that partition.
fn fresh_key_of(partition: Partition, partitions: u32) -> Bytes {
    loop {
        let key = fresh_key();
        if domain::ports::partition_of(&key, partitions) == partition {
            return key;
        }
    }
}

fn record(key: &Bytes, value: impl Into<Vec<u8>>) -> NewRecord {
    let headers = vec![("ce_id".to_owned(), Bytes::from_static(b"evt_test"))];
    NewRecord { key: key.clone(), headers, value: Bytes::from(value.into()) }
}

async fn append(log: &Arc<dyn EventLog>, topic: Topic, record: NewRecord) -> Appended {
    log.append(topic, record).await.expect("appended")
}

/// The end of each partition, in their order.
async fn ends(log: &Arc<dyn EventLog>, topic: Topic) -> Vec<(Partition, Offset)> {
    let mut ranges = log.offsets(topic).await.expect("offsets");
    ranges.sort_by_key(|range| range.partition);
    ranges.into_iter().map(|range| (range.partition, range.end)).collect()
}

/// Reads on from there until `enough`.
async fn read_until(
    log: &Arc<dyn EventLog>,
    topic: Topic,
    partition: Partition,
    mut from: Offset,
    enough: impl Fn(&[StoredRecord]) -> bool,
) -> Vec<StoredRecord> {
    let began = Instant::now();
    let mut all = Vec::new();
    while !enough(&all) {
        assert!(began.elapsed() < PATIENCE, "{} records in all this time", all.len());
        let some = log.read(topic, partition, from, wide(Duration::from_secs(1))).await.expect("read");
        if let Some(last) = some.last() {
            from = Offset(last.source.offset.0 + 1);
        }
        all.extend(some);
    }
    all
}

/// The one record that was appended there.
async fn read_one(log: &Arc<dyn EventLog>, topic: Topic, appended: Appended) -> StoredRecord {
    let Appended { source, .. } = appended;
    let found = read_until(log, topic, source.partition, source.offset, |r| !r.is_empty()).await;
    found.into_iter().next().expect("at least one")
}

fn assert_halted<T: std::fmt::Debug>(result: Result<T, LogError>) {
    match result {
        Err(LogError::Halted(words)) => assert!(!words.is_empty(), "it says why"),
        other => panic!("halted, not {other:?}"),
    }
}
