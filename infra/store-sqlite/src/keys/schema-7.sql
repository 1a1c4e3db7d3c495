-- The key store, format 7: the index of records of reads with API keys. A record has one row, and one for each of its
-- customers, which says no more than where the record's is.

CREATE TABLE reads (
    org TEXT NOT NULL,
    viewed_at INTEGER NOT NULL,
    log_partition INTEGER NOT NULL,
    log_offset INTEGER NOT NULL,
    topic_id BLOB NOT NULL,
    event_id TEXT NOT NULL,
    api_key TEXT NOT NULL,
    customers INTEGER NOT NULL,
    -- Where it is one.
    customer TEXT,
    PRIMARY KEY (org, viewed_at, log_partition, log_offset, topic_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX reads_of_key ON reads (org, api_key, viewed_at, log_partition, log_offset);

CREATE TABLE customer_reads (
    org TEXT NOT NULL,
    customer TEXT NOT NULL,
    viewed_at INTEGER NOT NULL,
    log_partition INTEGER NOT NULL,
    log_offset INTEGER NOT NULL,
    topic_id BLOB NOT NULL,
    PRIMARY KEY (org, customer, viewed_at, log_partition, log_offset, topic_id)
) STRICT, WITHOUT ROWID;
