-- What was decided here about a field has done its work once another source says the same: from then on that source has
-- the word again. So it has where the resource declares that it yields (``Resource.yields``) and the source says
-- something else than before that is newer than what was decided. It is noted, so that taking the batch back brings it
-- back.
WITH decided AS (
    SELECT DISTINCT ON (own.object_id, own.field) own.object_id, own.field, own.value, own.received_at
    FROM sync_stage AS s
    JOIN sync_fieldclaim AS own ON own.object_id = s.id AND own.resource = %(resource)s
    JOIN sync_source AS source ON source.id = own.source_id AND source.slug = %(own_source)s
    WHERE s.sync_shared
    ORDER BY own.object_id, own.field, own.received_at DESC, own.id DESC
),
said AS (
    SELECT told.object_id, told.field, told.value, told.is_empty, told.source_updated_at,
        told.batch_id = %(batch)s AND %(keeps)s AS is_new
    FROM sync_fieldclaim AS told
    WHERE told.resource = %(resource)s
        AND told.object_id IN (SELECT object_id FROM decided)
        AND told.source_id = %(source)s
),
over AS (
    SELECT decided.object_id, decided.field
    FROM decided
    JOIN said ON said.object_id = decided.object_id AND said.field = decided.field
    WHERE said.value IS NOT DISTINCT FROM decided.value
    UNION
    SELECT decided.object_id, decided.field
    FROM decided
    JOIN jsonb_to_recordset(%(endings)s::jsonb) AS ending (field text, ended_by text, unless jsonb)
        ON ending.field = decided.field
    JOIN said ON said.object_id = decided.object_id AND said.field = ending.ended_by
    LEFT JOIN decided AS beside ON beside.object_id = decided.object_id AND beside.field = ending.ended_by
    WHERE said.is_new
        AND NOT said.is_empty
        AND said.value IS DISTINCT FROM beside.value
        AND NOT ending.unless @> said.value
        AND (said.source_updated_at IS NULL OR said.source_updated_at >= decided.received_at)
),
met AS (
    DELETE FROM sync_fieldclaim AS own
    USING over, sync_source AS source
    WHERE own.resource = %(resource)s
        AND own.object_id = over.object_id
        AND own.field = over.field
        AND source.id = own.source_id
        AND source.slug = %(own_source)s
    RETURNING own.link_id, own.field, own.value, own.is_empty, own.source_updated_at, own.received_at, own.batch_id
)
INSERT INTO sync_claimbefore (
    batch_id, link_id, field, was_there, value, is_empty, source_updated_at, received_at, said_in
)
SELECT %(batch)s, link_id, field, TRUE, value, is_empty, source_updated_at, received_at, batch_id
FROM met
WHERE %(keeps)s
ON CONFLICT (link_id, field, batch_id) DO NOTHING
