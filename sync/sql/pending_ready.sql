SELECT waiting.resource, waiting.source_id, waiting.external_id
FROM sync_pendingrecord AS waiting
JOIN sync_link AS link
    ON link.source_id = waiting.waits_for_source_id
    AND link.resource = waiting.waits_for_resource
    AND link.external_id = waiting.waits_for_external_id
WHERE waiting.code = 'reference_missing' AND waiting.resource = ANY(%s)
ORDER BY waiting.id
LIMIT %s
