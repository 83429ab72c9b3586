UPDATE {table} AS t
SET {column} = (jsonb_populate_record(t, jsonb_build_object(%(name)s, kept.{side}))).{column}
FROM accounts_mergedrow AS kept
WHERE kept.merge_id = %(merge)s AND kept.model = %(model)s AND kept."column" = %(name)s
    AND t.id = (kept.pk_values ->> 0)::bigint
    AND to_jsonb(t.{column}) IS NOT DISTINCT FROM to_jsonb((jsonb_populate_record(t, jsonb_build_object(%(name)s, kept.{held}))).{column})
