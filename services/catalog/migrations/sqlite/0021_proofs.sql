-- Keys of capture stations, as the ledger enrols and revokes them.
CREATE TABLE stations (
    station TEXT NOT NULL PRIMARY KEY,
    first_index INTEGER NOT NULL,
    record TEXT NOT NULL
) STRICT;

-- Which event closed the batch first: a bundle has its proof.
ALTER TABLE batches ADD COLUMN closed_index INTEGER;
