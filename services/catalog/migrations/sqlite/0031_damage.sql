-- Folds: what the archive has found damaged in its buckets, and its passes over all of them.
CREATE TABLE damage (
    object TEXT NOT NULL,
    bucket TEXT NOT NULL,
    first_index INTEGER NOT NULL,
    at INTEGER NOT NULL,
    found TEXT,
    repaired INTEGER NOT NULL,
    PRIMARY KEY (object, bucket)
) STRICT;
CREATE INDEX damage_open ON damage (repaired, first_index);

CREATE TABLE scrubs (
    event_index INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    began INTEGER NOT NULL,
    events INTEGER NOT NULL,
    objects INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    damaged INTEGER NOT NULL,
    repaired INTEGER NOT NULL,
    replica INTEGER NOT NULL
) STRICT;
