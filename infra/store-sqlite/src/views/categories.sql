-- The read model, format 7: lists and totals by the category of a reason. A row's category stands in its body and now in
-- a column too; how many there are of it stands beside the counts that there were.

DROP TRIGGER verification_came;
DROP TRIGGER verification_went;
DROP TRIGGER verification_moved;

-- In a body (docs/decisions/0019-row-codec.md) the category comes after: a byte; customer and event id (of 30 characters),
-- each after four bytes of length; where the event stands (28 bytes); method and status likewise; the score, four bytes
-- after one that says whether it is there; the reason, after such a byte and four of length. `at` counts from one.
ALTER TABLE verification ADD COLUMN reason_category TEXT;

UPDATE verification SET reason_category = (
    WITH score (at) AS (
        SELECT 76 + octet_length(customer) + octet_length(method) + octet_length(status)
    ),
    reason (at) AS (
        SELECT at + 1 + 4 * (hex(substr(body, at, 1)) = '01') FROM score
    ),
    sealed (at, is_there, length) AS (
        SELECT at, hex(substr(body, at, 1)) = '01', hex(substr(body, at + 1, 4)) FROM reason
    ),
    category (at) AS (
        SELECT at + 1 + is_there * (4
            + ((instr('0123456789ABCDEF', substr(length, 1, 1)) - 1) << 28)
            + ((instr('0123456789ABCDEF', substr(length, 2, 1)) - 1) << 24)
            + ((instr('0123456789ABCDEF', substr(length, 3, 1)) - 1) << 20)
            + ((instr('0123456789ABCDEF', substr(length, 4, 1)) - 1) << 16)
            + ((instr('0123456789ABCDEF', substr(length, 5, 1)) - 1) << 12)
            + ((instr('0123456789ABCDEF', substr(length, 6, 1)) - 1) << 8)
            + ((instr('0123456789ABCDEF', substr(length, 7, 1)) - 1) << 4)
            + ((instr('0123456789ABCDEF', substr(length, 8, 1)) - 1)))
        FROM sealed
    )
    -- A category's word is shorter than 256 bytes.
    SELECT CASE hex(substr(body, at, 1)) WHEN '01' THEN CAST(substr(body, at + 5,
        ((instr('0123456789ABCDEF', substr(hex(substr(body, at + 4, 1)), 1, 1)) - 1) << 4)
        + ((instr('0123456789ABCDEF', substr(hex(substr(body, at + 4, 1)), 2, 1)) - 1))) AS TEXT) END
    FROM category
);

-- Most rows have none, and are not in it.
CREATE INDEX verification_of_category ON verification
    (generation, org, reason_category, method, status, created_at, log_partition, log_offset)
    WHERE reason_category IS NOT NULL;

CREATE TABLE verification_count_of_category (
    generation INTEGER NOT NULL,
    org TEXT NOT NULL,
    hour INTEGER NOT NULL,
    method TEXT NOT NULL,
    status TEXT NOT NULL,
    -- Empty where there is none.
    category TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (generation, org, hour, method, status, category)
) STRICT, WITHOUT ROWID;

INSERT INTO verification_count_of_category
SELECT generation, org, created_at - created_at % 3600000, method, status, coalesce(reason_category, ''), count(*)
FROM verification GROUP BY 1, 2, 3, 4, 5, 6;
DROP TABLE verification_count;
ALTER TABLE verification_count_of_category RENAME TO verification_count;

CREATE TRIGGER verification_came AFTER INSERT ON verification BEGIN
    INSERT INTO verification_count (generation, org, hour, method, status, category, n)
    VALUES (NEW.generation, NEW.org, NEW.created_at - NEW.created_at % 3600000, NEW.method, NEW.status,
        coalesce(NEW.reason_category, ''), 1)
    ON CONFLICT (generation, org, hour, method, status, category) DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER verification_went AFTER DELETE ON verification BEGIN
    UPDATE verification_count SET n = n - 1
    WHERE generation = OLD.generation AND org = OLD.org
      AND hour = OLD.created_at - OLD.created_at % 3600000
      AND method = OLD.method AND status = OLD.status AND category = coalesce(OLD.reason_category, '');
END;

CREATE TRIGGER verification_moved AFTER UPDATE OF method, status, reason_category, created_at ON verification
WHEN (OLD.method, OLD.status, OLD.reason_category, OLD.created_at)
    IS NOT (NEW.method, NEW.status, NEW.reason_category, NEW.created_at) BEGIN
    UPDATE verification_count SET n = n - 1
    WHERE generation = OLD.generation AND org = OLD.org
      AND hour = OLD.created_at - OLD.created_at % 3600000
      AND method = OLD.method AND status = OLD.status AND category = coalesce(OLD.reason_category, '');
    INSERT INTO verification_count (generation, org, hour, method, status, category, n)
    VALUES (NEW.generation, NEW.org, NEW.created_at - NEW.created_at % 3600000, NEW.method, NEW.status,
        coalesce(NEW.reason_category, ''), 1)
    ON CONFLICT (generation, org, hour, method, status, category) DO UPDATE SET n = n + 1;
END;

-- Tallies: what was counted so far is of every category. The projector counts each of them from now on, which of a
-- generation that has rows already is not from the first one on: named here, so that nobody compares them.
CREATE TABLE tally_of_category (
    generation INTEGER NOT NULL,
    write_ts INTEGER NOT NULL,
    org TEXT NOT NULL,
    span TEXT NOT NULL,
    start INTEGER NOT NULL,
    method TEXT NOT NULL,
    status TEXT NOT NULL,
    -- Empty where rows of every category are counted.
    category TEXT NOT NULL,
    log_partition INTEGER NOT NULL,
    n INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (generation, org, span, start, method, status, category, log_partition)
) STRICT, WITHOUT ROWID;

INSERT INTO tally_of_category
SELECT generation, write_ts, org, span, start, method, status, '', log_partition, n, body FROM tally;
DROP TABLE tally;
ALTER TABLE tally_of_category RENAME TO tally;

CREATE TABLE tallies_without_categories (generation INTEGER NOT NULL PRIMARY KEY) STRICT;
INSERT INTO tallies_without_categories SELECT generation FROM tally UNION SELECT generation FROM position;
