INSERT INTO sync_stage (sync_ord, id, sync_kind, sync_present, sync_shared, {columns})
SELECT row_number() OVER (ORDER BY id), id, 'updated', %(everything)s, TRUE, {columns}
FROM {target}
WHERE id = ANY(%(objects)s) AND deleted_at IS NULL
