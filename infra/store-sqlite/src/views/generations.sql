-- The read model, format 2: generations side by side (domain::ports::Generations).

-- Each change of the pointer adds one to its version.
ALTER TABLE pointer ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
-- The highest number a generation ever had.
ALTER TABLE pointer ADD COLUMN last INTEGER NOT NULL DEFAULT 1;
-- What stands beside the generation that answers: building, next, previous, leaving, dropping; null for nothing.
ALTER TABLE pointer ADD COLUMN beside TEXT;
ALTER TABLE pointer ADD COLUMN beside_generation INTEGER;
-- Topic id (16 bytes), then for each partition its number (4) and its offset (8), big-endian.
ALTER TABLE pointer ADD COLUMN handover BLOB;

-- What each running instance has last said; told_at is this machine's clock, only for forgetting.
CREATE TABLE acknowledgement (
    instance TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    beat INTEGER NOT NULL,
    told_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX state_quarantined ON state (generation, org, customer) WHERE quarantine_topic IS NOT NULL;
-- Who is named by a signal: its own key begins with the verification.
CREATE INDEX signal_of_customer ON signal (generation, org, customer);
