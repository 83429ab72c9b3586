-- The record's own link: of several of one source the oldest.
SELECT DISTINCT ON (object_id) object_id, external_id
FROM sync_link
WHERE resource = %(resource)s AND source_id = %(source)s AND object_id = ANY(%(objects)s)
ORDER BY object_id, id
