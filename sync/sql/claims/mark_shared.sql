-- What was applied last may have lost since, so the next send is compared in full.
UPDATE sync_link
SET is_shared = TRUE, digest = NULL
WHERE resource = %(resource)s AND object_id = ANY(%(objects)s) AND NOT is_shared
RETURNING id
