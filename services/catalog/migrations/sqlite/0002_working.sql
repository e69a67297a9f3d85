-- What may be lost: who reads which page just now, who is logged in, small notes to oneself.

CREATE TABLE queue (
    page TEXT NOT NULL PRIMARY KEY,
    place INTEGER NOT NULL,
    queued INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    run_at INTEGER NOT NULL,
    job TEXT,
    worker TEXT,
    lease_until INTEGER NOT NULL,
    reason TEXT
) STRICT;
CREATE INDEX queue_in_order ON queue (place, page);
CREATE UNIQUE INDEX queue_by_job ON queue (job);

CREATE TABLE sessions (
    session TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    created INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_of_account ON sessions (account);

CREATE TABLE settings (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT;
