-- When the last record of an account was deleted by its source; no row while one lives or where it has none.
SELECT max(link.deleted_at)
FROM sync_link AS link
WHERE link.resource = 'accounts' AND link.id = ANY(%s)
HAVING count(*) > 0 AND bool_and(link.deleted_at IS NOT NULL)
