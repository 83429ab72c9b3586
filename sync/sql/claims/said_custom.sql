-- Own fields are claimed key by key; null for all of them takes back what this record said of each.
SELECT
    %(resource)s,
    own.object_id,
    own.field,
    own.link_id,
    %(source)s::bigint,
    nullif(own.value, 'null'::jsonb),
    own.value IN ('null', '""'),
    own.sync_time,
    now(),
    %(batch)s::bigint
FROM (
    SELECT s.id AS object_id, s.sync_link AS link_id, s.sync_time, 'custom.' || own.key AS field, own.value
    FROM sync_stage AS s
    CROSS JOIN LATERAL jsonb_each(s.custom) AS own
    WHERE s.sync_shared AND s.sync_present & %(bit)s <> 0
    UNION ALL
    SELECT s.id, s.sync_link, s.sync_time, claim.field, 'null'::jsonb
    FROM sync_stage AS s
    JOIN sync_fieldclaim AS claim ON claim.link_id = s.sync_link AND claim.field LIKE 'custom.%%'
    WHERE s.sync_shared AND s.sync_present & %(bit)s <> 0 AND s.custom IS NULL
) AS own
