UPDATE {target} AS t
SET deleted_at = now()
WHERE t.id = ANY(%(objects)s) AND t.deleted_at IS NULL AND NOT EXISTS (
    SELECT FROM sync_link AS l
    WHERE l.object_id = t.id AND l.resource = %(resource)s AND l.deleted_at IS NULL
)
