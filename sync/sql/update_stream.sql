UPDATE {target} AS t
SET {assignments}, deleted_at = NULL, batch_id = %(batch)s, xid = %(xid)s
FROM sync_stage AS s
WHERE t.id = s.id AND s.sync_kind <> 'created' AND {within}
