-- Claims and pins whose value is the id of an account: (field, resource) pairs name where ids stand.
SELECT said.id, to_jsonb(said.value)
FROM {table} AS said
WHERE said.value = to_jsonb(%(held)s::bigint)
    AND (said.resource, said.field) IN (SELECT * FROM unnest(%(resources)s::text[], %(fields)s::text[]))
