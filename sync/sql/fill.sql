UPDATE sync_stage AS s
SET {assignments}
FROM {target} AS t
WHERE t.id = s.id AND s.sync_kind <> 'created' AND {within}
