-- Whose page it is by its own text, to be held against whose document it is by its index.
CREATE TABLE page_identities (
    page TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    document TEXT COLLATE "C" NOT NULL,
    mrn TEXT COLLATE "C",
    mrn_digits TEXT COLLATE "C",
    name_key TEXT COLLATE "C",
    birth_date TEXT COLLATE "C",
    confidence BIGINT NOT NULL,
    dismissed_for TEXT COLLATE "C"
);
CREATE INDEX page_identities_of_document ON page_identities (document);

-- What all spellings of a number, and of a name, have in common.
ALTER TABLE documents ADD COLUMN mrn_digits TEXT COLLATE "C";
ALTER TABLE patients ADD COLUMN mrn_digits TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE patients ADD COLUMN name_key TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE patients ADD COLUMN birth_date TEXT COLLATE "C";
CREATE INDEX patients_by_digits ON patients (mrn_digits);
CREATE INDEX patients_by_name_key ON patients (name_key, birth_date);

-- The new columns come of events that were folded before: everything is folded again.
DELETE FROM documents;
DELETE FROM versions;
DELETE FROM pages;
DELETE FROM exceptions;
DELETE FROM batches;
DELETE FROM events;
DELETE FROM accounts;
DELETE FROM tokens;
DELETE FROM patients;
DELETE FROM queue;
UPDATE progress SET next = 0;
