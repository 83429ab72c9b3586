INSERT INTO sync_change (batch_id, source_id, resource, object_id, kind, after, source_updated_at, xid)
SELECT %(batch)s, %(source)s, %(resource)s, id, sync_kind, jsonb_build_object({after}), sync_time, %(xid)s
FROM sync_stage
WHERE sync_kind = 'created'
ORDER BY sync_ord
