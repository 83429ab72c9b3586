INSERT INTO product_waitingevent (awaited_id, source_id, external_id, record, batch_id)
SELECT sent.awaited_id, %(source)s, sent.external_id, sent.record::jsonb, %(batch)s
FROM unnest(%(awaited)s::bigint[], %(external_ids)s::text[], %(records)s::text[])
    AS sent (awaited_id, external_id, record)
ON CONFLICT (source_id, external_id) DO NOTHING
RETURNING awaited_id
