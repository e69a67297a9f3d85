-- Folds: what two people have agreed to destroy, what is left of it, and what must not be destroyed.
CREATE TABLE destructions (
    destruction TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    first_index BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    proposed_at BIGINT NOT NULL,
    proposed_by TEXT COLLATE "C" NOT NULL,
    decided_at BIGINT,
    decided_by TEXT COLLATE "C",
    decided_index BIGINT,
    objects BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    replica BIGINT NOT NULL,
    versions_kept BIGINT NOT NULL,
    record TEXT COLLATE "C" NOT NULL
);
CREATE TABLE tombstones (
    document TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    destruction TEXT COLLATE "C" NOT NULL,
    filed BIGINT NOT NULL
);
CREATE TABLE holds (
    hold TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    first_index BIGINT NOT NULL,
    record TEXT COLLATE "C" NOT NULL
);
