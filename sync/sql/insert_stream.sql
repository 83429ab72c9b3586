INSERT INTO {target} (id, {columns}, source_id, external_id, source_updated_at, batch_id, xid)
SELECT id, {columns}, %(source)s, sync_external_id, sync_time, %(batch)s, %(xid)s
FROM sync_stage
WHERE sync_kind = 'created'
ORDER BY sync_ord
