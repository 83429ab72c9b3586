-- The first claim of a record is what its object holds: until now it alone had a say. When that was said stands in
-- the change rows.
WITH said AS (
    SELECT link.id AS link_id, link.object_id, link.source_id, link.source_updated_at, field.name, field.value,
        field.value IS NULL OR field.value IN (field.cleared, '""', '[]', '{{}}') AS is_empty,
        ARRAY[field.name] AS path
    FROM sync_link AS link
    JOIN {target} AS t ON t.id = link.object_id
    CROSS JOIN LATERAL (VALUES {fields}) AS field (name, value, cleared)
    WHERE link.id = ANY(%(links)s)
    UNION ALL
    SELECT link.id, link.object_id, link.source_id, link.source_updated_at, 'custom.' || own.key, own.value,
        own.value = '""',
        ARRAY['custom', own.key]
    FROM sync_link AS link
    JOIN {target} AS t ON t.id = link.object_id
    CROSS JOIN LATERAL jsonb_each(t.custom) AS own
    WHERE link.id = ANY(%(links)s)
)
INSERT INTO sync_fieldclaim (
    resource, object_id, field, link_id, source_id, value, is_empty, source_updated_at, received_at, batch_id
)
SELECT
    %(resource)s,
    said.object_id,
    said.name,
    said.link_id,
    said.source_id,
    said.value,
    said.is_empty,
    coalesce(change.source_updated_at, said.source_updated_at),
    coalesce(change.changed_at, now()),
    change.batch_id
FROM said
LEFT JOIN LATERAL (
    SELECT change.source_updated_at, change.changed_at, change.batch_id
    FROM sync_change AS change
    WHERE change.object_id = said.object_id
        AND change.resource = %(resource)s
        AND change.source_id = said.source_id
        AND change.after #> said.path IS NOT DISTINCT FROM said.value
        AND change.before #> said.path IS DISTINCT FROM said.value
    ORDER BY change.id DESC
    LIMIT 1
) AS change ON TRUE
ON CONFLICT (link_id, field) DO NOTHING
