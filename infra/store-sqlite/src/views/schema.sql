-- The read model, format 1. Every row has the generation it belongs to and the timestamp it was written
-- with: a write with a lower one has no effect. Words are those of the API; times are milliseconds since
-- 1970; `topic_id`, `log_partition` and `log_offset` say where the causing event stands.

CREATE TABLE epoch (
    topic_id BLOB NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;

-- One row once a rebuild has been switched to; without it, generation 1 answers.
CREATE TABLE pointer (
    only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    generation INTEGER NOT NULL
) STRICT;

CREATE TABLE verification (
    generation INTEGER NOT NULL,
    write_ts INTEGER NOT NULL,
    org TEXT NOT NULL,
    id TEXT NOT NULL,
    customer TEXT NOT NULL,
    event_id TEXT NOT NULL,
    topic_id BLOB NOT NULL,
    log_partition INTEGER NOT NULL,
    log_offset INTEGER NOT NULL,
    method TEXT NOT NULL,
    status TEXT NOT NULL,
    score INTEGER,
    reason BLOB,
    reason_category TEXT,
    body_fingerprint BLOB NOT NULL,
    enrolment TEXT,
    embedding_model TEXT,
    tier_event TEXT,
    before_tier TEXT NOT NULL,
    before_verified_at INTEGER,
    before_expires_at INTEGER,
    after_tier TEXT NOT NULL,
    after_verified_at INTEGER,
    after_expires_at INTEGER,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (generation, org, id)
) STRICT;

CREATE INDEX verification_of_org
    ON verification (generation, org, created_at, log_partition, log_offset);
CREATE INDEX verification_of_kind
    ON verification (generation, org, method, status, created_at, log_partition, log_offset);
-- A customer has few rows: method and status are looked at within them.
CREATE INDEX verification_of_customer
    ON verification (generation, org, customer, created_at, log_partition, log_offset, method, status);

-- How many verifications there are, per full hour: totals of a list without counting its rows. Kept by the
-- triggers below, so that it is exact in every transaction.
CREATE TABLE verification_count (
    generation INTEGER NOT NULL,
    org TEXT NOT NULL,
    hour INTEGER NOT NULL,
    method TEXT NOT NULL,
    status TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (generation, org, hour, method, status)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER verification_came AFTER INSERT ON verification BEGIN
    INSERT INTO verification_count (generation, org, hour, method, status, n)
    VALUES (NEW.generation, NEW.org, NEW.created_at - NEW.created_at % 3600000, NEW.method, NEW.status, 1)
    ON CONFLICT (generation, org, hour, method, status) DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER verification_went AFTER DELETE ON verification BEGIN
    UPDATE verification_count SET n = n - 1
    WHERE generation = OLD.generation AND org = OLD.org
      AND hour = OLD.created_at - OLD.created_at % 3600000
      AND method = OLD.method AND status = OLD.status;
END;

CREATE TRIGGER verification_moved AFTER UPDATE OF method, status, created_at ON verification
WHEN (OLD.method, OLD.status, OLD.created_at) IS NOT (NEW.method, NEW.status, NEW.created_at) BEGIN
    UPDATE verification_count SET n = n - 1
    WHERE generation = OLD.generation AND org = OLD.org
      AND hour = OLD.created_at - OLD.created_at % 3600000
      AND method = OLD.method AND status = OLD.status;
    INSERT INTO verification_count (generation, org, hour, method, status, n)
    VALUES (NEW.generation, NEW.org, NEW.created_at - NEW.created_at % 3600000, NEW.method, NEW.status, 1)
    ON CONFLICT (generation, org, hour, method, status) DO UPDATE SET n = n + 1;
END;

CREATE TABLE enrolment (
    generation INTEGER NOT NULL,
    write_ts INTEGER NOT NULL,
    org TEXT NOT NULL,
    customer TEXT NOT NULL,
    id TEXT NOT NULL,
    verification_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    topic_id BLOB NOT NULL,
    log_partition INTEGER NOT NULL,
    log_offset INTEGER NOT NULL,
    face_source TEXT NOT NULL,
    model TEXT,
    fallback_stub INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (generation, org, customer, id)
) STRICT;

-- The tombstone of a customer's enrolments: those written at or before it are gone and stay gone.
CREATE TABLE enrolment_erasure (
    generation INTEGER NOT NULL,
    write_ts INTEGER NOT NULL,
    org TEXT NOT NULL,
    customer TEXT NOT NULL,
    PRIMARY KEY (generation, org, customer)
) STRICT, WITHOUT ROWID;

CREATE TABLE tier_event (
    generation INTEGER NOT NULL,
    write_ts INTEGER NOT NULL,
    org TEXT NOT NULL,
    customer TEXT NOT NULL,
    id TEXT NOT NULL,
    topic_id BLOB NOT NULL,
    log_partition INTEGER NOT NULL,
    log_offset INTEGER NOT NULL,
    from_tier TEXT NOT NULL,
    to_tier TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (generation, org, customer, id)
) STRICT;

CREATE INDEX tier_event_of_customer
    ON tier_event (generation, org, customer, created_at, log_partition, log_offset);

CREATE TABLE signal (
    generation INTEGER NOT NULL,
    write_ts INTEGER NOT NULL,
    org TEXT NOT NULL,
    customer TEXT NOT NULL,
    verification_id TEXT NOT NULL,
    topic_id BLOB NOT NULL,
    log_partition INTEGER NOT NULL,
    log_offset INTEGER NOT NULL,
    kind TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (generation, org, verification_id, topic_id, log_partition, log_offset, kind)
) STRICT;

CREATE INDEX signal_of_verification
    ON signal (generation, org, verification_id, created_at, log_partition, log_offset);

CREATE TABLE note (
    generation INTEGER NOT NULL,
    write_ts INTEGER NOT NULL,
    org TEXT NOT NULL,
    customer TEXT NOT NULL,
    topic_id BLOB NOT NULL,
    log_partition INTEGER NOT NULL,
    log_offset INTEGER NOT NULL,
    event_id TEXT,
    verification_id TEXT,
    disposition TEXT NOT NULL,
    released BLOB,
    body_fingerprint BLOB,
    cause TEXT,
    PRIMARY KEY (generation, org, customer, topic_id, log_partition, log_offset)
) STRICT;

CREATE INDEX note_waiting ON note (generation, org, customer, log_offset)
    WHERE disposition IN ('parked', 'dead_lettered');

CREATE TABLE state (
    generation INTEGER NOT NULL,
    write_ts INTEGER NOT NULL,
    org TEXT NOT NULL,
    customer TEXT NOT NULL,
    log_partition INTEGER NOT NULL,
    as_of_topic BLOB NOT NULL,
    as_of_epoch INTEGER NOT NULL,
    as_of_offset INTEGER NOT NULL,
    erased INTEGER NOT NULL,
    verified INTEGER NOT NULL,
    tier TEXT NOT NULL,
    last_verified_at INTEGER,
    expires_at INTEGER,
    last_created_at INTEGER NOT NULL,
    -- The registration: all null until it is known, but the two envelopes, which an erasure nulls.
    registered_by TEXT,
    registered_topic BLOB,
    registered_partition INTEGER,
    registered_offset INTEGER,
    full_name BLOB,
    external_id BLOB,
    registered_fingerprint BLOB,
    registered_at INTEGER,
    -- The quarantine: all null while there is none.
    quarantine_topic BLOB,
    quarantine_partition INTEGER,
    quarantine_offset INTEGER,
    quarantine_cause TEXT,
    quarantine_waiting INTEGER,
    PRIMARY KEY (generation, org, customer)
) STRICT;

CREATE TABLE tally (
    generation INTEGER NOT NULL,
    write_ts INTEGER NOT NULL,
    org TEXT NOT NULL,
    span TEXT NOT NULL,
    start INTEGER NOT NULL,
    method TEXT NOT NULL,
    status TEXT NOT NULL,
    log_partition INTEGER NOT NULL,
    n INTEGER NOT NULL,
    as_of_topic BLOB NOT NULL,
    as_of_epoch INTEGER NOT NULL,
    as_of_offset INTEGER NOT NULL,
    PRIMARY KEY (generation, org, span, start, method, status, log_partition)
) STRICT, WITHOUT ROWID;

CREATE TABLE books (
    generation INTEGER NOT NULL,
    write_ts INTEGER NOT NULL,
    org TEXT NOT NULL,
    log_partition INTEGER NOT NULL,
    read INTEGER NOT NULL,
    applied INTEGER NOT NULL,
    duplicate INTEGER NOT NULL,
    conflict INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    dead_lettered INTEGER NOT NULL,
    parked INTEGER NOT NULL,
    as_of_topic BLOB NOT NULL,
    as_of_epoch INTEGER NOT NULL,
    as_of_offset INTEGER NOT NULL,
    PRIMARY KEY (generation, org, log_partition)
) STRICT, WITHOUT ROWID;

CREATE TABLE position (
    generation INTEGER NOT NULL,
    write_ts INTEGER NOT NULL,
    topic_id BLOB NOT NULL,
    log_partition INTEGER NOT NULL,
    next INTEGER NOT NULL,
    last_event_id TEXT,
    PRIMARY KEY (generation, topic_id, log_partition)
) STRICT, WITHOUT ROWID;
