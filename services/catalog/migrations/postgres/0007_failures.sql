-- How often a page itself was why it could not be read; `attempts` counts its claims, also those that ended from outside.
ALTER TABLE queue ADD COLUMN failures BIGINT NOT NULL DEFAULT 0;
