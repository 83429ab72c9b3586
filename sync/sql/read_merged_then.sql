CASE WHEN t.deleted_at IS NOT NULL THEN (
    WITH RECURSIVE step AS (
        SELECT new_id, 1 AS depth FROM sync_redirect
        WHERE old_id = t.id AND resource = {resource}
            AND started_at <= %(moment)s AND (ended_at IS NULL OR ended_at > %(moment)s)
        UNION ALL
        SELECT further.new_id, step.depth + 1
        FROM step
        JOIN sync_redirect AS further
            ON further.old_id = step.new_id AND further.resource = {resource}
            AND further.started_at <= %(moment)s AND (further.ended_at IS NULL OR further.ended_at > %(moment)s)
    )
    SELECT new_id::text FROM step ORDER BY depth DESC LIMIT 1
) END
