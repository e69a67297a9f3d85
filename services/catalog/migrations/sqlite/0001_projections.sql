-- Folds of the ledger. Everything here can be thrown away and folded again.
-- Two kinds of column only: TEXT (ids, digests, codes, JSON) and INTEGER (numbers, 0/1, epoch-ms).
-- The first one or two columns of each table are its key, and its order in a dump.
-- migrations/postgres says the same; the columns' order must stay equal.

CREATE TABLE progress (one INTEGER PRIMARY KEY, next INTEGER NOT NULL) STRICT;
INSERT INTO progress (one, next) VALUES (1, 0);

CREATE TABLE documents (
    document TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    manifest TEXT NOT NULL,
    batch TEXT NOT NULL,
    source_kind TEXT NOT NULL,
    station TEXT NOT NULL,
    created INTEGER NOT NULL,
    filed INTEGER NOT NULL,
    mrn TEXT,
    encounter TEXT,
    document_type TEXT,
    date TEXT,
    pages INTEGER NOT NULL,
    sealed_index INTEGER NOT NULL
) STRICT;
CREATE INDEX documents_of_batch ON documents (batch, filed);
CREATE INDEX documents_unfiled ON documents (sealed_index) WHERE filed = 0;

CREATE TABLE versions (
    document TEXT NOT NULL,
    version INTEGER NOT NULL,
    manifest TEXT NOT NULL,
    sealed_index INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    pages INTEGER NOT NULL,
    filed INTEGER NOT NULL,
    PRIMARY KEY (document, version)
) STRICT;

CREATE TABLE pages (
    page TEXT NOT NULL PRIMARY KEY,
    document TEXT NOT NULL,
    batch TEXT NOT NULL,
    number INTEGER NOT NULL,
    image TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    dpi INTEGER NOT NULL,
    withdrawn INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    text TEXT,
    words INTEGER,
    confidence INTEGER,
    read_index INTEGER
) STRICT;
CREATE INDEX pages_of_document ON pages (document, number);
CREATE INDEX pages_of_batch ON pages (batch, withdrawn, state, read_index);
CREATE INDEX pages_in_state ON pages (withdrawn, state);

CREATE TABLE exceptions (
    document TEXT NOT NULL,
    position INTEGER NOT NULL,
    code TEXT NOT NULL,
    page INTEGER,
    PRIMARY KEY (document, position)
) STRICT;

CREATE TABLE batches (
    batch TEXT NOT NULL PRIMARY KEY,
    opened INTEGER NOT NULL,
    closed INTEGER,
    captured INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    name TEXT NOT NULL,
    station TEXT NOT NULL,
    record TEXT NOT NULL
) STRICT;
CREATE INDEX batches_newest ON batches (opened);

CREATE TABLE events (
    event_index INTEGER NOT NULL PRIMARY KEY,
    document TEXT NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    event TEXT NOT NULL
) STRICT;
CREATE INDEX events_of_document ON events (document, event_index);

CREATE TABLE accounts (
    account TEXT NOT NULL PRIMARY KEY,
    login TEXT NOT NULL,
    first_index INTEGER NOT NULL,
    record TEXT NOT NULL
) STRICT;
CREATE INDEX accounts_by_login ON accounts (login, first_index);

CREATE TABLE tokens (
    token TEXT NOT NULL PRIMARY KEY,
    secret TEXT NOT NULL,
    first_index INTEGER NOT NULL,
    record TEXT NOT NULL
) STRICT;
CREATE INDEX tokens_by_secret ON tokens (secret, first_index);

CREATE TABLE patients (
    mrn TEXT NOT NULL PRIMARY KEY,
    folded_name TEXT NOT NULL,
    record TEXT NOT NULL
) STRICT;
CREATE INDEX patients_by_name ON patients (folded_name, mrn);
