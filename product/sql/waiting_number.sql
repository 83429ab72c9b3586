INSERT INTO product_awaitedaccount (source_id, kind, key, events)
SELECT %(source)s, named.kind, named.key, 0
FROM unnest(%(kinds)s::text[], %(keys)s::text[]) AS named (kind, key)
ON CONFLICT (source_id, kind, key) DO UPDATE SET last_at = excluded.last_at
RETURNING kind, key, id
