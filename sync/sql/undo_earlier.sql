-- What objects of a batch held before batches that were taken back already, and had to be left as they were since
-- this one had changed the same: of each field the first of them that nothing else came between.
WITH touched AS (
    SELECT
        c.id AS change_id,
        part.key AS field,
        n.id,
        n.before -> part.key AS held,
        n.kind <> 'created' AND EXISTS (SELECT FROM sync_undoing AS u WHERE u.batch_id = n.batch_id) AS is_undone
    FROM sync_change AS c
    CROSS JOIN LATERAL jsonb_object_keys(c.after) AS part (key)
    JOIN sync_change AS n
        ON n.object_id = c.object_id AND n.resource = c.resource AND n.id < c.id AND n.after ? part.key
    WHERE c.id = ANY(%(changes)s) AND EXISTS (
        SELECT
        FROM sync_change AS older
        JOIN sync_undoing AS u ON u.batch_id = older.batch_id
        WHERE older.object_id = c.object_id AND older.resource = c.resource AND older.id < c.id
    )
),
standing AS (
    SELECT change_id, field, coalesce(max(id) FILTER (WHERE NOT is_undone), 0) AS last
    FROM touched
    GROUP BY change_id, field
)
SELECT DISTINCT ON (touched.change_id, touched.field) touched.change_id, touched.field, touched.held::text
FROM touched
JOIN standing ON standing.change_id = touched.change_id AND standing.field = touched.field
WHERE touched.id > standing.last
ORDER BY touched.change_id, touched.field, touched.id
