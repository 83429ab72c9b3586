-- Unchanged rows are touched too: a state between the one held and this one is stale from now on.
UPDATE {identity} AS l
SET source_updated_at = coalesce(s.sync_time, l.source_updated_at), deleted_at = NULL
FROM sync_stage AS s
WHERE l.id = s.sync_link AND {within} AND (s.sync_time IS DISTINCT FROM l.source_updated_at OR l.deleted_at IS NOT NULL)
