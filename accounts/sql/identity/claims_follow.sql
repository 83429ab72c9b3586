-- What a record says goes with the record.
UPDATE sync_fieldclaim AS claim
SET object_id = link.object_id
FROM sync_link AS link
WHERE link.id = claim.link_id AND claim.resource = 'accounts'
    AND claim.object_id = ANY(%(accounts)s) AND link.object_id <> claim.object_id
