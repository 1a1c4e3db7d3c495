-- The key store, format 2: small notes that are backed up, restored and lost together with the key rows.

CREATE TABLE note (
    name TEXT NOT NULL PRIMARY KEY,
    text TEXT NOT NULL
) STRICT, WITHOUT ROWID;
