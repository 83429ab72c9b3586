-- Objects that may be meant by a key: those that the sender has no record of yet.
SELECT t.{column}, array_agg(t.id ORDER BY t.id)
FROM {target} AS t
WHERE t.{column} = ANY(%(values)s) AND t.{column} <> '' AND t.deleted_at IS NULL AND NOT EXISTS (
    SELECT
    FROM sync_link AS own
    WHERE own.object_id = t.id
        AND own.resource = %(resource)s
        AND own.source_id = %(source)s
        AND own.deleted_at IS NULL
)
GROUP BY t.{column}
