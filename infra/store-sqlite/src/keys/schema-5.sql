-- The key store, format 5: staff of the console and their sessions. A session is found by the SHA-256 of its token.

CREATE TABLE staff_account (
    user TEXT NOT NULL PRIMARY KEY,
    org TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    disabled INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE staff_session (
    digest BLOB NOT NULL PRIMARY KEY,
    user TEXT NOT NULL,
    account_version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX staff_session_of_user ON staff_session (user);

CREATE INDEX staff_session_by_end ON staff_session (expires_at);
