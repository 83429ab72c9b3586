-- An own field that has been removed since is claimed no more; change rows hold own fields as a whole.
DELETE FROM sync_fieldclaim AS claim
USING {target} AS t
WHERE claim.link_id = ANY(%(links)s)
    AND t.id = claim.object_id
    AND claim.field LIKE 'custom.%%'
    AND NOT t.custom ? substr(claim.field, 8)
