-- The key store, format 1. secure_delete overwrites what is freed, but not the stale copies that a B-tree
-- leaves in a page's gap when it rebuilds the page (SQLite's rebuildPage): with wrapped keys in rows that
-- move, 4 of 27,034 replaced or nulled ones were still found in the file. So they lie in a table of their own
-- whose rows never move: appended at its end, overwritten in place by bytes of the same length (none found).

CREATE TABLE key_row (
    org TEXT NOT NULL,
    customer TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'active')),
    registration_event_id TEXT NOT NULL,
    registration_fingerprint BLOB NOT NULL,
    external_id_hmac BLOB,
    PRIMARY KEY (org, customer)
) STRICT, WITHOUT ROWID;

-- `wrapped` names the wrapped key; null, with its version, once the key is destroyed.
CREATE TABLE data_key (
    org TEXT NOT NULL,
    customer TEXT NOT NULL,
    purpose TEXT NOT NULL,
    key_id TEXT NOT NULL,
    kms_version INTEGER,
    wrapped INTEGER REFERENCES wrapped_key (id),
    PRIMARY KEY (org, customer, purpose),
    CHECK ((kms_version IS NULL) = (wrapped IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE wrapped_key (
    id INTEGER NOT NULL PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;

-- A row is never deleted: the pages it would leave are merged, and merging moves rows.
CREATE TRIGGER wrapped_key_stays BEFORE DELETE ON wrapped_key BEGIN
    SELECT raise(ABORT, 'a wrapped key is overwritten, never deleted');
END;

CREATE TRIGGER wrapped_key_keeps_its_length BEFORE UPDATE ON wrapped_key
WHEN NEW.id <> OLD.id OR length(NEW.bytes) <> length(OLD.bytes) BEGIN
    SELECT raise(ABORT, 'a wrapped key is overwritten in place');
END;

CREATE TABLE external_id (
    org TEXT NOT NULL,
    hmac BLOB NOT NULL,
    customer TEXT NOT NULL,
    PRIMARY KEY (org, hmac)
) STRICT, WITHOUT ROWID;
