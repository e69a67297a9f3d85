-- A fold: searches that people keep. The record has all that is said of one.
CREATE TABLE searches (
    search TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    first_index INTEGER NOT NULL,
    kept INTEGER NOT NULL,
    record TEXT NOT NULL
) STRICT;
CREATE INDEX searches_by_owner ON searches (owner, first_index);
