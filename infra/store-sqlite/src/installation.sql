-- Which installation the file belongs to. The same table in the log, the read model and the key store, so that a
-- file of another installation is told apart before anything is read from it or written to it. `stage` is the log's
-- word on whether all parts are there: 'making' and 'adopting' until each of them has the id, then 'whole'.

CREATE TABLE installation (
    only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    id BLOB NOT NULL CHECK (length(id) = 16),
    stage TEXT NOT NULL CHECK (stage IN ('making', 'adopting', 'whole'))
) STRICT;
