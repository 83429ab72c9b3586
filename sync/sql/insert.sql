INSERT INTO {target} (id, {columns})
SELECT id, {columns}
FROM sync_stage
WHERE sync_kind = 'created'
ORDER BY sync_ord
