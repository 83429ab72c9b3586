-- Whatever waits and needn't any more. The pairs are looked up one by one: a cost that is known, however many
-- records there are that nobody waits for.
SELECT waiting.id, waiting.resource, waiting.source_id, waiting.external_id
FROM sync_pendingrecord AS waiting
LEFT JOIN LATERAL (
    SELECT link.id
    FROM sync_link AS link
    WHERE link.source_id = waiting.waits_for_source_id
        AND link.resource = waiting.waits_for_resource
        AND link.external_id = waiting.waits_for_external_id
    LIMIT 1
) AS link ON true
WHERE waiting.code IN ('reference_missing', 'ambiguous_match')
    AND waiting.resource = ANY(%(resources)s)
    AND (link.id IS NOT NULL OR (waiting.is_new AND waiting.code = 'ambiguous_match'))
