INSERT INTO sync_link (resource, source_id, external_id, object_id, source_updated_at, digest)
SELECT %(resource)s, %(source)s, sync_external_id, id, sync_time, decode(sync_digest, 'hex')
FROM sync_stage
WHERE sync_kind = 'created'
ORDER BY sync_external_id
