-- Folds: what two people have agreed to destroy, what is left of it, and what must not be destroyed.
CREATE TABLE destructions (
    destruction TEXT NOT NULL PRIMARY KEY,
    first_index INTEGER NOT NULL,
    state TEXT NOT NULL,
    body TEXT NOT NULL,
    proposed_at INTEGER NOT NULL,
    proposed_by TEXT NOT NULL,
    decided_at INTEGER,
    decided_by TEXT,
    decided_index INTEGER,
    objects INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    replica INTEGER NOT NULL,
    versions_kept INTEGER NOT NULL,
    record TEXT NOT NULL
) STRICT;
CREATE TABLE tombstones (
    document TEXT NOT NULL PRIMARY KEY,
    destruction TEXT NOT NULL,
    filed INTEGER NOT NULL
) STRICT;
CREATE TABLE holds (
    hold TEXT NOT NULL PRIMARY KEY,
    first_index INTEGER NOT NULL,
    record TEXT NOT NULL
) STRICT;
