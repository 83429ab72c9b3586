(
    SELECT newest.changed_at
    FROM sync_change AS newest
    WHERE newest.object_id = t.id AND newest.resource = {resource}
    ORDER BY newest.id DESC
    LIMIT 1
)
