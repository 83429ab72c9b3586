-- The time at the source goes back too, or a right state that is older than the wrong one would stay stale.
UPDATE sync_link AS l
SET digest = NULL, source_updated_at = (
    SELECT max(e.source_updated_at)
    FROM sync_change AS e
    WHERE e.object_id = c.object_id AND e.resource = c.resource AND e.source_id = c.source_id AND e.id < c.id
)
FROM sync_change AS c
WHERE c.batch_id = %(batch)s AND c.object_id = ANY(%(objects)s)
    AND l.resource = c.resource AND l.source_id = c.source_id AND l.object_id = c.object_id
    AND l.source_updated_at IS NOT DISTINCT FROM c.source_updated_at
