-- A fold: when catalog and index were held against the ledger, and what was otherwise.
CREATE TABLE replays (
    event_index INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    events INTEGER NOT NULL,
    pages INTEGER NOT NULL,
    found INTEGER NOT NULL
) STRICT;
