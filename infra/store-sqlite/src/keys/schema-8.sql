-- The key store, format 8: the keys of review copies, one for each verification that waits for a person. The wrapped bytes
-- lie where customers' do, so that destroying overwrites them in their place.

CREATE TABLE review_key (
    org TEXT NOT NULL,
    verification TEXT NOT NULL,
    customer TEXT NOT NULL,
    key_id TEXT NOT NULL,
    -- Both are null once the key is destroyed.
    kms_version INTEGER,
    wrapped INTEGER REFERENCES wrapped_key (id),
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (org, verification),
    CHECK ((kms_version IS NULL) = (wrapped IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX review_key_by_end ON review_key (expires_at) WHERE wrapped IS NOT NULL;

CREATE INDEX review_key_of_customer ON review_key (org, customer) WHERE wrapped IS NOT NULL;
