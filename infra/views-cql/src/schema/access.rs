//! The tables of the access index, in the key store's keyspace: a row in a table for each way to ask. Written at their
//! records' times, never changed.

/// Format 5 of the key store's tables.
pub(super) const KEYS_5: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS {keys}.access_months (org text, month bigint, PRIMARY KEY (org, month))
        WITH CLUSTERING ORDER BY (month DESC)",
    "CREATE TABLE IF NOT EXISTS {keys}.access_of_month (
        org text, month bigint,
        viewed_at bigint, log_partition int, log_offset bigint, topic_id blob,
        event_id text, customer text, staff_user text, staff_role text, page text, fields text,
        PRIMARY KEY ((org, month), viewed_at, log_partition, log_offset, topic_id))
        WITH CLUSTERING ORDER BY (viewed_at DESC, log_partition DESC, log_offset DESC, topic_id ASC)",
    "CREATE TABLE IF NOT EXISTS {keys}.access_of_staff (
        org text, staff text, month bigint,
        viewed_at bigint, log_partition int, log_offset bigint, topic_id blob,
        event_id text, customer text, staff_user text, staff_role text, page text, fields text,
        PRIMARY KEY ((org, staff, month), viewed_at, log_partition, log_offset, topic_id))
        WITH CLUSTERING ORDER BY (viewed_at DESC, log_partition DESC, log_offset DESC, topic_id ASC)",
    "CREATE TABLE IF NOT EXISTS {keys}.access_of_customer (
        org text, whose text,
        viewed_at bigint, log_partition int, log_offset bigint, topic_id blob,
        event_id text, customer text, staff_user text, staff_role text, page text, fields text,
        PRIMARY KEY ((org, whose), viewed_at, log_partition, log_offset, topic_id))
        WITH CLUSTERING ORDER BY (viewed_at DESC, log_partition DESC, log_offset DESC, topic_id ASC)",
];

/// Format 6: records of reads with API keys, in the lists of an org, a key and each customer, by day.
pub(super) const KEYS_6: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS {keys}.read_days (
        org text, list text, day bigint, PRIMARY KEY ((org, list), day))
        WITH CLUSTERING ORDER BY (day DESC)",
    "CREATE TABLE IF NOT EXISTS {keys}.reads_of_day (
        org text, list text, day bigint,
        viewed_at bigint, log_partition int, log_offset bigint, topic_id blob,
        event_id text, api_key text, customers int, customer text,
        PRIMARY KEY ((org, list, day), viewed_at, log_partition, log_offset, topic_id))
        WITH CLUSTERING ORDER BY (viewed_at DESC, log_partition DESC, log_offset DESC, topic_id ASC)",
];
