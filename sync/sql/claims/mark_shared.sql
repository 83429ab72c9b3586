UPDATE sync_link
SET is_shared = TRUE
WHERE resource = %(resource)s AND object_id = ANY(%(objects)s) AND NOT is_shared
RETURNING id
