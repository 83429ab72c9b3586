INSERT INTO accounts_mergedrow (merge_id, model, pk_values, "column", old, new)
SELECT %s, %s, jsonb_build_array({pk}), %s, to_jsonb(%s::bigint), to_jsonb(%s::bigint)
FROM ({rows}) AS moved ({pk})
