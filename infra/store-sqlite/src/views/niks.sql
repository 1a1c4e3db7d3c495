-- The read model, format 9: which customers brought which NIK, each NIK as a tag under its org's key. The rows follow from
-- customers' states. No earlier build opened a NIK: a rebuild makes the rows of what such a build folded.

CREATE TABLE nik_holder (
    generation INTEGER NOT NULL,
    write_ts INTEGER NOT NULL,
    org TEXT NOT NULL,
    customer TEXT NOT NULL,
    tag BLOB NOT NULL,
    PRIMARY KEY (generation, org, customer, tag)
) STRICT;

CREATE INDEX nik_holder_of_tag ON nik_holder (generation, org, tag, customer);

-- Until when a customer's rows above were erased. It has no tag: nothing of a NIK is left in it.
CREATE TABLE nik_erasure (
    generation INTEGER NOT NULL,
    write_ts INTEGER NOT NULL,
    org TEXT NOT NULL,
    customer TEXT NOT NULL,
    PRIMARY KEY (generation, org, customer)
) STRICT;
