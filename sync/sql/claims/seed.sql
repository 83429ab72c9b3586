-- What a source has said so far stands in the change rows: of each field its newest word. A record that was
-- created without a field holds what a cleared one does, which is no word of its source.
INSERT INTO sync_fieldclaim (
    resource, object_id, field, link_id, source_id, value, is_empty, source_updated_at, received_at, batch_id
)
SELECT DISTINCT ON (link.id, said.field)
    link.resource,
    link.object_id,
    said.field,
    link.id,
    link.source_id,
    nullif(said.value, 'null'::jsonb),
    said.value IN ('null', '""', '[]', '{{}}')
        OR said.value IS NOT DISTINCT FROM (%(cleared)s::jsonb -> said.field),
    change.source_updated_at,
    change.changed_at,
    change.batch_id
FROM sync_link AS link
JOIN sync_change AS change
    ON change.object_id = link.object_id
    AND change.resource = link.resource
    AND change.source_id = link.source_id
    AND change.after IS NOT NULL
CROSS JOIN LATERAL (
    SELECT field.key AS field, field.value FROM jsonb_each(change.after - 'custom') AS field
    UNION ALL
    SELECT 'custom.' || own.key, own.value FROM jsonb_each(change.after -> 'custom') AS own
    WHERE jsonb_typeof(change.after -> 'custom') = 'object'
) AS said
WHERE link.id = ANY(%(links)s)
ORDER BY link.id, said.field, change.id DESC
ON CONFLICT (link_id, field) DO NOTHING
