-- Of each field the change that gave it its value: who said so, when, in which batch.
SELECT DISTINCT ON (said.field)
    said.field,
    said.value,
    change.source_id,
    change.source_updated_at,
    change.changed_at,
    change.batch_id
FROM sync_change AS change
CROSS JOIN LATERAL (
    SELECT field.key AS field, field.value FROM jsonb_each(change.after - 'custom') AS field
    UNION ALL
    -- Own fields are kept as a whole; a change concerns those that differ from what was there before.
    SELECT 'custom.' || own.key, own.value FROM jsonb_each(change.after -> 'custom') AS own
    WHERE change.before -> 'custom' -> own.key IS DISTINCT FROM own.value
) AS said
WHERE change.object_id = %(object)s AND change.resource = %(resource)s AND change.after IS NOT NULL
ORDER BY said.field, change.id DESC
