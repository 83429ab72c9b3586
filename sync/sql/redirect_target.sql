WITH RECURSIVE step AS (
    SELECT new_id, 1 AS depth FROM sync_redirect
    WHERE old_id = %(old)s AND resource = %(resource)s AND ended_at IS NULL
    UNION ALL
    SELECT further.new_id, step.depth + 1
    FROM step
    JOIN sync_redirect AS further
        ON further.old_id = step.new_id AND further.resource = %(resource)s AND further.ended_at IS NULL
)
SELECT new_id FROM step ORDER BY depth DESC LIMIT 1
