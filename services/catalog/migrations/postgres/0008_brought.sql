-- The words that a page brought along in its file: the blob of their ALTO.
ALTER TABLE pages ADD COLUMN brought TEXT;
