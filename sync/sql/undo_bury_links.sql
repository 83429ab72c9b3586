-- Without a time of its own: the source may bring the record again whenever it likes.
UPDATE sync_link
SET deleted_at = now(), digest = NULL, source_updated_at = NULL
WHERE resource = %(resource)s AND source_id = %(source)s AND object_id = ANY(%(objects)s) AND deleted_at IS NULL
