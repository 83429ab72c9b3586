INSERT INTO sync_fieldclaim (
    resource, object_id, field, link_id, source_id, value, is_empty, source_updated_at, received_at, batch_id
)
SELECT
    link.resource,
    link.object_id,
    before.field,
    link.id,
    link.source_id,
    before.value,
    before.is_empty,
    before.source_updated_at,
    before.received_at,
    before.said_in
FROM sync_claimbefore AS before
JOIN sync_link AS link ON link.id = before.link_id
WHERE before.batch_id = %(batch)s AND link.object_id = ANY(%(objects)s) AND before.field <> '' AND before.was_there
ON CONFLICT (link_id, field) DO UPDATE SET
    value = excluded.value,
    is_empty = excluded.is_empty,
    source_updated_at = excluded.source_updated_at,
    received_at = excluded.received_at,
    batch_id = excluded.batch_id
WHERE sync_fieldclaim.batch_id = %(batch)s
