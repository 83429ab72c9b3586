SELECT {columns}, to_jsonb(t)
FROM {target} AS t
WHERE t.id = %s
