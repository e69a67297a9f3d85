-- Folds: what the archive has found damaged in its buckets, and its passes over all of them.
CREATE TABLE damage (
    object TEXT COLLATE "C" NOT NULL,
    bucket TEXT COLLATE "C" NOT NULL,
    first_index BIGINT NOT NULL,
    at BIGINT NOT NULL,
    found TEXT COLLATE "C",
    repaired BIGINT NOT NULL,
    PRIMARY KEY (object, bucket)
);
CREATE INDEX damage_open ON damage (repaired, first_index);

CREATE TABLE scrubs (
    event_index BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    began BIGINT NOT NULL,
    events BIGINT NOT NULL,
    objects BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    damaged BIGINT NOT NULL,
    repaired BIGINT NOT NULL,
    replica BIGINT NOT NULL
);
