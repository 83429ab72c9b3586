INSERT INTO sync_fieldclaim (
    resource, object_id, field, link_id, source_id, value, is_empty, source_updated_at, received_at, batch_id
)
SELECT
    %(resource)s,
    s.id,
    said.field,
    s.sync_link,
    %(source)s,
    said.value,
    said.value IS NULL OR said.value IN (said.cleared, '""', '[]', '{{}}'),
    s.sync_time,
    now(),
    %(batch)s
FROM sync_stage AS s
CROSS JOIN LATERAL (VALUES {fields}) AS said (field, bit, value, cleared)
WHERE s.sync_shared AND s.sync_present & said.bit <> 0
ON CONFLICT (link_id, field) DO UPDATE SET
    value = excluded.value,
    is_empty = excluded.is_empty,
    source_updated_at = excluded.source_updated_at,
    received_at = excluded.received_at,
    batch_id = excluded.batch_id
WHERE sync_fieldclaim.value IS DISTINCT FROM excluded.value
