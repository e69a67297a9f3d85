-- A fold: when catalog and index were held against the ledger, and what was otherwise.
CREATE TABLE replays (
    event_index BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    events BIGINT NOT NULL,
    pages BIGINT NOT NULL,
    found BIGINT NOT NULL
);
