-- Which page goes first, and which claim has been answered.
ALTER TABLE queue ADD COLUMN priority INTEGER NOT NULL DEFAULT 1;
ALTER TABLE queue ADD COLUMN delivering INTEGER NOT NULL DEFAULT 0;
ALTER TABLE queue ADD COLUMN trial TEXT;
DROP INDEX queue_in_order;
CREATE INDEX queue_in_order ON queue (priority, place, page);

-- Claims whose result is in the ledger, so that a result that comes again does no harm.
CREATE TABLE delivered (job TEXT NOT NULL PRIMARY KEY, at INTEGER NOT NULL) STRICT;

-- A fold: re-reading campaigns. `began` is the ledger index of the first record; `again` and `better` count pages.
CREATE TABLE campaigns (
    campaign TEXT NOT NULL PRIMARY KEY,
    began INTEGER NOT NULL,
    began_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    generation_below INTEGER,
    confidence_below INTEGER,
    batch TEXT,
    document_type TEXT,
    date_from TEXT,
    date_to TEXT,
    again INTEGER NOT NULL,
    better INTEGER NOT NULL,
    record TEXT NOT NULL
) STRICT;
CREATE INDEX pages_by_reading ON pages (generation, read_index);

-- Dry runs of campaigns; nothing of them is in the ledger. `began` and the rest as in campaigns.
CREATE TABLE trials (
    trial TEXT NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    began INTEGER NOT NULL,
    generation_below INTEGER,
    confidence_below INTEGER,
    batch TEXT,
    document_type TEXT,
    date_from TEXT,
    date_to TEXT
) STRICT;
CREATE TABLE trial_pages (trial TEXT NOT NULL, page TEXT NOT NULL, result TEXT, PRIMARY KEY (trial, page)) STRICT;
