SELECT object_id, before::text, after::text
FROM sync_change
WHERE batch_id = %s AND kind <> 'created'
