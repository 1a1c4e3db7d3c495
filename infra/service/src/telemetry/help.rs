//! What each metric of the programs means, as `/metrics` says it (`# HELP`). A metric that is missing here, and one
//! that no program writes any more, is found by `cargo xtask deploy`. Not here: the process's own figures, which
//! every Prometheus client library has by the same names (`process`).

use metrics::{describe_counter, describe_gauge, describe_histogram};

/// Totals that only grow.
const COUNTERS: &[(&str, &str)] = &[
    (
        "identity_access_index_missed_total",
        "Records of reads with API keys that the access index lacks because its store took nothing for long; the log has them.",
    ),
    (
        "identity_captures_refused_total",
        "Captures that were refused for their challenge, their signature or their time, by the error's code.",
    ),
    ("identity_console_password_hashes_total", "Passwords that were hashed to be compared, for the console."),
    (
        "identity_console_sign_ins_total",
        "Forms for signing in to the console that were answered, by outcome: signed_in, wrong, throttled, busy, form_refused.",
    ),
    ("identity_cql_errors_total", "Requests to the CQL nodes that failed for good, by kind of failure."),
    ("identity_cql_retries_total", "Requests to the CQL nodes that were sent again."),
    (
        "identity_cql_rows_written_total",
        "Rows of the read model written to the CQL nodes, counts and positions too.",
    ),
    (
        "identity_cql_warnings_total",
        "Warnings that came with answers of the CQL nodes, such as an oversized batch.",
    ),
    (
        "identity_directory_interruptions_total",
        "Times that changes of orgs and API keys could not be followed.",
    ),
    (
        "identity_directory_skipped_records_total",
        "Records of orgs and API keys that could not be read and were skipped.",
    ),
    (
        "identity_erasures_applied_total",
        "Erased customers whose keys were still there, as in a restored key store, and were destroyed.",
    ),
    ("identity_erasures_unreadable_total", "Records of erasures that could not be read."),
    ("identity_evidence_secrets_total", "Evidence secrets that were shared among signers and used."),
    (
        "identity_face_photos_total",
        "Reference photos that were taken in, by what they came to: a vector, the cause why there is none, erased.",
    ),
    (
        "identity_face_retries_total",
        "Times that photos of a partition could not be read, because a model, a store, the log or the key store failed.",
    ),
    ("identity_http_answers_stalled_total", "Connections that were closed because nobody read their answer."),
    (
        "identity_http_malformed_total",
        "Requests on the public listener that were not HTTP, by the status they were answered with.",
    ),
    (
        "identity_http_requests_total",
        "Requests answered on the public listener, by method, route and status.",
    ),
    ("identity_kafka_connects_total", "Connections that a client tried to open to a broker."),
    ("identity_kafka_disconnects_total", "Connections to a broker that ended."),
    (
        "identity_kafka_members_replaced_total",
        "Times that a member of the projector's group was put out of it and made anew.",
    ),
    ("identity_kafka_producers_replaced_total", "Times that a producer met a fatal error and was made anew."),
    ("identity_kafka_receive_errors_total", "Errors while receiving from a broker."),
    ("identity_kafka_received_bytes_total", "Bytes received from a broker."),
    ("identity_kafka_request_timeouts_total", "Requests that a broker did not answer in time."),
    ("identity_kafka_send_errors_total", "Errors while sending to a broker."),
    ("identity_kafka_send_retries_total", "Requests that were sent to a broker again."),
    ("identity_kafka_sent_bytes_total", "Bytes sent to a broker."),
    (
        "identity_log_compacted_records_total",
        "Records of compacted topics that newer ones replaced and that were removed (embedded engine).",
    ),
    (
        "identity_log_expired_records_total",
        "Records past their topic's time limit that were removed (embedded engine).",
    ),
    (
        "identity_log_lines_dropped_total",
        "Log lines that were dropped because standard error was not read in time or not writable.",
    ),
    (
        "identity_log_queue_full_total",
        "Appends that were refused because too many were waiting (embedded engine).",
    ),
    (
        "identity_outcome_stream_errors_total",
        "Times that the stream of outcomes was lost and had to be followed again.",
    ),
    ("identity_outcomes_malformed_total", "Records of outcomes that could not be read."),
    (
        "identity_projector_dead_letters_total",
        "Events that could not be applied and went to the dead letters.",
    ),
    ("identity_projector_events_total", "Events that were projected, by what they came to."),
    (
        "identity_projector_key_waits_total",
        "Times that events of a held org were asked for again while its key was still away.",
    ),
    (
        "identity_projector_retries_total",
        "Times that a batch was tried again because a store, the log or a key was not available.",
    ),
    (
        "identity_review_copies_expired_total",
        "Review copies whose keys were destroyed because nobody had decided in time.",
    ),
    (
        "identity_review_copies_kept_total",
        "Review copies whose keys could not be destroyed when their verification was decided; they go with their time.",
    ),
    (
        "identity_unreadable_rows_total",
        "Times that what is kept of a row or a customer was to be shown and did not open.",
    ),
];

/// What goes up and down.
const GAUGES: &[(&str, &str)] = &[
    (
        "identity_build_info",
        "Always 1; the labels say which version runs and from which commit it was built.",
    ),
    ("identity_directory_keys", "API keys that this instance knows."),
    ("identity_directory_orgs", "Orgs that this instance knows."),
    (
        "identity_directory_waiting_orgs",
        "Orgs that cannot be served because their id secret does not unwrap.",
    ),
    (
        "identity_fallback_recheck_oldest_age_seconds",
        "How long the oldest recheck with Dukcapil of all orgs has been open; 0 where none is.",
    ),
    ("identity_fallback_rechecks_open", "Rechecks with Dukcapil that are open, of all orgs together."),
    (
        "identity_fallback_rechecks_overdue",
        "Of those, the ones that are open longer than their org's fallback.maxAgeDays.",
    ),
    ("identity_http_in_flight_bytes", "Bytes of request bodies that are charged to the byte budget now."),
    ("identity_kafka_broker_up", "1 while a client is connected to a broker, else 0."),
    ("identity_kafka_fetched_ahead_bytes", "Bytes that a reader has fetched and not yet handed on."),
    ("identity_kafka_fetched_ahead_records", "Records that a reader has fetched and not yet handed on."),
    ("identity_kafka_group_partitions", "Partitions that this member of the projector's group has."),
    ("identity_kafka_queue_bytes", "Bytes that wait in the producer's queue."),
    ("identity_kafka_queue_bytes_max", "Bytes that the producer's queue holds at most."),
    ("identity_kafka_queue_records", "Records that wait in the producer's queue."),
    ("identity_kafka_queue_records_max", "Records that the producer's queue holds at most."),
    ("identity_kafka_requests_waiting", "Requests to a broker that are unsent or unanswered."),
    ("identity_kafka_rtt_p50_seconds", "Median round trip to a broker within the last report."),
    ("identity_kafka_rtt_p99_seconds", "99th percentile of round trips to a broker within the last report."),
    (
        "identity_kafka_throttle_max_seconds",
        "Longest time that a broker's quota held requests back within the last report.",
    ),
    (
        "identity_face_held_orgs",
        "Orgs of a partition whose reference photos wait because a key of theirs is away.",
    ),
    (
        "identity_face_lag_records",
        "Events of a partition that are in the log and whose reference photos, where they have one, were not yet read.",
    ),
    (
        "identity_face_partition_halted",
        "1 while no photo of a partition is read and an operator is waited for, else 0.",
    ),
    (
        "identity_log_group_next_offset",
        "Next offset that a group will read of a partition (embedded engine).",
    ),
    (
        "identity_projector_held_orgs",
        "Orgs of a partition whose events wait because a key of theirs is away.",
    ),
    ("identity_projector_lag_records", "Events of a partition that are in the log and not yet projected."),
    (
        "identity_projector_partition_halted",
        "1 while a partition is halted and waits for an operator, else 0.",
    ),
];

/// Distributions.
const HISTOGRAMS: &[(&str, &str)] = &[
    ("identity_cql_request_seconds", "Time of requests to the CQL nodes, by statement."),
    (
        "identity_face_photo_seconds",
        "Time from a reference photo's being handed over to be read until its vector or cause was there.",
    ),
    (
        "identity_http_request_seconds",
        "Time of requests on the public listener from head to answer, by method and route.",
    ),
    ("identity_log_append_seconds", "Time of appends until they were on disk, by topic (embedded engine)."),
    ("identity_log_group_records", "Records that one commit of the log took together (embedded engine)."),
];

/// Tells the recorder that is installed.
pub(super) fn describe() {
    for &(name, help) in COUNTERS {
        describe_counter!(name, help);
    }
    for &(name, help) in GAUGES {
        describe_gauge!(name, help);
    }
    for &(name, help) in HISTOGRAMS {
        describe_histogram!(name, help);
    }
}
