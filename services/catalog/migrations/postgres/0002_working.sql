-- What may be lost: who reads which page just now, who is logged in, small notes to oneself.

CREATE TABLE queue (
    page TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    place BIGINT NOT NULL,
    queued BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    run_at BIGINT NOT NULL,
    job TEXT COLLATE "C",
    worker TEXT COLLATE "C",
    lease_until BIGINT NOT NULL,
    reason TEXT COLLATE "C"
);
CREATE INDEX queue_in_order ON queue (place, page);
CREATE UNIQUE INDEX queue_by_job ON queue (job);

CREATE TABLE sessions (
    session TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account TEXT COLLATE "C" NOT NULL,
    created BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX sessions_of_account ON sessions (account);

CREATE TABLE settings (name TEXT COLLATE "C" NOT NULL PRIMARY KEY, value TEXT NOT NULL);
