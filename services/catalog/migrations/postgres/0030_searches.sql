-- A fold: searches that people keep. The record has all that is said of one.
CREATE TABLE searches (
    search TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    owner TEXT COLLATE "C" NOT NULL,
    first_index BIGINT NOT NULL,
    kept BIGINT NOT NULL,
    record TEXT COLLATE "C" NOT NULL
);
CREATE INDEX searches_by_owner ON searches (owner, first_index);
