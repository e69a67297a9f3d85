-- Which page goes first, and which claim has been answered.
ALTER TABLE queue ADD COLUMN priority BIGINT NOT NULL DEFAULT 1;
ALTER TABLE queue ADD COLUMN delivering BIGINT NOT NULL DEFAULT 0;
ALTER TABLE queue ADD COLUMN trial TEXT COLLATE "C";
DROP INDEX queue_in_order;
CREATE INDEX queue_in_order ON queue (priority, place, page);

-- Claims whose result is in the ledger, so that a result that comes again does no harm.
CREATE TABLE delivered (job TEXT COLLATE "C" NOT NULL PRIMARY KEY, at BIGINT NOT NULL);

-- A fold: re-reading campaigns. `began` is the ledger index of the first record; `again` and `better` count pages.
CREATE TABLE campaigns (
    campaign TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    began BIGINT NOT NULL,
    began_at BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    generation_below BIGINT,
    confidence_below BIGINT,
    batch TEXT COLLATE "C",
    document_type TEXT COLLATE "C",
    date_from TEXT COLLATE "C",
    date_to TEXT COLLATE "C",
    again BIGINT NOT NULL,
    better BIGINT NOT NULL,
    record TEXT COLLATE "C" NOT NULL
);
CREATE INDEX pages_by_reading ON pages (generation, read_index);

-- Dry runs of campaigns; nothing of them is in the ledger. `began` and the rest as in campaigns.
CREATE TABLE trials (
    trial TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    began BIGINT NOT NULL,
    generation_below BIGINT,
    confidence_below BIGINT,
    batch TEXT COLLATE "C",
    document_type TEXT COLLATE "C",
    date_from TEXT COLLATE "C",
    date_to TEXT COLLATE "C"
);
CREATE TABLE trial_pages (trial TEXT COLLATE "C" NOT NULL, page TEXT COLLATE "C" NOT NULL, result TEXT COLLATE "C", PRIMARY KEY (trial, page));
