-- They are no mere repeats any more when they are sent again.
UPDATE sync_link AS link
SET source_updated_at = before.source_updated_at, deleted_at = before.deleted_at, digest = NULL
FROM sync_claimbefore AS before
WHERE link.id = before.link_id
    AND before.batch_id = %(batch)s
    AND link.object_id = ANY(%(objects)s)
    AND before.field = ''
    AND before.was_there
