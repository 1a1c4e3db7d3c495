-- The read model, format 5: of a row its key, what an index or a sum needs, and one body, whose bytes are those of
-- schemas/row-codec in the first format of each kind of row. A number is big-endian, bytes come after their length,
-- and what may be missing comes after a byte that says whether it is there (docs/decisions/0019-row-codec.md). They
-- are put together as hexadecimal digits, so that this file alone says what an older file becomes.
--
-- A table is made anew beside the old one, filled, and put in its place; its indexes come last, made in one go. The
-- counts of verifications stay as they are: no trigger runs.

DROP TRIGGER verification_came;
DROP TRIGGER verification_went;
DROP TRIGGER verification_moved;

CREATE TABLE verification_bodies (
    generation INTEGER NOT NULL,
    write_ts INTEGER NOT NULL,
    org TEXT NOT NULL,
    id TEXT NOT NULL,
    customer TEXT NOT NULL,
    log_partition INTEGER NOT NULL,
    log_offset INTEGER NOT NULL,
    method TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (generation, org, id)
) STRICT;

INSERT INTO verification_bodies
SELECT generation, write_ts, org, id, customer, log_partition, log_offset, method, status, created_at, unhex('01'
    || printf('%08X', octet_length(customer)) || hex(customer)
    || printf('%08X', octet_length(event_id)) || hex(event_id)
    || hex(topic_id) || printf('%08X%016X', log_partition, log_offset)
    || printf('%08X', octet_length(method)) || hex(method)
    || printf('%08X', octet_length(status)) || hex(status)
    || CASE WHEN score IS NULL THEN '00' ELSE printf('01%08X', score) END
    || CASE WHEN reason IS NULL THEN '00' ELSE printf('01%08X', octet_length(reason)) || hex(reason) END
    || CASE WHEN reason_category IS NULL THEN '00'
        ELSE printf('01%08X', octet_length(reason_category)) || hex(reason_category) END
    || hex(body_fingerprint)
    || CASE WHEN enrolment IS NULL THEN '00' ELSE printf('01%08X', octet_length(enrolment)) || hex(enrolment) END
    || CASE WHEN embedding_model IS NULL THEN '00'
        ELSE printf('01%08X', octet_length(embedding_model)) || hex(embedding_model) END
    || CASE WHEN tier_event IS NULL THEN '00' ELSE printf('01%08X', octet_length(tier_event)) || hex(tier_event) END
    || printf('%08X', octet_length(before_tier)) || hex(before_tier)
    || CASE WHEN before_verified_at IS NULL THEN '00' ELSE printf('01%016X', before_verified_at) END
    || CASE WHEN before_expires_at IS NULL THEN '00' ELSE printf('01%016X', before_expires_at) END
    || printf('%08X', octet_length(after_tier)) || hex(after_tier)
    || CASE WHEN after_verified_at IS NULL THEN '00' ELSE printf('01%016X', after_verified_at) END
    || CASE WHEN after_expires_at IS NULL THEN '00' ELSE printf('01%016X', after_expires_at) END
    || printf('%016X', created_at))
FROM verification;
DROP TABLE verification;
ALTER TABLE verification_bodies RENAME TO verification;

CREATE INDEX verification_of_org
    ON verification (generation, org, created_at, log_partition, log_offset);
CREATE INDEX verification_of_kind
    ON verification (generation, org, method, status, created_at, log_partition, log_offset);
-- A customer has few rows: method and status are looked at within them.
CREATE INDEX verification_of_customer
    ON verification (generation, org, customer, created_at, log_partition, log_offset, method, status);

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

CREATE TABLE enrolment_bodies (
    generation INTEGER NOT NULL,
    write_ts INTEGER NOT NULL,
    org TEXT NOT NULL,
    customer TEXT NOT NULL,
    id TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (generation, org, customer, id)
) STRICT;

INSERT INTO enrolment_bodies
SELECT generation, write_ts, org, customer, id, unhex('01'
    || printf('%08X', octet_length(verification_id)) || hex(verification_id)
    || printf('%08X', octet_length(event_id)) || hex(event_id)
    || hex(topic_id) || printf('%08X%016X', log_partition, log_offset)
    || printf('%08X', octet_length(face_source)) || hex(face_source)
    || CASE WHEN model IS NULL THEN '00' ELSE printf('01%08X', octet_length(model)) || hex(model) END
    || printf('%02X%016X', fallback_stub <> 0, created_at))
FROM enrolment;
DROP TABLE enrolment;
ALTER TABLE enrolment_bodies RENAME TO enrolment;

CREATE TABLE tier_event_bodies (
    generation INTEGER NOT NULL,
    write_ts INTEGER NOT NULL,
    org TEXT NOT NULL,
    customer TEXT NOT NULL,
    id TEXT NOT NULL,
    log_partition INTEGER NOT NULL,
    log_offset INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (generation, org, customer, id)
) STRICT;

INSERT INTO tier_event_bodies
SELECT generation, write_ts, org, customer, id, log_partition, log_offset, created_at, unhex('01'
    || printf('%08X', octet_length(id)) || hex(id)
    || hex(topic_id) || printf('%08X%016X', log_partition, log_offset)
    || printf('%08X', octet_length(from_tier)) || hex(from_tier)
    || printf('%08X', octet_length(to_tier)) || hex(to_tier)
    || printf('%08X', octet_length(reason)) || hex(reason)
    || printf('%016X', created_at))
FROM tier_event;
DROP TABLE tier_event;
ALTER TABLE tier_event_bodies RENAME TO tier_event;

CREATE INDEX tier_event_of_customer
    ON tier_event (generation, org, customer, created_at, log_partition, log_offset);

-- `waits`: parked or dead-lettered, until the customer's release.
CREATE TABLE note_bodies (
    generation INTEGER NOT NULL,
    write_ts INTEGER NOT NULL,
    org TEXT NOT NULL,
    customer TEXT NOT NULL,
    topic_id BLOB NOT NULL,
    log_partition INTEGER NOT NULL,
    log_offset INTEGER NOT NULL,
    waits INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (generation, org, customer, topic_id, log_partition, log_offset)
) STRICT;

-- An entry of a release's list has 29 bytes, which are the same in a body.
INSERT INTO note_bodies
SELECT generation, write_ts, org, customer, topic_id, log_partition, log_offset,
    disposition IN ('parked', 'dead_lettered'), unhex('01'
    || hex(topic_id) || printf('%08X%016X', log_partition, log_offset)
    || CASE WHEN event_id IS NULL THEN '00' ELSE printf('01%08X', octet_length(event_id)) || hex(event_id) END
    || CASE WHEN verification_id IS NULL THEN '00'
        ELSE printf('01%08X', octet_length(verification_id)) || hex(verification_id) END
    || CASE disposition WHEN 'applied' THEN '01' WHEN 'duplicate' THEN '02' WHEN 'conflict' THEN '03'
        WHEN 'refused' THEN '04' WHEN 'dead_lettered' THEN '05' WHEN 'parked' THEN '06'
        WHEN 'released' THEN '07' || printf('%08X', octet_length(released) / 29) || hex(released) END
    || CASE WHEN body_fingerprint IS NULL THEN '00' ELSE '01' || hex(body_fingerprint) END
    || CASE WHEN cause IS NULL THEN '00' ELSE printf('01%08X', octet_length(cause)) || hex(cause) END)
FROM note;
DROP TABLE note;
ALTER TABLE note_bodies RENAME TO note;

CREATE INDEX note_waiting ON note (generation, org, customer, log_offset) WHERE waits = 1;

CREATE TABLE state_bodies (
    generation INTEGER NOT NULL,
    write_ts INTEGER NOT NULL,
    org TEXT NOT NULL,
    customer TEXT NOT NULL,
    quarantined INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (generation, org, customer)
) STRICT;

INSERT INTO state_bodies
SELECT generation, write_ts, org, customer, quarantine_topic IS NOT NULL, unhex('01'
    || printf('%08X', log_partition)
    || hex(as_of_topic) || printf('%08X%016X', as_of_epoch, as_of_offset)
    || CASE WHEN registered_by IS NULL THEN '00' ELSE
        printf('01%08X', octet_length(registered_by)) || hex(registered_by)
        || hex(registered_topic) || printf('%08X%016X', registered_partition, registered_offset)
        || CASE WHEN full_name IS NULL THEN '00'
            ELSE printf('01%08X', octet_length(full_name)) || hex(full_name) END
        || CASE WHEN external_id IS NULL THEN '00'
            ELSE printf('01%08X', octet_length(external_id)) || hex(external_id) END
        || hex(registered_fingerprint) || printf('%016X', registered_at) END
    || printf('%02X%02X', erased, verified)
    || printf('%08X', octet_length(tier)) || hex(tier)
    || CASE WHEN last_verified_at IS NULL THEN '00' ELSE printf('01%016X', last_verified_at) END
    || CASE WHEN expires_at IS NULL THEN '00' ELSE printf('01%016X', expires_at) END
    || printf('%016X', last_created_at)
    || CASE WHEN quarantine_topic IS NULL THEN '00' ELSE
        '01' || hex(quarantine_topic) || printf('%08X%016X', quarantine_partition, quarantine_offset)
        || printf('%08X', octet_length(quarantine_cause)) || hex(quarantine_cause)
        || printf('%016X', quarantine_waiting) END)
FROM state;
DROP TABLE state;
ALTER TABLE state_bodies RENAME TO state;

CREATE INDEX state_quarantined ON state (generation, org, customer) WHERE quarantined = 1;

CREATE TABLE tally_bodies (
    generation INTEGER NOT NULL,
    write_ts INTEGER NOT NULL,
    org TEXT NOT NULL,
    span TEXT NOT NULL,
    start INTEGER NOT NULL,
    method TEXT NOT NULL,
    status TEXT NOT NULL,
    log_partition INTEGER NOT NULL,
    n INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (generation, org, span, start, method, status, log_partition)
) STRICT, WITHOUT ROWID;

INSERT INTO tally_bodies
SELECT generation, write_ts, org, span, start, method, status, log_partition, n,
    unhex('01' || hex(as_of_topic) || printf('%08X%016X', as_of_epoch, as_of_offset))
FROM tally;
DROP TABLE tally;
ALTER TABLE tally_bodies RENAME TO tally;

CREATE TABLE books_bodies (
    generation INTEGER NOT NULL,
    write_ts INTEGER NOT NULL,
    org TEXT NOT NULL,
    log_partition INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (generation, org, log_partition)
) STRICT, WITHOUT ROWID;

INSERT INTO books_bodies
SELECT generation, write_ts, org, log_partition, unhex('01'
    || printf('%016X%016X%016X%016X', read, applied, duplicate, conflict)
    || printf('%016X%016X%016X', refused, dead_lettered, parked)
    || hex(as_of_topic) || printf('%08X%016X', as_of_epoch, as_of_offset))
FROM books;
DROP TABLE books;
ALTER TABLE books_bodies RENAME TO books;

CREATE TABLE position_bodies (
    generation INTEGER NOT NULL,
    write_ts INTEGER NOT NULL,
    topic_id BLOB NOT NULL,
    log_partition INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (generation, topic_id, log_partition)
) STRICT, WITHOUT ROWID;

-- Orgs that wait were a text, "org:offset" after "org:offset". An org's id has 30 characters.
INSERT INTO position_bodies
SELECT generation, write_ts, topic_id, log_partition, unhex(CASE WHEN held IS NULL THEN '01' ELSE '02' END
    || printf('%016X', next)
    || CASE WHEN last_event_id IS NULL THEN '00'
        ELSE printf('01%08X', octet_length(last_event_id)) || hex(last_event_id) END
    || CASE WHEN held IS NULL THEN '' ELSE (
        WITH RECURSIVE one (count, bytes, rest) AS (
            SELECT 0, '', held || ' '
            UNION ALL
            SELECT count + 1,
                bytes || printf('%08X', 30) || hex(substr(rest, 1, 30))
                    || printf('%016X', CAST(substr(rest, 32, instr(rest, ' ') - 32) AS INTEGER)),
                substr(rest, instr(rest, ' ') + 1)
            FROM one WHERE rest <> ''
        )
        SELECT printf('%08X', count) || bytes FROM one WHERE rest = '') END)
FROM position;
DROP TABLE position;
ALTER TABLE position_bodies RENAME TO position;
