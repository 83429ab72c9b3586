-- Newer changes by batches that were taken back themselves, and by taking back, don't stand in the way.
SELECT
    c.id,
    c.object_id,
    c.kind,
    c.before::text,
    c.after::text,
    newer.fields,
    newer.kinds,
    newer.batch_id
FROM sync_change AS c
LEFT JOIN LATERAL (
    SELECT
        array_agg(DISTINCT part.key) FILTER (WHERE part.key IS NOT NULL) AS fields,
        array_agg(DISTINCT n.kind::text) AS kinds,
        max(n.batch_id) AS batch_id
    FROM sync_change AS n
    LEFT JOIN LATERAL jsonb_object_keys(coalesce(n.after, '{{}}'::jsonb)) AS part (key) ON true
    WHERE n.object_id = c.object_id AND n.resource = c.resource AND n.id > c.id
        AND n.batch_id IS DISTINCT FROM c.batch_id
        AND NOT EXISTS (SELECT FROM sync_batch AS b WHERE b.id = n.batch_id AND b.mode = 'undo')
        AND NOT EXISTS (SELECT FROM sync_undoing AS u WHERE u.batch_id = n.batch_id)
) AS newer ON true
WHERE {which}
ORDER BY c.id
