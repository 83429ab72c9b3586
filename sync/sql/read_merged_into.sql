CASE WHEN t.deleted_at IS NOT NULL THEN (
    WITH RECURSIVE step AS (
        SELECT new_id, 1 AS depth FROM sync_redirect
        WHERE old_id = t.id AND resource = {resource} AND ended_at IS NULL
        UNION ALL
        SELECT further.new_id, step.depth + 1
        FROM step
        JOIN sync_redirect AS further
            ON further.old_id = step.new_id AND further.resource = {resource} AND further.ended_at IS NULL
    )
    SELECT new_id::text FROM step ORDER BY depth DESC LIMIT 1
) END
