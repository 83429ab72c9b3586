INSERT INTO sync_change (resource, object_id, kind, before, after, xid)
SELECT %(resource)s, t.id, 'updated', jsonb_build_object(%(field)s, %(held)s::bigint),
    jsonb_build_object(%(field)s, %(target)s::bigint), pg_current_xact_id()::text::bigint
FROM accounts_mergedrow AS kept
JOIN {table} AS t ON {match}
WHERE kept.merge_id = %(merge)s AND kept.model = %(model)s AND kept."column" = %(column)s AND t.{column} = %(held)s
ORDER BY t.id
