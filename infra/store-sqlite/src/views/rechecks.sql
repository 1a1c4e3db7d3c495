-- The read model, format 9: rechecks, the failures because of which they are due, and who closed one. No earlier build
-- wrote any: there is nothing to bring over.

CREATE TABLE recheck (
    generation INTEGER NOT NULL,
    write_ts INTEGER NOT NULL,
    org TEXT NOT NULL,
    id TEXT NOT NULL,
    customer TEXT NOT NULL,
    status TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    -- Where the event stands that opened it.
    log_partition INTEGER NOT NULL,
    log_offset INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (generation, org, id)
) STRICT;

CREATE INDEX recheck_of_org ON recheck (generation, org, opened_at, log_partition, log_offset);
CREATE INDEX recheck_of_status ON recheck (generation, org, status, opened_at, log_partition, log_offset);
CREATE INDEX recheck_of_customer ON recheck (generation, org, customer, opened_at, log_partition, log_offset);

-- How many there are of a status, by the day, UTC, on which they were opened: a list of all statuses sums
-- up five a day.
CREATE TABLE recheck_count (
    generation INTEGER NOT NULL,
    org TEXT NOT NULL,
    status TEXT NOT NULL,
    day INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (generation, org, status, day)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER recheck_came AFTER INSERT ON recheck BEGIN
    INSERT INTO recheck_count (generation, org, status, day, n)
    VALUES (NEW.generation, NEW.org, NEW.status, NEW.opened_at - NEW.opened_at % 86400000, 1)
    ON CONFLICT (generation, org, status, day) DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER recheck_went AFTER DELETE ON recheck BEGIN
    UPDATE recheck_count SET n = n - 1
    WHERE generation = OLD.generation AND org = OLD.org AND status = OLD.status
      AND day = OLD.opened_at - OLD.opened_at % 86400000;
END;

CREATE TRIGGER recheck_moved AFTER UPDATE OF status, opened_at ON recheck
WHEN (OLD.status, OLD.opened_at) IS NOT (NEW.status, NEW.opened_at) BEGIN
    UPDATE recheck_count SET n = n - 1
    WHERE generation = OLD.generation AND org = OLD.org AND status = OLD.status
      AND day = OLD.opened_at - OLD.opened_at % 86400000;
    INSERT INTO recheck_count (generation, org, status, day, n)
    VALUES (NEW.generation, NEW.org, NEW.status, NEW.opened_at - NEW.opened_at % 86400000, 1)
    ON CONFLICT (generation, org, status, day) DO UPDATE SET n = n + 1;
END;

CREATE TABLE fallback (
    generation INTEGER NOT NULL,
    write_ts INTEGER NOT NULL,
    org TEXT NOT NULL,
    id TEXT NOT NULL,
    customer TEXT NOT NULL,
    attempted_at INTEGER NOT NULL,
    log_partition INTEGER NOT NULL,
    log_offset INTEGER NOT NULL,
    cause TEXT NOT NULL,
    -- The recheck that it opened.
    opens TEXT,
    body BLOB NOT NULL,
    PRIMARY KEY (generation, org, id)
) STRICT;

CREATE INDEX fallback_of_org ON fallback (generation, org, attempted_at, log_partition, log_offset);
CREATE INDEX fallback_of_customer ON fallback (generation, org, customer);

CREATE TABLE recheck_closure (
    generation INTEGER NOT NULL,
    write_ts INTEGER NOT NULL,
    org TEXT NOT NULL,
    -- The recheck.
    id TEXT NOT NULL,
    customer TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (generation, org, id)
) STRICT;

CREATE INDEX recheck_closure_of_customer ON recheck_closure (generation, org, customer);
