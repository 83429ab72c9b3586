-- The changes that concern one field, newest first.
SELECT
    change.changed_at,
    change.kind,
    change.source_id,
    change.source_updated_at,
    change.batch_id,
    change.before #> %(path)s::text[],
    change.after #> %(path)s::text[]
FROM sync_change AS change
WHERE change.object_id = %(object)s
    AND change.resource = %(resource)s
    AND (
        change.kind IN ('deleted', 'merged', 'unmerged')
        OR change.before #> %(path)s::text[] IS DISTINCT FROM change.after #> %(path)s::text[]
    )
ORDER BY change.id DESC
LIMIT %(limit)s
