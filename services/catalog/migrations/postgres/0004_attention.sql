-- The list of pages that need a person, in its order: those that could not be read, then the longest waiting.
CREATE INDEX pages_needing_a_person ON pages (COALESCE(read_index, -1), document, number)
    WHERE withdrawn = 0 AND (state = 'unreadable' OR attention IS NOT NULL);
