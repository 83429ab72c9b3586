INSERT INTO sync_link (resource, source_id, external_id, object_id, source_updated_at, is_shared)
SELECT %(resource)s, %(source)s, given.external_id, given.object_id, given.source_updated_at, TRUE
FROM unnest(%(external_ids)s::text[], %(objects)s::bigint[], %(times)s::timestamptz[])
    AS given (external_id, object_id, source_updated_at)
ORDER BY given.external_id
RETURNING external_id, id
