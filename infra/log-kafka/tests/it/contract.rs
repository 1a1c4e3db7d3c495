//! The port's contract suite, against Kafka.

use std::sync::Arc;

use domain::ports::EventLog;
use futures::FutureExt as _;
use testkit::log_suite::LogSubject;

use crate::harness;

async fn subject() -> Option<LogSubject> {
    let broker = harness::shared().await?;
    let options = harness::options(&broker.bootstrap);
    let log: Arc<dyn EventLog> = harness::open(options.clone()).await;
    let reopen = move || {
        async move {
            let log: Arc<dyn EventLog> = harness::open(options).await;
            log
        }
        .boxed()
    };
    Some(LogSubject { log, reopen: Some(Box::new(reopen)), keep: Box::new(()) })
}

/// As `testkit::log_contract!` has it, but a machine without Java is no failure, and without
/// `a_busy_partition_does_not_starve_the_others`: sixty records of one partition may well be handed out before
/// a broker's answer with another's record is there. What Kafka does promise is tested in `reading`.
macro_rules! contract {
    ($($name:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(subject) = subject().await {
                    testkit::log_suite::within(testkit::log_suite::$name(subject)).await;
                }
            }
        )*
    };
}

contract! {
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
    a_follower_is_current_when_it_has_everything,
    a_follower_outside_the_log_is_halted,
    start_positions_are_asked_first_and_respected,
    a_start_outside_the_log_is_halted,
    a_halted_start_keeps_the_member_from_reading,
    members_share_partitions_and_take_over,
    a_member_that_is_dropped_is_replaced,
}
