INSERT INTO sync_pendingrecord (
    source_id, resource, external_id, payload, source_updated_at, code, field, detail, candidates,
    waits_for_resource, waits_for_source_id, waits_for_external_id, batch_id
)
SELECT
    %(source)s, %(resource)s, external_id, payload, source_updated_at, code, field, detail, candidates,
    waits_for_resource, waits_for_source_id, waits_for_external_id, %(batch)s
FROM sync_waiting
ON CONFLICT (source_id, resource, external_id) DO UPDATE SET
    payload = excluded.payload,
    source_updated_at = excluded.source_updated_at,
    code = excluded.code,
    field = excluded.field,
    detail = excluded.detail,
    candidates = excluded.candidates,
    waits_for_resource = excluded.waits_for_resource,
    waits_for_source_id = excluded.waits_for_source_id,
    waits_for_external_id = excluded.waits_for_external_id,
    batch_id = excluded.batch_id
