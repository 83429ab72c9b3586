CREATE INDEX ON identity_name USING gin (name gin_trgm_ops);
CREATE INDEX ON identity_name (name);
CREATE UNIQUE INDEX ON identity_name (id);
ANALYZE identity_name
