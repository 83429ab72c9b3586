SELECT s.sync_ord
FROM sync_stage AS s
JOIN {target} AS t ON t.id = s.id
WHERE s.sync_kind = 'updated' AND {within} AND ({staged}) IS DISTINCT FROM ({held})
