-- The record's own link: of several of one source the one that the batch deleted, else the oldest.
SELECT DISTINCT ON (l.object_id) l.object_id, l.external_id
FROM sync_link AS l
LEFT JOIN sync_change AS c
    ON c.batch_id = %(batch)s AND c.object_id = l.object_id AND c.resource = l.resource AND l.deleted_at IS NOT NULL
WHERE l.resource = %(resource)s AND l.source_id = %(source)s AND l.object_id = ANY(%(objects)s)
ORDER BY l.object_id, coalesce(l.source_updated_at = c.source_updated_at, FALSE) DESC, l.id
