-- Unchanged rows are touched too: a state between the one held and this one is stale from now on.
UPDATE {target} AS t
SET source_updated_at = coalesce(s.sync_time, t.source_updated_at), deleted_at = NULL
FROM sync_stage AS s
WHERE t.id = s.sync_link AND {within} AND (s.sync_time IS DISTINCT FROM t.source_updated_at OR t.deleted_at IS NOT NULL)
