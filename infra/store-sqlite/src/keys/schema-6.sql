-- The key store, format 6: the index of access records, one row for each record in `identity.audit` that says who was
-- shown personal data of whom. In the order of the list; the record's place is in the key.

CREATE TABLE access (
    org TEXT NOT NULL,
    viewed_at INTEGER NOT NULL,
    log_partition INTEGER NOT NULL,
    log_offset INTEGER NOT NULL,
    topic_id BLOB NOT NULL,
    event_id TEXT NOT NULL,
    customer TEXT NOT NULL,
    staff_user TEXT NOT NULL,
    staff_role TEXT NOT NULL,
    page TEXT NOT NULL,
    fields TEXT NOT NULL,
    PRIMARY KEY (org, viewed_at, log_partition, log_offset, topic_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX access_of_customer ON access (org, customer, viewed_at, log_partition, log_offset);

CREATE INDEX access_of_staff ON access (org, staff_user, viewed_at, log_partition, log_offset);
