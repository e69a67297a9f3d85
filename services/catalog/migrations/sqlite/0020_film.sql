-- Pages that are frames of microfilm: on which reel, and which frame of it.
ALTER TABLE documents ADD COLUMN reel TEXT;
ALTER TABLE pages ADD COLUMN frame INTEGER;
CREATE INDEX documents_by_reel ON documents (reel) WHERE reel IS NOT NULL;
