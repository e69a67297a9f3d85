-- The department that a document comes from. No index fields sealed before this could name one, so nothing is folded again.
ALTER TABLE documents ADD COLUMN department TEXT;
