UPDATE sync_link
SET deleted_at = now(), digest = NULL, source_updated_at = greatest(source_updated_at, %(time)s)
WHERE id = %(link)s
