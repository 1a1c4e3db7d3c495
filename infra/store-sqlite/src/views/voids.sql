-- The read model, format 10: verifications that count no more. No earlier build wrote any: there is nothing to bring over.

CREATE TABLE voided (
    generation INTEGER NOT NULL,
    write_ts INTEGER NOT NULL,
    org TEXT NOT NULL,
    -- The verification.
    id TEXT NOT NULL,
    customer TEXT NOT NULL,
    log_partition INTEGER NOT NULL,
    log_offset INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (generation, org, id)
) STRICT;

CREATE INDEX voided_of_customer
    ON voided (generation, org, customer, created_at, log_partition, log_offset);
