-- How well a page was read: why a person should look at it, by which generation of the reader, and whether a person has.
ALTER TABLE pages ADD COLUMN attention TEXT COLLATE "C";
ALTER TABLE pages ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;
ALTER TABLE pages ADD COLUMN corrected BIGINT NOT NULL DEFAULT 0;
CREATE INDEX pages_with_attention ON pages (read_index) WHERE attention IS NOT NULL AND withdrawn = 0;
