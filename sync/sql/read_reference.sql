-- What a reference names. An object that was merged into another has no pair left: the one that it stands for
-- now lends its own, beside the id as it was.
CASE WHEN {value} IS NOT NULL THEN coalesce(
    (
        SELECT json_build_object('source', source.slug, 'external_id', link.external_id, 'id', {value}::text)
        FROM sync_link AS link
        JOIN sync_source AS source ON source.id = link.source_id
        WHERE link.object_id = {value} AND link.resource = {resource}
        ORDER BY link.id
        LIMIT 1
    ),
    (
        WITH RECURSIVE step AS (
            SELECT new_id, 1 AS depth FROM sync_redirect
            WHERE old_id = {value} AND resource = {resource} AND ended_at IS NULL
            UNION ALL
            SELECT further.new_id, step.depth + 1
            FROM step
            JOIN sync_redirect AS further
                ON further.old_id = step.new_id AND further.resource = {resource} AND further.ended_at IS NULL
        )
        SELECT json_build_object('source', source.slug, 'external_id', link.external_id, 'id', {value}::text)
        FROM step
        JOIN sync_link AS link ON link.object_id = step.new_id AND link.resource = {resource}
        JOIN sync_source AS source ON source.id = link.source_id
        ORDER BY step.depth DESC, link.id
        LIMIT 1
    )
) END
