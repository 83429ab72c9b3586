INSERT INTO sync_change (batch_id, source_id, resource, object_id, kind, xid)
SELECT %(batch)s, %(source)s, %(resource)s, o.object_id, 'deleted', %(xid)s
FROM unnest(%(objects)s::bigint[]) AS o (object_id)
ORDER BY o.object_id
