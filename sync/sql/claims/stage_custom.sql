-- Own fields are claimed key by key; null for all of them takes back what this record said of each.
WITH said AS (
    SELECT s.id AS object_id, s.sync_link AS link_id, s.sync_time, 'custom.' || own.key AS field, own.value
    FROM sync_stage AS s
    CROSS JOIN LATERAL jsonb_each(s.custom) AS own
    WHERE s.sync_shared AND s.sync_present & %(bit)s <> 0
    UNION ALL
    SELECT s.id, s.sync_link, s.sync_time, claim.field, 'null'::jsonb
    FROM sync_stage AS s
    JOIN sync_fieldclaim AS claim ON claim.link_id = s.sync_link AND claim.field LIKE 'custom.%%'
    WHERE s.sync_shared AND s.sync_present & %(bit)s <> 0 AND s.custom IS NULL
)
INSERT INTO sync_fieldclaim (
    resource, object_id, field, link_id, source_id, value, is_empty, source_updated_at, received_at, batch_id
)
SELECT
    %(resource)s,
    object_id,
    field,
    link_id,
    %(source)s,
    nullif(value, 'null'::jsonb),
    value IN ('null', '""'),
    sync_time,
    now(),
    %(batch)s
FROM said
ON CONFLICT (link_id, field) DO UPDATE SET
    value = excluded.value,
    is_empty = excluded.is_empty,
    source_updated_at = excluded.source_updated_at,
    received_at = excluded.received_at,
    batch_id = excluded.batch_id
WHERE sync_fieldclaim.value IS DISTINCT FROM excluded.value
