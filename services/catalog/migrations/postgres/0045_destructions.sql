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

-- Which pages a campaign has read again: counted by itself, a page that is destroyed is no longer among them.
CREATE TABLE campaign_pages (
    campaign TEXT COLLATE "C" NOT NULL,
    page TEXT COLLATE "C" NOT NULL,
    better BIGINT NOT NULL,
    PRIMARY KEY (campaign, page)
);
ALTER TABLE campaigns DROP COLUMN again;
ALTER TABLE campaigns DROP COLUMN better;

-- It comes of events that were folded before: everything is folded again.
DELETE FROM documents;
DELETE FROM versions;
DELETE FROM pages;
DELETE FROM page_identities;
DELETE FROM exceptions;
DELETE FROM batches;
DELETE FROM events;
DELETE FROM accounts;
DELETE FROM tokens;
DELETE FROM stations;
DELETE FROM campaigns;
DELETE FROM searches;
DELETE FROM reels;
DELETE FROM patients;
DELETE FROM damage;
DELETE FROM scrubs;
DELETE FROM replays;
DELETE FROM queue;
UPDATE progress SET next = 0;
