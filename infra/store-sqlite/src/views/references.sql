-- The read model, format 6: face references that came by themselves. Unlike its enrolment such a row outlives an
-- erasure, so that a repetition of its event is known for one. No earlier build wrote any: there is nothing to bring
-- over.

CREATE TABLE face_reference (
    generation INTEGER NOT NULL,
    write_ts INTEGER NOT NULL,
    org TEXT NOT NULL,
    customer TEXT NOT NULL,
    id TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (generation, org, customer, id)
) STRICT;
