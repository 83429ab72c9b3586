DELETE FROM sync_fieldclaim AS claim
USING sync_claimbefore AS before, sync_link AS link
WHERE link.id = before.link_id
    AND claim.link_id = before.link_id
    AND claim.field = before.field
    AND claim.batch_id = before.batch_id
    AND before.batch_id = %(batch)s
    AND link.object_id = ANY(%(objects)s)
    AND NOT before.was_there
