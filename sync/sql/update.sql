UPDATE {target} AS t
SET {assignments}, deleted_at = NULL
FROM sync_stage AS s
WHERE t.id = s.id AND s.sync_kind <> 'created'
