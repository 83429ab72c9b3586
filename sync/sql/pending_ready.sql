WITH RECURSIVE ready AS (
    {first}
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
SELECT resource, source_id, external_id FROM ready LIMIT %(limit)s
