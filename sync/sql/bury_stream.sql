UPDATE {target}
SET deleted_at = now(), source_updated_at = greatest(source_updated_at, %(time)s), batch_id = %(batch)s, xid = %(xid)s
WHERE id = %(object)s
