UPDATE sync_link AS l
SET source_updated_at = s.sync_time
FROM sync_stage AS s
WHERE l.id = s.sync_link AND s.sync_shared AND (l.source_updated_at IS NULL OR s.sync_time > l.source_updated_at)
