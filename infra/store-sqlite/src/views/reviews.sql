-- The read model, format 8: reviews of pending verifications. No earlier build wrote a pending row: there is nothing to
-- bring over. Where a pending verification's review stands (open, or what was decided) is a column beside its row, which no
-- write of the row touches, so that the queue is an index and its total a sum.

CREATE TABLE review (
    generation INTEGER NOT NULL,
    write_ts INTEGER NOT NULL,
    org TEXT NOT NULL,
    -- The verification.
    id TEXT NOT NULL,
    customer TEXT NOT NULL,
    log_partition INTEGER NOT NULL,
    log_offset INTEGER NOT NULL,
    to_status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (generation, org, id)
) STRICT;

CREATE INDEX review_of_customer
    ON review (generation, org, customer, created_at, log_partition, log_offset);

ALTER TABLE verification ADD COLUMN review TEXT;

-- Most rows were never pending, and are not in it.
CREATE INDEX verification_of_review ON verification
    (generation, org, review, method, created_at, log_partition, log_offset)
    WHERE review IS NOT NULL;

-- How many there are, by full hour of the verification, as verification_count has them of every row.
CREATE TABLE review_count (
    generation INTEGER NOT NULL,
    org TEXT NOT NULL,
    hour INTEGER NOT NULL,
    method TEXT NOT NULL,
    -- Empty where there is none.
    category TEXT NOT NULL,
    review TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (generation, org, hour, method, category, review)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER verification_to_review AFTER INSERT ON verification WHEN NEW.status = 'pending' BEGIN
    UPDATE verification SET review = coalesce(
        (SELECT to_status FROM review AS r
         WHERE r.generation = NEW.generation AND r.org = NEW.org AND r.id = NEW.id), 'open')
    WHERE generation = NEW.generation AND org = NEW.org AND id = NEW.id;
    INSERT INTO review_count (generation, org, hour, method, category, review, n)
    SELECT generation, org, created_at - created_at % 3600000, method, coalesce(reason_category, ''), review, 1
    FROM verification WHERE generation = NEW.generation AND org = NEW.org AND id = NEW.id
    ON CONFLICT (generation, org, hour, method, category, review) DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER verification_to_review_went AFTER DELETE ON verification WHEN OLD.review IS NOT NULL BEGIN
    UPDATE review_count SET n = n - 1
    WHERE generation = OLD.generation AND org = OLD.org
      AND hour = OLD.created_at - OLD.created_at % 3600000
      AND method = OLD.method AND category = coalesce(OLD.reason_category, '') AND review = OLD.review;
END;

CREATE TRIGGER verification_to_review_moved AFTER UPDATE OF method, status, reason_category, created_at
ON verification
WHEN (OLD.status = 'pending' OR NEW.status = 'pending')
    AND (OLD.method, OLD.status, OLD.reason_category, OLD.created_at)
        IS NOT (NEW.method, NEW.status, NEW.reason_category, NEW.created_at) BEGIN
    UPDATE review_count SET n = n - 1
    WHERE generation = OLD.generation AND org = OLD.org
      AND hour = OLD.created_at - OLD.created_at % 3600000
      AND method = OLD.method AND category = coalesce(OLD.reason_category, '') AND review = OLD.review;
    UPDATE verification SET review = CASE WHEN NEW.status = 'pending' THEN coalesce(
        (SELECT to_status FROM review AS r
         WHERE r.generation = NEW.generation AND r.org = NEW.org AND r.id = NEW.id), 'open') END
    WHERE generation = NEW.generation AND org = NEW.org AND id = NEW.id;
    INSERT INTO review_count (generation, org, hour, method, category, review, n)
    SELECT generation, org, created_at - created_at % 3600000, method, coalesce(reason_category, ''), review, 1
    FROM verification
    WHERE generation = NEW.generation AND org = NEW.org AND id = NEW.id AND review IS NOT NULL
    ON CONFLICT (generation, org, hour, method, category, review) DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER review_came AFTER INSERT ON review BEGIN
    UPDATE review_count SET n = n - 1
    WHERE (generation, org, hour, method, category, review) IN (
        SELECT generation, org, created_at - created_at % 3600000, method, coalesce(reason_category, ''), review
        FROM verification WHERE generation = NEW.generation AND org = NEW.org AND id = NEW.id);
    UPDATE verification SET review = NEW.to_status
    WHERE generation = NEW.generation AND org = NEW.org AND id = NEW.id AND status = 'pending';
    INSERT INTO review_count (generation, org, hour, method, category, review, n)
    SELECT generation, org, created_at - created_at % 3600000, method, coalesce(reason_category, ''), review, 1
    FROM verification
    WHERE generation = NEW.generation AND org = NEW.org AND id = NEW.id AND review IS NOT NULL
    ON CONFLICT (generation, org, hour, method, category, review) DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER review_moved AFTER UPDATE OF to_status ON review WHEN OLD.to_status <> NEW.to_status BEGIN
    UPDATE review_count SET n = n - 1
    WHERE (generation, org, hour, method, category, review) IN (
        SELECT generation, org, created_at - created_at % 3600000, method, coalesce(reason_category, ''), review
        FROM verification WHERE generation = NEW.generation AND org = NEW.org AND id = NEW.id);
    UPDATE verification SET review = NEW.to_status
    WHERE generation = NEW.generation AND org = NEW.org AND id = NEW.id AND status = 'pending';
    INSERT INTO review_count (generation, org, hour, method, category, review, n)
    SELECT generation, org, created_at - created_at % 3600000, method, coalesce(reason_category, ''), review, 1
    FROM verification
    WHERE generation = NEW.generation AND org = NEW.org AND id = NEW.id AND review IS NOT NULL
    ON CONFLICT (generation, org, hour, method, category, review) DO UPDATE SET n = n + 1;
END;
