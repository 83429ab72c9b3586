DELETE FROM sync_stage AS s
USING {target} AS t
WHERE t.id = s.id AND ({staged}) IS NOT DISTINCT FROM ({held})
