-- The log, format 1. One table per topic, so that what guards events and audit is plain to see.
--
-- place = partition * 2^40 + offset; partition and offset are shown as columns of their own.
-- appended_at: milliseconds since 1970-01-01T00:00:00Z, never falling within a partition.
-- headers: each name and each value as u32 big-endian length and bytes, in order.

CREATE TABLE topics (
    name TEXT PRIMARY KEY,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    partitions INTEGER NOT NULL CHECK (partitions > 0)
) STRICT;
CREATE TRIGGER topics_no_update BEFORE UPDATE ON topics
BEGIN SELECT RAISE(ABORT, 'a topic never changes'); END;
CREATE TRIGGER topics_no_delete BEFORE DELETE ON topics
BEGIN SELECT RAISE(ABORT, 'a topic is never deleted'); END;

-- Where a partition begins once retention has deleted from it, and the newest time it deleted.
CREATE TABLE floors (
    topic TEXT NOT NULL REFERENCES topics (name),
    partition INTEGER NOT NULL,
    earliest INTEGER NOT NULL,
    appended_at INTEGER NOT NULL,
    PRIMARY KEY (topic, partition)
) STRICT, WITHOUT ROWID;

-- identity.events: grows at its end, and that is all it ever does.
CREATE TABLE events (
    place INTEGER PRIMARY KEY,
    appended_at INTEGER NOT NULL,
    key BLOB NOT NULL,
    headers BLOB NOT NULL,
    value BLOB NOT NULL,
    "partition" INTEGER GENERATED ALWAYS AS (place >> 40) VIRTUAL,
    "offset" INTEGER GENERATED ALWAYS AS (place & 1099511627775) VIRTUAL
) STRICT;
CREATE TRIGGER events_no_update BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'identity.events is append-only'); END;
CREATE TRIGGER events_no_delete BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'identity.events is append-only'); END;
-- Also keeps INSERT OR REPLACE out, which deletes without asking the trigger above.
CREATE TRIGGER events_at_the_end BEFORE INSERT ON events
WHEN NEW.place <> coalesce(
    (SELECT place + 1 FROM events
     WHERE place >= NEW.place >> 40 << 40 AND place < (NEW.place >> 40) + 1 << 40
     ORDER BY place DESC LIMIT 1),
    NEW.place >> 40 << 40)
BEGIN SELECT RAISE(ABORT, 'identity.events grows at its end only'); END;

-- identity.audit: the same.
CREATE TABLE audit (
    place INTEGER PRIMARY KEY,
    appended_at INTEGER NOT NULL,
    key BLOB NOT NULL,
    headers BLOB NOT NULL,
    value BLOB NOT NULL,
    "partition" INTEGER GENERATED ALWAYS AS (place >> 40) VIRTUAL,
    "offset" INTEGER GENERATED ALWAYS AS (place & 1099511627775) VIRTUAL
) STRICT;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'identity.audit is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'identity.audit is append-only'); END;
CREATE TRIGGER audit_at_the_end BEFORE INSERT ON audit
WHEN NEW.place <> coalesce(
    (SELECT place + 1 FROM audit
     WHERE place >= NEW.place >> 40 << 40 AND place < (NEW.place >> 40) + 1 << 40
     ORDER BY place DESC LIMIT 1),
    NEW.place >> 40 << 40)
BEGIN SELECT RAISE(ABORT, 'identity.audit grows at its end only'); END;

-- The other three may lose records to retention or compaction, and never change one.
CREATE TABLE outcomes (
    place INTEGER PRIMARY KEY,
    appended_at INTEGER NOT NULL,
    key BLOB NOT NULL,
    headers BLOB NOT NULL,
    value BLOB NOT NULL,
    "partition" INTEGER GENERATED ALWAYS AS (place >> 40) VIRTUAL,
    "offset" INTEGER GENERATED ALWAYS AS (place & 1099511627775) VIRTUAL
) STRICT;
CREATE TRIGGER outcomes_no_update BEFORE UPDATE ON outcomes
BEGIN SELECT RAISE(ABORT, 'a record of identity.outcomes never changes'); END;

CREATE TABLE orgs (
    place INTEGER PRIMARY KEY,
    appended_at INTEGER NOT NULL,
    key BLOB NOT NULL,
    headers BLOB NOT NULL,
    value BLOB NOT NULL,
    "partition" INTEGER GENERATED ALWAYS AS (place >> 40) VIRTUAL,
    "offset" INTEGER GENERATED ALWAYS AS (place & 1099511627775) VIRTUAL
) STRICT;
CREATE TRIGGER orgs_no_update BEFORE UPDATE ON orgs
BEGIN SELECT RAISE(ABORT, 'a record of identity.orgs never changes'); END;
-- For compaction: is there a later record of this key?
CREATE INDEX orgs_by_key ON orgs (key);

CREATE TABLE dead_letters (
    place INTEGER PRIMARY KEY,
    appended_at INTEGER NOT NULL,
    key BLOB NOT NULL,
    headers BLOB NOT NULL,
    value BLOB NOT NULL,
    "partition" INTEGER GENERATED ALWAYS AS (place >> 40) VIRTUAL,
    "offset" INTEGER GENERATED ALWAYS AS (place & 1099511627775) VIRTUAL
) STRICT;
CREATE TRIGGER dead_letters_no_update BEFORE UPDATE ON dead_letters
BEGIN SELECT RAISE(ABORT, 'a record of identity.dead-letters never changes'); END;
