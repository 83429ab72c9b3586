-- The last batch of each source and resource that brought something: one look into the index for each pair that there may be.
SELECT source.id, resource.key, last.id, last.received_at, last.source_time
FROM sync_source AS source
CROSS JOIN unnest(%s::text[]) AS resource (key)
CROSS JOIN LATERAL (
    SELECT batch.id, batch.received_at, batch.source_time
    FROM sync_batch AS batch
    WHERE batch.source_id = source.id AND batch.resource = resource.key AND batch.mode NOT IN ('pending', 'undo')
    ORDER BY batch.received_at DESC
    LIMIT 1
) AS last
ORDER BY source.slug, resource.key
