-- Those that wait for what some batches brought, and those of the batches' own whose pair is there by now.
SELECT waiting.id, waiting.resource, waiting.source_id, waiting.external_id
FROM unnest(%(sources)s::bigint[], %(keys)s::text[], %(names)s::text[]) AS came (source_id, resource, external_id)
JOIN sync_pendingrecord AS waiting
    ON waiting.waits_for_source_id = came.source_id
    AND waiting.waits_for_resource = came.resource
    AND waiting.waits_for_external_id = came.external_id
WHERE waiting.code IN ('reference_missing', 'ambiguous_match') AND waiting.resource = ANY(%(resources)s)
UNION
SELECT waiting.id, waiting.resource, waiting.source_id, waiting.external_id
FROM sync_pendingrecord AS waiting
CROSS JOIN LATERAL (
    SELECT link.id
    FROM sync_link AS link
    WHERE link.source_id = waiting.waits_for_source_id
        AND link.resource = waiting.waits_for_resource
        AND link.external_id = waiting.waits_for_external_id
    LIMIT 1
) AS link
WHERE waiting.batch_id = ANY(%(batches)s::bigint[])
    AND waiting.code IN ('reference_missing', 'ambiguous_match')
    AND waiting.resource = ANY(%(resources)s)
