-- Runs ahead of the update, so the target still holds what was there before. Where another source's word counts
-- from now on, nobody's is named as the one that said it.
INSERT INTO sync_change (batch_id, source_id, resource, object_id, kind, before, after, source_updated_at, xid)
SELECT
    %(batch)s, CASE WHEN s.sync_others THEN NULL ELSE %(source)s::bigint END, %(resource)s, s.id, s.sync_kind, {before}, {after}, s.sync_time, %(xid)s
FROM sync_stage AS s
JOIN {target} AS t ON t.id = s.id
WHERE s.sync_kind <> 'created'
ORDER BY s.sync_ord
