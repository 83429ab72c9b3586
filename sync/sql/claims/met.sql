-- What was decided here about a field has done its work once another source says the same: from then on that source has
-- the word again. It is noted, so that taking the batch back brings it back.
WITH decided AS (
    SELECT DISTINCT ON (own.object_id, own.field) own.object_id, own.field, own.value
    FROM sync_stage AS s
    JOIN sync_fieldclaim AS own ON own.object_id = s.id AND own.resource = %(resource)s
    JOIN sync_source AS source ON source.id = own.source_id AND source.slug = %(own_source)s
    WHERE s.sync_shared
    ORDER BY own.object_id, own.field, own.received_at DESC, own.id DESC
),
met AS (
    DELETE FROM sync_fieldclaim AS own
    USING decided, sync_fieldclaim AS told, sync_source AS source
    WHERE own.resource = %(resource)s
        AND own.object_id = decided.object_id
        AND own.field = decided.field
        AND source.id = own.source_id
        AND source.slug = %(own_source)s
        AND told.resource = %(resource)s
        AND told.object_id = decided.object_id
        AND told.field = decided.field
        AND told.source_id = %(source)s
        AND told.source_id <> own.source_id
        AND told.value IS NOT DISTINCT FROM decided.value
    RETURNING own.link_id, own.field, own.value, own.is_empty, own.source_updated_at, own.received_at, own.batch_id
)
INSERT INTO sync_claimbefore (
    batch_id, link_id, field, was_there, value, is_empty, source_updated_at, received_at, said_in
)
SELECT %(batch)s, link_id, field, TRUE, value, is_empty, source_updated_at, received_at, batch_id
FROM met
WHERE %(keeps)s
ON CONFLICT (link_id, field, batch_id) DO NOTHING
