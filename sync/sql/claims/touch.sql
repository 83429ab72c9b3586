-- What the record was before is kept for a batch that is taken back.
WITH noted AS (
    INSERT INTO sync_claimbefore (batch_id, link_id, field, was_there, source_updated_at, deleted_at)
    SELECT %(batch)s, l.id, '', TRUE, l.source_updated_at, l.deleted_at
    FROM sync_stage AS s
    JOIN sync_link AS l ON l.id = s.sync_link
    WHERE s.sync_shared
        AND %(keeps)s
        AND (
            s.sync_time > l.source_updated_at
            OR (l.source_updated_at IS NULL AND s.sync_time IS NOT NULL)
            OR l.deleted_at IS NOT NULL
        )
    ON CONFLICT (link_id, field, batch_id) DO NOTHING
)
UPDATE sync_link AS l
SET source_updated_at = s.sync_time
FROM sync_stage AS s
WHERE l.id = s.sync_link AND s.sync_shared AND (s.sync_time > l.source_updated_at OR l.source_updated_at IS NULL)
