WITH RECURSIVE ready AS (
    SELECT waiting.id, waiting.resource, waiting.source_id, waiting.external_id
    FROM sync_pendingrecord AS waiting
    LEFT JOIN sync_link AS link
        ON link.source_id = waiting.waits_for_source_id
        AND link.resource = waiting.waits_for_resource
        AND link.external_id = waiting.waits_for_external_id
    WHERE waiting.code IN ('reference_missing', 'ambiguous_match')
        AND waiting.resource = ANY(%s)
        AND (link.id IS NOT NULL OR (waiting.is_new AND waiting.code = 'ambiguous_match'))
    -- A chain of one resource and source is taken up whole: one batch resolves it, instead of one a link.
    UNION
    SELECT follower.id, follower.resource, follower.source_id, follower.external_id
    FROM ready
    JOIN sync_pendingrecord AS follower
        ON follower.waits_for_source_id = ready.source_id
        AND follower.waits_for_resource = ready.resource
        AND follower.waits_for_external_id = ready.external_id
    WHERE follower.code = 'reference_missing'
        AND follower.resource = ready.resource
        AND follower.source_id = ready.source_id
)
SELECT resource, source_id, external_id FROM ready LIMIT %s
