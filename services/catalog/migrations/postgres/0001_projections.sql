-- Folds of the ledger. Everything here can be thrown away and folded again.
-- Two kinds of column only: TEXT (ids, digests, codes, JSON) and BIGINT (numbers, 0/1, epoch-ms); TEXT orders by bytes ("C"), as in SQLite.
-- The first one or two columns of each table are its key, and its order in a dump.
-- migrations/sqlite says the same; the columns' order must stay equal.

CREATE TABLE progress (one BIGINT PRIMARY KEY, next BIGINT NOT NULL);
INSERT INTO progress (one, next) VALUES (1, 0);

CREATE TABLE documents (
    document TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    manifest TEXT COLLATE "C" NOT NULL,
    batch TEXT COLLATE "C" NOT NULL,
    source_kind TEXT COLLATE "C" NOT NULL,
    station TEXT COLLATE "C" NOT NULL,
    created BIGINT NOT NULL,
    filed BIGINT NOT NULL,
    mrn TEXT COLLATE "C",
    encounter TEXT COLLATE "C",
    document_type TEXT COLLATE "C",
    date TEXT COLLATE "C",
    pages BIGINT NOT NULL,
    sealed_index BIGINT NOT NULL
);
CREATE INDEX documents_of_batch ON documents (batch, filed);
CREATE INDEX documents_unfiled ON documents (sealed_index) WHERE filed = 0;

CREATE TABLE versions (
    document TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    manifest TEXT COLLATE "C" NOT NULL,
    sealed_index BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    pages BIGINT NOT NULL,
    filed BIGINT NOT NULL,
    PRIMARY KEY (document, version)
);

CREATE TABLE pages (
    page TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    document TEXT COLLATE "C" NOT NULL,
    batch TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    image TEXT COLLATE "C" NOT NULL,
    media_type TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    dpi BIGINT NOT NULL,
    withdrawn BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C",
    text TEXT COLLATE "C",
    words BIGINT,
    confidence BIGINT,
    read_index BIGINT
);
CREATE INDEX pages_of_document ON pages (document, number);
CREATE INDEX pages_of_batch ON pages (batch, withdrawn, state, read_index);
CREATE INDEX pages_in_state ON pages (withdrawn, state);

CREATE TABLE exceptions (
    document TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    page BIGINT,
    PRIMARY KEY (document, position)
);

CREATE TABLE batches (
    batch TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    opened BIGINT NOT NULL,
    closed BIGINT,
    captured BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    station TEXT COLLATE "C" NOT NULL,
    record TEXT COLLATE "C" NOT NULL
);
CREATE INDEX batches_newest ON batches (opened);

CREATE TABLE events (
    event_index BIGINT NOT NULL PRIMARY KEY,
    document TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    event TEXT COLLATE "C" NOT NULL
);
CREATE INDEX events_of_document ON events (document, event_index);

CREATE TABLE accounts (
    account TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    login TEXT COLLATE "C" NOT NULL,
    first_index BIGINT NOT NULL,
    record TEXT COLLATE "C" NOT NULL
);
CREATE INDEX accounts_by_login ON accounts (login, first_index);

CREATE TABLE tokens (
    token TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    secret TEXT COLLATE "C" NOT NULL,
    first_index BIGINT NOT NULL,
    record TEXT COLLATE "C" NOT NULL
);
CREATE INDEX tokens_by_secret ON tokens (secret, first_index);

CREATE TABLE patients (
    mrn TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    folded_name TEXT COLLATE "C" NOT NULL,
    record TEXT COLLATE "C" NOT NULL
);
CREATE INDEX patients_by_name ON patients (folded_name, mrn);
