-- Face vectors, format 1: what the second projection makes of reference photos. Bodies are the row codec's; what is
-- personal in them is sealed.

-- One row for each photo and model; the timestamp is that of the event that carries the photo.
CREATE TABLE face_vector (
    org TEXT NOT NULL,
    customer TEXT NOT NULL,
    write_ts INTEGER NOT NULL,
    model TEXT NOT NULL,
    model_sha256 BLOB NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (org, customer, write_ts, model, model_sha256)
) STRICT, WITHOUT ROWID;

-- Up to which timestamp a customer's rows are gone for good.
CREATE TABLE face_erasure (
    org TEXT NOT NULL,
    customer TEXT NOT NULL,
    write_ts INTEGER NOT NULL,
    PRIMARY KEY (org, customer)
) STRICT, WITHOUT ROWID;

-- How far the projection with each model is.
CREATE TABLE face_position (
    model TEXT NOT NULL,
    model_sha256 BLOB NOT NULL,
    topic_id BLOB NOT NULL,
    log_partition INTEGER NOT NULL,
    write_ts INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (model, model_sha256, topic_id, log_partition)
) STRICT, WITHOUT ROWID;
